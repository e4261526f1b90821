"""Annotations of Argo CD Image Updater are read as it reads them."""

from __future__ import annotations

import pytest

from bot.engine.updates.wishes import asks, wishes_of
from bot.model.updates import ChartWish, ImageWish, Strategy

ARGO = "argocd-image-updater.argoproj.io/"


def test_its_own_documentations_example() -> None:
    found = wishes_of(
        {
            f"{ARGO}image-list": "web=ghcr.io/acme/web:~1.2, nginx:>=1.0 <2.0,\n  db=localhost:5000/db",
            f"{ARGO}web.update-strategy": "semver",
            f"{ARGO}web.allow-tags": "regexp:^[0-9.]+$",
            f"{ARGO}web.ignore-tags": "1.2.3, *-rc*",
            f"{ARGO}web.helm.image-tag": "image.tag",
            f"{ARGO}db.update-strategy": "digest",
            f"{ARGO}db.kustomize.image-name": "database",
            f"{ARGO}write-back-target": "helmvalues:./prod.yaml",
            f"{ARGO}write-back-method": "git",
            "foresail.dev/update-group": "shops",
        }
    )
    web = ImageWish(
        "web", "ghcr.io/acme/web", "~1.2", allowed="^[0-9.]+$", ignored=("1.2.3", "*-rc*"), helm_tag="image.tag"
    )
    db = ImageWish("db", "localhost:5000/db", strategy=Strategy.DIGEST, kustomize_name="database")
    assert found.images == (web, ImageWish("", "nginx", ">=1.0 <2.0"), db)
    assert (found.target, found.group, found.problems) == ("helmvalues:./prod.yaml", "shops", ())


def test_a_setting_for_all_images_holds_where_one_has_none() -> None:
    annotations = {
        f"{ARGO}image-list": "a=x/a,b=x/b",
        f"{ARGO}update-strategy": "name",
        f"{ARGO}a.update-strategy": "semver",
    }
    assert [one.strategy for one in wishes_of(annotations).images] == [Strategy.SEMVER, Strategy.ALPHABETICAL]


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({f"{ARGO}image-list": "a=x/a", f"{ARGO}a.update-strategy": "newest-build"}, "when each image was built"),
        ({f"{ARGO}image-list": "a=x/a", f"{ARGO}a.update-strategy": "best"}, "there is no strategy 'best'"),
        ({f"{ARGO}image-list": "a=x/a", f"{ARGO}a.allow-tags": "regexp:("}, "is no regular expression"),
        ({f"{ARGO}image-list": "a=x/a", f"{ARGO}a.allow-tags": "1.*"}, "has to be any or regexp"),
        ({f"{ARGO}image-list": "x/A B"}, "is no image's name"),
        ({f"{ARGO}image-list": "x/a:not a constraint"}, "improper constraint"),
        ({f"{ARGO}image-list": "x/a\x00"}, "is no image's name"),
        ({f"{ARGO}image-list": "a" * 9000}, "more than 8192 characters"),
        ({f"{ARGO}image-list": ",".join(["x/a"] * 60)}, "the first 50 count"),
        ({f"{ARGO}write-back-target": "elsewhere"}, "neither kustomization"),
        ({"foresail.dev/chart-list": "../x"}, "is no chart's name"),
        ({"foresail.dev/update-group": "a b"}, "is no name"),
    ],
)
def test_what_is_wrong_is_said(annotations: dict[str, str], words: str) -> None:
    assert words in " ".join(wishes_of(annotations).problems)


def test_charts() -> None:
    assert wishes_of({"foresail.dev/chart-list": "redis:^19, grafana"}).charts == (
        ChartWish("redis", "^19"),
        ChartWish("grafana"),
    )


def test_an_application_without_a_list_asks_for_nothing() -> None:
    assert not asks({f"{ARGO}update-strategy": "semver"})

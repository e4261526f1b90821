"""What could be newer is found in real registries and repositories, with the value that would be written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.engine.updates.scalars import edited
from bot.errors import Temporary
from bot.model.applications import Application
from bot.model.credentials import Credentials
from bot.model.updates import Planned
from bot.prediction.trees import Trees
from bot.prediction.updates import reading
from bot.prediction.updates.planning import Planner
from bot.repository.charts.available import Available
from bot.repository.charts.charts import Charts
from bot.repository.charts.locking import belongs, digest_of
from bot.repository.fetching import ANONYMOUS
from bot.repository.manifests import read
from bot.repository.mirrors import Mirrors
from tests.integration.loopback import CLIENT
from tests.integration.repository.charts.registry import USER, RegistryStandIn
from tests.integration.repository.conftest import Files, Fixed
from tests.integration.repository.servers import Site, http_site

ALICE = Credentials(*USER, plain_http=True)
ARGO = "argocd-image-updater.argoproj.io/"
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n"


class Notebook:
    """Notes that are kept as long as this is."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def noted(self, key: str) -> bytes | None:
        return self.kept.get(key)

    def keep_note(self, key: str, value: bytes) -> None:
        self.kept[key] = value


@pytest.fixture
def registry() -> Iterator[RegistryStandIn]:
    with RegistryStandIn(asks="bearer", page=2) as found:
        for tag in ("1.0.0", "1.1.0", "1.2.0-rc.1", "2.0.0", "main", "build-9", "build-10"):
            found.push("team/web", tag, [], config_type=f"application/{tag}")
        yield found


class Estate:
    """A repository, the registry beside it, and who plans for applications in it."""

    def __init__(self, tmp_path: Path, site: Site, registry: RegistryStandIn) -> None:
        self.path, self.site, self.registry = tmp_path, site, registry
        self.notes = Notebook()
        self.repository = Fixed(tmp_path / "served" / "config.git")
        self.image = f"{registry.host}/team/web"

    @property
    def url(self) -> str:
        return f"{self.site.url}/config.git"

    def holds(self, files: Files) -> None:
        self.files = files
        self.repository.commit("main", files)

    def application(
        self, annotations: Mapping[str, str], name: str = "shop", sources: list[Any] | None = None, **source: Any
    ) -> Application:
        given = {"repoURL": self.url, "path": "app", "targetRevision": "main", **source}
        several = {"sources": sources} if sources is not None else {"source": given}
        spec = {**several, "destination": {"name": "in-cluster", "namespace": "shop"}}
        metadata = {"name": name, "namespace": "foresail", "annotations": dict(annotations)}
        return Application.parse({"metadata": metadata, "spec": spec}, home="foresail")

    def planner(self, believed: float = 0.0) -> Planner:
        def auth_for(url: str, _project: str) -> Credentials:
            return ALICE if url.startswith(("oci://", self.registry.host)) else ANONYMOUS

        trees = Trees(Mirrors(self.path / "mirrors", CLIENT, timeout=30.0), auth_for)
        charts = Charts(self.path / "charts", CLIENT)
        return Planner(trees, Available(CLIENT, charts, auth_for, self.notes, believed))

    def plan(self, *applications: Application) -> list[Planned]:
        return self.planner().plan(applications, every=applications)

    def written(self, plan: Planned) -> dict[str, str]:
        """Return the files that a plan changes, as it would have them."""
        found = {}
        for path in {edit.path for bump in plan.bumps for edit in bump.edits}:
            content = self.files[path]
            assert isinstance(content, str)
            edits = [edit for bump in plan.bumps for edit in bump.edits if edit.path == path]
            found[path] = edited(content.encode(), edits).decode()
        return found


@pytest.fixture
def estate(tmp_path: Path, registry: RegistryStandIn) -> Iterator[Estate]:
    with http_site(tmp_path / "served") as site:
        yield Estate(tmp_path, site, registry)


def wanting(estate: Estate, constraint: str = "", **more: str) -> dict[str, str]:
    settings = {f"{ARGO}web.{name.replace('__', '.').replace('_', '-')}": value for name, value in more.items()}
    return {f"{ARGO}image-list": f"web={estate.image}{constraint and ':'}{constraint}", **settings}


def test_an_entry_of_a_kustomization(estate: Estate) -> None:
    kustomization = (
        f"resources: [web.yaml]\nimages:\n  - name: web # ours\n    newName: {estate.image}\n    newTag: '1.0.0'\n"
    )
    estate.holds({"app/kustomization.yaml": kustomization, "app/web.yaml": f"{DEPLOYMENT}        - image: web\n"})
    (plan,) = estate.plan(estate.application(wanting(estate, "^1")))
    assert plan.problems == ()
    assert [(bump.old, bump.new) for bump in plan.bumps] == [("1.0.0", "1.1.0")]
    assert estate.written(plan) == {"app/kustomization.yaml": kustomization.replace("1.0.0", "1.1.0")}


def test_what_stands_in_a_base_in_manifests(estate: Estate) -> None:
    manifest = f"{DEPLOYMENT}        - image: {estate.image}:1.0.0\n        - image: other:1.0.0\n"
    estate.holds(
        {
            "app/kustomization.yaml": "resources: [../base]\n",
            "base/kustomization.yaml": "resources: [web.yaml]\n",
            "base/web.yaml": manifest,
        }
    )
    (plan,) = estate.plan(estate.application(wanting(estate)))
    assert estate.written(plan) == {"base/web.yaml": manifest.replace("web:1.0.0", "web:2.0.0")}


def test_a_plain_folder_with_numbers_and_a_regular_expression(estate: Estate) -> None:
    manifest = f"{DEPLOYMENT}        - {{image: '{estate.image}:build-9'}}\r\n"
    estate.holds({"app/web.yaml": manifest, "app/deeper/web.yaml": manifest})
    annotations = wanting(estate, update_strategy="numerical", allow_tags="regexp:^build-[0-9]+$")
    (plan,) = estate.plan(estate.application(annotations))
    assert estate.written(plan) == {"app/web.yaml": manifest.replace("build-9", "build-10")}


def test_values_of_a_chart_found_by_themselves_and_where_the_last_file_wins(estate: Estate) -> None:
    values = (
        f"web:\n  image:\n    registry: {estate.registry.host}\n    repository: team/web\n    tag: 1.0.0   # pinned\n"
    )
    chart = "apiVersion: v2\nname: app\nversion: 1.0.0\n"
    estate.holds(
        {"app/Chart.yaml": chart, "app/values.yaml": values, "app/prod.yaml": values, "app/templates/a.yaml": "{{ x }}"}
    )
    (plan,) = estate.plan(estate.application(wanting(estate, "1.x"), helm={"valueFiles": ["prod.yaml"]}))
    assert estate.written(plan) == {"app/prod.yaml": values.replace("1.0.0", "1.1.0")}


def test_values_of_a_chart_from_elsewhere_in_another_source(estate: Estate) -> None:
    values = f"image:\n  repository: {estate.image}\n  tag: '1.0.0'\n"
    empty = f"image: {{repository: {estate.image}, tag: ''}}\n"
    estate.holds({"values/shop.yaml": values, "values/other.yaml": empty})
    chart = {"repoURL": "https://charts.example.com", "chart": "web", "targetRevision": "1.0.0"}
    files = {"valueFiles": ["$values/values/shop.yaml", "$values/values/other.yaml", "https://x.example/v.yaml"]}
    sources = [{**chart, "helm": files}, {"repoURL": estate.url, "targetRevision": "main", "ref": "values"}]
    (plan,) = estate.plan(estate.application(wanting(estate, "1.x"), sources=sources))
    assert estate.written(plan) == {"values/shop.yaml": values.replace("1.0.0", "1.1.0")}


def test_values_at_a_dotted_path(estate: Estate) -> None:
    values = "containers:\n- version: '1.0.0'\ntag: 1.0.0\n"
    estate.holds({"app/Chart.yaml": "name: app\nversion: 1.0.0\n", "app/values.yaml": values})
    (plan,) = estate.plan(estate.application(wanting(estate, "~1", helm__image_tag="containers[0].version")))
    assert estate.written(plan) == {"app/values.yaml": "containers:\n- version: '1.1.0'\ntag: 1.0.0\n"}


def test_the_digest_of_a_tag_that_moves(estate: Estate) -> None:
    manifest = f"{DEPLOYMENT}        - image: {estate.image}:main\n"
    estate.holds({"app/web.yaml": manifest})
    application = estate.application(wanting(estate, update_strategy="digest"))
    (plan,) = estate.plan(application)
    digest = estate.registry.repositories["team/web"].tags["main"]
    pinned = manifest.replace(":main", f":main@{digest}")
    assert estate.written(plan) == {"app/web.yaml": pinned}
    assert {method for method, path, _ in estate.registry.requests if "/manifests/" in path} == {"HEAD"}
    estate.holds({"app/web.yaml": pinned})
    assert estate.plan(application)[0].bumps == ()


def test_a_version_pinned_by_digest_gets_the_digest_of_the_newer(estate: Estate) -> None:
    tags = estate.registry.repositories["team/web"].tags
    manifest = f"{DEPLOYMENT}        - image: {estate.image}:1.0.0@{tags['1.0.0']}\n"
    estate.holds({"app/web.yaml": manifest})
    (plan,) = estate.plan(estate.application(wanting(estate, "1.x")))
    assert estate.written(plan) == {
        "app/web.yaml": manifest.replace(f"1.0.0@{tags['1.0.0']}", f"1.1.0@{tags['1.1.0']}")
    }


def test_a_dependency_and_its_lock_go_together(estate: Estate) -> None:
    for version in ("1.0.0", "1.1.0"):
        estate.registry.push("charts/redis", version, [])
    entry = {"name": "redis", "version": "1.0.0", "repository": f"oci://{estate.registry.host}/charts"}
    lines = f"- name: redis\n  repository: {entry['repository']}\n  version: 1.0.0\n"
    lock = f"dependencies:\n{lines}digest: {digest_of([entry], [entry])}\ngenerated: '2026-01-01T00:00:00Z'\n"
    estate.holds(
        {"app/Chart.yaml": f"apiVersion: v2\nname: app\nversion: 1.0.0\ndependencies:\n{lines}", "app/Chart.lock": lock}
    )
    (plan,) = estate.plan(estate.application({"foresail.dev/chart-list": "redis:^1"}))
    assert plan.problems == ()
    written = estate.written(plan)
    chart = read(written["app/Chart.yaml"].encode(), "Chart.yaml")[0].value
    assert chart["dependencies"][0]["version"] == "1.1.0"
    assert belongs(read(written["app/Chart.lock"].encode(), "Chart.lock")[0].value, chart["dependencies"])


def test_the_chart_of_a_source_is_written_where_the_application_is_declared(estate: Estate) -> None:
    for version in ("19.0.0", "19.1.0", "20.0.0"):
        estate.registry.push("charts/redis", version, [])
    registry = f"{estate.registry.host}/charts"
    declared = (
        "kind: Application\nmetadata: {name: cache}\nspec:\n  source:\n"
        f"    repoURL: {registry}\n    chart: redis\n    targetRevision: 19.0.0 # keep\n"
    )
    estate.holds({"apps/cache.yaml": declared, "apps/other.yaml": declared.replace("cache", "other")})
    parent = estate.application({}, name="root", path="apps")
    annotations = {
        "foresail.dev/chart-list": "redis:19.x",
        "argocd.argoproj.io/tracking-id": "root:argoproj.io/Application:foresail/cache",
    }
    cache = estate.application(
        annotations, name="cache", repoURL=registry, chart="redis", path="", targetRevision="19.0.0"
    )
    (plan,) = estate.plan(cache, parent)
    assert plan.problems == ()
    assert estate.written(plan) == {"apps/cache.yaml": declared.replace("19.0.0", "19.1.0")}
    (alone,) = estate.plan(replace(cache, annotations=(("foresail.dev/chart-list", "redis"),)))
    assert "20.0.0 is newer, and no file in Git that declares the application is known" in alone.problems[0]


def test_what_cannot_be_done_is_said_and_the_rest_is_planned(estate: Estate) -> None:
    estate.holds({"app/web.yaml": f"{DEPLOYMENT}        - image: {estate.image}:1.0.0\n"})
    annotations = wanting(estate)
    annotations[f"{ARGO}image-list"] += f", gone={estate.registry.host}/team/gone, far=127.0.0.1:1/team/far, a b"
    annotations[f"{ARGO}far.helm.image-tag"] = "x.y"
    (plan,) = estate.plan(estate.application(annotations))
    assert [bump.new for bump in plan.bumps] == ["2.0.0"]
    assert plan.uncertain
    assert len(plan.problems) == 3


def test_what_follows_no_branch_is_left_alone(estate: Estate) -> None:
    estate.holds({"app/web.yaml": f"{DEPLOYMENT}        - image: {estate.image}:1.0.0\n"})
    commit = str(estate.repository.git.references["refs/heads/main"].target)
    (plan,) = estate.plan(estate.application(wanting(estate), targetRevision=commit))
    assert plan.bumps == ()
    assert "is no branch" in plan.problems[0]


def test_many_applications_cost_a_registry_one_list_of_tags(estate: Estate) -> None:
    estate.holds({"app/web.yaml": f"{DEPLOYMENT}        - image: {estate.image}:1.0.0\n"})
    applications = [estate.application(wanting(estate), name=f"shop-{number}") for number in range(50)]
    plans = estate.planner(600.0).plan(applications, every=applications)
    assert {plan.bumps[0].new for plan in plans} == {"2.0.0"}
    pages = 4
    assert estate.registry.asked("tags/list") - 1 == pages  # the first is refused with how to be let in
    estate.planner(600.0).plan(applications, every=applications)
    assert estate.registry.asked("tags/list") - 1 == pages


def test_what_there_is_no_time_for_waits_for_the_next_round(estate: Estate) -> None:
    estate.holds({"app/web.yaml": f"{DEPLOYMENT}        - image: {estate.image}:1.0.0\n"})
    planner, application = estate.planner(), estate.application(wanting(estate, "^1"))
    planner._ends = 0.0  # noqa: SLF001 - what six minutes come to
    (plan,) = planner.plan([application], every=[application])
    assert plan.waits
    assert plan.uncertain
    assert "the next round does" in plan.problems[0]


def test_files_that_take_too_long_are_left_in_the_middle(estate: Estate) -> None:
    estate.holds(
        {f"app/{name}.yaml": f"# {name}\n{DEPLOYMENT}        - image: {estate.image}:1.0.0\n" for name in "abc"}
    )
    planner, application = estate.planner(), estate.application(wanting(estate, "^1"))
    left = iter([None, None])

    def refuse_third() -> None:
        if next(left, "late") == "late":
            raise Temporary("late")

    planner.files.refuse_late = refuse_third
    (plan,) = planner.plan([application], every=[application])
    assert plan.waits
    assert plan.bumps == ()


def test_only_so_much_of_all_files_is_kept(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_MOST_KEPT", 10)
    files = {f"app/{name}.yaml": f"# {name}\n{DEPLOYMENT}        - image: {estate.image}:1.0.0\n" for name in "abcdef"}
    estate.holds(files)
    planner, application = estate.planner(), estate.application(wanting(estate, "^1"))
    (plan,) = planner.plan([application], every=[application])
    assert estate.written(plan) == {path: text.replace("1.0.0", "1.1.0") for path, text in files.items()}
    assert len(planner.files._read) < len(files)  # noqa: SLF001 - it is nobody else's

"""What a sync would change now: Git as it is, held against what is live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from bot.sandbox.control_plane.cluster import ControlPlane
from tests.integration.cli.app.conftest import Desk
from tests.integration.cli.conftest import apply, settings
from tests.integration.repository.conftest import Fixed
from tests.integration.repository.servers import basic, http_site
from tests.second_cluster import declare

PASSWORD = "open-sesame"


@dataclass
class Shop:
    """An Application whose repository lies on a server that asks who is there."""

    desk: Desk
    repository: Fixed
    url: str
    last: str = ""

    def push(self, **data: str) -> str:
        files = {"deploy/settings.yaml": yaml.safe_dump(settings(**data))}
        self.last = self.repository.commit("main", files, *([self.last] if self.last else []))
        return self.last

    def declare(self, **fields: object) -> None:
        spec = {
            "project": "default",
            "source": {"repoURL": self.url, "path": "deploy", "targetRevision": "main"},
            "destination": {"name": "in-cluster", "namespace": self.desk.namespace},
            **fields,
        }
        entry = {"version": "v1", "kind": "ConfigMap", "namespace": self.desk.namespace, "name": "settings"}
        self.desk.has("shop", spec=spec, status={"resources": [entry]})

    def live(self, **data: str) -> None:
        apply(self.desk.plane, settings(**data), namespace=self.desk.namespace, owner="shop")


def keep(desk: Desk, name: str, **data: str) -> None:
    """Have a Secret that says how a repository is reached."""
    labels = {"argocd.argoproj.io/secret-type": "repository"}
    metadata = {"name": name, "namespace": desk.namespace, "labels": labels}
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}
    desk.plane.kubectl("create", "--filename=-", stdin=yaml.safe_dump(manifest))


@pytest.fixture
def shop(desk: Desk, tmp_path: Path) -> Iterator[Shop]:
    folder = tmp_path / "served"
    folder.mkdir()
    repository = Fixed(folder / "config.git")
    with http_site(folder, lambda told: told == basic("ada", PASSWORD)) as site:
        url = f"{site.url}/config.git"
        keep(desk, "config", url=url, username="ada", password=PASSWORD)
        desk.work.environment["FORESAIL_FETCH_ALLOW"] = "127.0.0.1"
        yield Shop(desk, repository, url)


def test_what_is_as_git_says_is_no_difference(shop: Shop) -> None:
    shop.push()
    shop.declare()
    shop.live()
    done = shop.desk.app("diff", "shop")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_warning_is_no_part_of_the_answer(shop: Shop) -> None:
    keep(shop.desk, "broken", url="https://git.example.com/a", insecure="perhaps")
    shop.push()
    shop.declare()
    shop.live()
    done = shop.desk.app("diff", "shop")
    assert (done.code, done.out) == (0, "")
    assert "repository Secret left out" in done.err


def test_a_difference_is_shown_and_nothing_is_written(shop: Shop) -> None:
    shop.push(colour="green")
    shop.declare()
    shop.live()
    done = shop.desk.app("diff", "shop")
    assert done.code == 1
    assert done.out == dedent(f"""\
        ~ ConfigMap {shop.desk.namespace}/settings
        @@ data @@
           name: settings
           namespace: {shop.desk.namespace}
         data:
        -  colour: blue
        +  colour: green
           size: small

        A sync changes 1 resource.
        """)
    assert "blue" in shop.desk.plane.kubectl("get", "configmap", "settings", "-n", shop.desk.namespace, "-o", "yaml")
    assert shop.desk.app("diff", "shop", "--no-exit-code").code == 0


def test_what_is_not_there_yet_would_be_created(shop: Shop) -> None:
    shop.push()
    shop.declare()
    done = shop.desk.app("diff", "shop")
    assert done.code == 1
    assert f"+ ConfigMap {shop.desk.namespace}/settings" in done.out


def test_a_revision_may_be_named(shop: Shop) -> None:
    first = shop.push()
    shop.push(colour="green")
    shop.declare()
    shop.live()
    assert shop.desk.app("diff", "shop").code == 1
    assert shop.desk.app("diff", "shop", "--revision", first).code == 0
    assert shop.desk.app("diff", "shop", "--revision", "nowhere").code == 20


def test_sources_at_several_revisions_count_each_at_its_own(shop: Shop) -> None:
    shop.push()
    other = {"other/more.yaml": yaml.safe_dump(settings("more"))}
    shop.repository.commit("next", other)
    sources = [{"repoURL": shop.url, "path": "deploy", "targetRevision": "main"}]
    sources.append({"repoURL": shop.url, "path": "other", "targetRevision": "next"})
    shop.declare(source=None, sources=sources)
    shop.live()
    done = shop.desk.app("diff", "shop")
    assert [line for line in done.out.splitlines() if "ConfigMap " in line] == [
        f"+ ConfigMap {shop.desk.namespace}/more"
    ]


def test_what_cannot_be_rendered_is_no_answer(shop: Shop) -> None:
    shop.push()
    shop.declare(source={"repoURL": shop.url, "path": "nowhere", "targetRevision": "main"})
    done = shop.desk.app("diff", "shop")
    assert (done.code, done.out) == (20, "")
    assert "nowhere" in done.err


def test_what_would_be_refused_is_no_answer_either(shop: Shop) -> None:
    refused = {**settings(), "data": {"colour": {"not": "text"}}}
    shop.repository.commit("main", {"deploy/settings.yaml": yaml.safe_dump(refused)})
    shop.declare()
    shop.live()
    done = shop.desk.app("diff", "shop")
    assert done.code == 20
    assert f"predicted to fail: ConfigMap {shop.desk.namespace}/settings" in done.err


def test_a_branch_is_looked_up_for_a_sync(shop: Shop) -> None:
    commit = shop.push()
    shop.declare()
    assert shop.desk.app("sync", "shop", "--revision", "main").code == 0
    assert shop.desk.read("shop")["operation"]["sync"]["revision"] == commit
    assert PASSWORD not in shop.desk.plane.kubectl("get", "applications", "-n", shop.desk.namespace, "-o", "yaml")


def test_another_cluster_is_asked_for_what_lives_there(shop: Shop, second_plane: ControlPlane) -> None:
    declare(shop.desk.plane, shop.desk.namespace, second_plane, name="second")
    second_plane.kubectl("create", "namespace", shop.desk.namespace)
    shop.push(colour="green")
    shop.declare(destination={"name": "second", "namespace": shop.desk.namespace})
    apply(second_plane, settings(), namespace=shop.desk.namespace, owner="shop")
    done = shop.desk.app("diff", "shop")
    assert done.code == 1
    assert "-  colour: blue\n+  colour: green\n" in done.out

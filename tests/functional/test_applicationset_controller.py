"""ApplicationSets that Foresail carries out itself: from a push to what runs in the cluster."""

from __future__ import annotations

from textwrap import dedent

from bot.model.resources import JsonObject
from tests.functional.conftest import Opener, Shop, config_map


def applicationset(shop: Shop, *, generators: str = "", name: str = "{{ .path.basename }}", more: str = "") -> str:
    url = shop.repository.clone_url
    folders = f"[{{git: {{repoURL: {url}, revision: main, directories: [{{path: apps/*}}]}}}}]"
    return dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata: {{name: {shop.name}-all, namespace: {shop.stage.control_namespace}}}
        spec:
          goTemplate: true
          goTemplateOptions: [missingkey=error]
          generators: {generators or folders}
          template:
            metadata: {{name: '{shop.name}-{name}'}}
            spec:
              project: default
              source: {{repoURL: {url}, path: 'apps/{name}', targetRevision: main}}
              destination: {{name: in-cluster, namespace: {shop.namespace}}}
              syncPolicy: {{automated: {{prune: true}}}}
          {more}
        """)


def opened(open_shop: Opener, *folders: str) -> Shop:
    """Return a shop of which an ApplicationSet, declared beside it, makes an application of each folder; all synced."""
    shop = open_shop({f"apps/{one}/c.yaml": config_map(one, A="b") for one in folders}, synced=False)
    sha = shop.repository.push("main", {".foresail/all.yaml": applicationset(shop)})
    shop.await_sync(sha)
    return shop


def get(shop: Shop, name: str) -> JsonObject | None:
    return shop.stage.get("application", f"{shop.name}-{name}", namespace=shop.stage.control_namespace)


def test_a_folder_becomes_an_application_and_goes_with_it(open_shop: Opener) -> None:
    shop = opened(open_shop, "web", "db")
    assert shop.data("web") == shop.data("db") == {"A": "b"}
    number = shop.propose({"apps/new/c.yaml": config_map("new", C="d")})
    assert shop.await_preview(number) == "success"
    assert f"the change adds {shop.name}-new" in shop.body(number).replace("`", "")
    sha = shop.repository.merge(number)
    shop.await_sync(sha)
    assert shop.data("new") == {"C": "d"}, "the commit waits for the Application that is to be created"
    shop.repository.push("main", {"apps/db/c.yaml": None})
    shop.stage.until(lambda: get(shop, "db") is None, what="the end of the application")
    assert shop.live("configmap", "db") is None
    assert shop.live("configmap", "web") is not None


def test_what_cannot_be_generated_deletes_nothing_and_is_told(open_shop: Opener) -> None:
    shop = opened(open_shop, "web")
    shop.repository.push("main", {".foresail/all.yaml": applicationset(shop, name="{{ .path.nope }}")})

    def told() -> bool:
        found = shop.stage.get("applicationset", f"{shop.name}-all", namespace=shop.stage.control_namespace) or {}
        conditions = {one["type"]: one for one in found.get("status", {}).get("conditions", [])}
        return bool(conditions.get("ErrorOccurred", {}).get("status") == "True")

    shop.stage.until(told, what="the words about the template")
    assert get(shop, "web") is not None

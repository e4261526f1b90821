"""ApplicationSets that Foresail carries out itself: from a push to what runs in the cluster."""

from __future__ import annotations

from textwrap import dedent

from bot.model.resources import JsonObject
from bot.sandbox.github.people import HostedRepository
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


ENVIRONMENTS = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: {name}-changes, namespace: {control}}}
spec:
  goTemplate: true
  generators:
  - pullRequest: {{github: {{owner: acme, repo: {name}, labels: [preview]}}}}
  template:
    metadata: {{name: '{name}-{{{{ .number }}}}'}}
    spec:
      project: default
      source:
        repoURL: {url}
        path: deploy
        targetRevision: '{{{{ .head_sha }}}}'
        kustomize: {{nameSuffix: '-{{{{ .number }}}}'}}
      destination: {{name: in-cluster, namespace: {namespace}}}
      syncPolicy: {{automated: {{prune: true}}}}
"""


def test_a_change_with_the_label_gets_an_environment_that_follows_it_and_goes_with_it(open_shop: Opener) -> None:
    kustomization = "resources: [c.yaml]\n"
    shop = open_shop({"deploy/c.yaml": config_map(A="b"), "deploy/kustomization.yaml": kustomization})
    declared = ENVIRONMENTS.format(
        name=shop.name,
        control=shop.stage.control_namespace,
        url=shop.repository.clone_url,
        namespace=shop.namespace,
    )
    shop.stage.plane.kubectl("apply", "-f", "-", stdin=declared)
    number = shop.propose({"deploy/c.yaml": config_map(A="c")})
    other = shop.propose({"deploy/c.yaml": config_map(A="d")}, branch="other")
    assert isinstance(shop.repository, HostedRepository)
    shop.repository.label(number, "preview")
    environment = f"settings-{number}"
    shop.stage.until(lambda: shop.live("configmap", environment) is not None, what="the environment")
    assert shop.data(environment) == {"A": "c"}
    assert get(shop, str(other)) is None, "it does not have the label"
    head = shop.repository.head("feature")
    shop.await_sync(head)
    told = {name for name in shop.repository.statuses(head) if name.startswith("foresail/sync/")}
    assert told == {f"foresail/sync/{shop.name}-{number}"}, "its head is told of the environment, and of nothing else"

    shop.repository.push("feature", {"deploy/c.yaml": config_map(A="e")})
    shop.stage.until(lambda: shop.data(environment) == {"A": "e"}, what="what was pushed to the change")
    shop.repository.close(number)
    shop.stage.until(lambda: get(shop, str(number)) is None, what="the end of the environment")
    assert shop.live("configmap", environment) is None
    assert shop.data("settings") == {"A": "b"}


ROLLING = """
          strategy:
            type: RollingSync
            rollingSync:
              steps:
              - matchExpressions: [{key: stage, operator: In, values: [dev]}]
              - {matchExpressions: [{key: stage, operator: In, values: [prod]}], maxUpdate: 1}
          templatePatch: |
            metadata: {labels: {stage: '{{ .stage }}'}}
"""


def test_a_rolling_sync_goes_step_by_step_and_stops_at_what_is_not_well(open_shop: Opener) -> None:
    shop = open_shop(
        {
            "apps/dev/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: dev}\ndata: {A: [no, text]}\n",
            "apps/a/c.yaml": config_map("a", A="b"),
            "apps/b/c.yaml": config_map("b", A="b"),
        },
        synced=False,
    )
    elements = ", ".join(f"{{name: {one}, stage: {'dev' if one == 'dev' else 'prod'}}}" for one in ("a", "b", "dev"))
    declared = applicationset(
        shop, generators=f"[{{list: {{elements: [{elements}]}}}}]", name="{{ .name }}", more=ROLLING
    )
    shop.repository.push("main", {".foresail/all.yaml": declared})

    def stands() -> dict[str, str]:
        found = shop.stage.get("applicationset", f"{shop.name}-all", namespace=shop.stage.control_namespace) or {}
        each = found.get("status", {}).get("applicationStatus", [])
        return {one["application"].removeprefix(f"{shop.name}-"): one["status"] for one in each}

    shop.stage.until(
        lambda: stands() == {"dev": "Progressing", "a": "Waiting", "b": "Waiting"}, what="the first step under way"
    )
    assert shop.live("configmap", "a") is None
    assert shop.live("configmap", "b") is None
    assert "automated" not in (get(shop, "a") or {})["spec"].get("syncPolicy", {})

    sha = shop.repository.push("main", {"apps/dev/c.yaml": config_map("dev", A="b")})
    shop.stage.until(lambda: set(stands().values()) == {"Healthy"}, what="the end of the rollout")
    shop.await_sync(sha)
    assert shop.data("a") == shop.data("b") == {"A": "b"}
    before = shop.repository.push("main", {"apps/b/c.yaml": config_map("b", A="c")})
    shop.await_sync(before)
    assert shop.data("b") == {"A": "c"}

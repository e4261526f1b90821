"""Helm charts in a pull request: previewed with the destination's versions, merged, synced, hooks and all."""

from __future__ import annotations

from textwrap import dedent

from tests.functional.conftest import Opener, Shop, config_map

CHART = {
    "deploy/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "deploy/values.yaml": "colour: blue\n",
    "deploy/templates/settings.yaml": dedent("""\
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: {{ .Release.Name }}-settings}
        data:
          COLOUR: {{ required "a colour is needed" .Values.colour | quote }}
          CLUSTER: {{ .Capabilities.KubeVersion.Version | quote }}
          ROUTES: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}
          WHERE: {{ .Release.Namespace | quote }}
        """),
    "deploy/templates/hook.yaml": dedent("""\
        apiVersion: batch/v1
        kind: Job
        metadata: {name: before, annotations: {helm.sh/hook: "pre-install,pre-upgrade"}}
        spec:
          template:
            spec: {restartPolicy: Never, containers: [{name: run, image: "busybox:1"}]}
        """),
    "deploy/templates/tests/check.yaml": dedent("""\
        apiVersion: v1
        kind: Pod
        metadata: {name: check, annotations: {helm.sh/hook: test}}
        spec: {restartPolicy: Never, containers: [{name: run, image: "busybox:1"}]}
        """),
}


def settings(shop: Shop) -> dict[str, str]:
    return shop.data(f"{shop.name}-settings")


def test_a_value_that_a_change_sets_is_previewed_and_synced(open_shop: Opener) -> None:
    shop = open_shop(CHART)
    version = shop.stage.plane.kubectl("version", "-o", "json")
    assert settings(shop)["CLUSTER"] in version
    assert settings(shop) | {"CLUSTER": ""} == {
        "COLOUR": "blue",
        "CLUSTER": "",
        "ROUTES": "true",
        "WHERE": shop.namespace,
    }

    number = shop.propose({"deploy/values.yaml": "colour: green\n"})
    assert shop.await_preview(number) == "success"
    assert "-  COLOUR: blue\n+  COLOUR: green" in shop.body(number)
    assert "+  CLUSTER" not in shop.body(number)
    shop.merge(number)

    assert settings(shop)["COLOUR"] == "green"
    hooks = [one["name"] for one in shop.results() if one.get("hookType") == "PreSync"]
    assert hooks == ["before"]
    assert shop.live("pod", "check") is None


def test_a_chart_that_cannot_be_rendered_fails_the_preview_in_helms_words(open_shop: Opener) -> None:
    shop = open_shop(CHART)
    number = shop.propose({"deploy/values.yaml": "colour: ''\n"})
    assert shop.await_preview(number) == "failure"
    assert "a colour is needed" in shop.body(number)


PASSWORD = dedent("""\
    apiVersion: v1
    kind: Secret
    metadata: {name: login}
    stringData: {user: shop, password: {{ randAlphaNum 20 | quote }}}
    """)


def test_a_password_that_each_render_makes_anew_is_no_effect_and_moves_no_plan(open_shop: Opener) -> None:
    shop = open_shop({**CHART, "deploy/templates/login.yaml": PASSWORD})
    number = shop.propose({"deploy/values.yaml": "colour: green\n"})
    assert shop.await_preview(number) == "success"
    body = shop.body(number)
    plan = body.rpartition("plan `")[2].partition("`")[0]
    assert "### Merging changes 1 resource in 1 application" in body
    assert (
        "renders differently each time, in `stringData.password`: what a sync writes there is not known before" in body
    )
    assert "Drift that was there before (1)</summary>" in body

    shop.await_sync(shop.repository.push("main", {"deploy/README.md": "renders anew\n"}))

    shop.stage.until(lambda: f"the plan is still `{plan}`" in shop.body(number), what="another look")
    before = shop.live("secret", "login")
    sha = shop.repository.merge(number)
    shop.await_sync(sha)
    assert shop.live("secret", "login") != before
    shop.stage.until(lambda: "1 of 1 application healthy" in shop.body(number), what="the epilogue")


def test_values_in_another_repository_are_read_where_the_chart_names_them(open_shop: Opener) -> None:
    values = open_shop({"deploy/own.yaml": config_map("own", A="1"), "envs/prod.yaml": "colour: red\n"})
    shop = open_shop(CHART)
    manifest = dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {{name: {shop.name}, namespace: {shop.stage.control_namespace}}}
        spec:
          project: default
          sources:
            - repoURL: {shop.repository.clone_url}
              path: deploy
              targetRevision: main
              helm: {{valueFiles: [$values/envs/prod.yaml]}}
            - {{repoURL: {values.repository.clone_url}, targetRevision: main, ref: values}}
          destination: {{name: in-cluster, namespace: {shop.namespace}}}
          syncPolicy: {{automated: {{prune: true}}}}
        """)
    shop.await_sync(shop.repository.push("main", {f".foresail/{shop.name}.yaml": manifest}))
    shop.stage.until(lambda: settings(shop)["COLOUR"] == "red", what="the values of the other repository")

    number = values.propose({"envs/prod.yaml": "colour: pink\n"})
    assert values.await_preview(number) == "success"
    assert "+  COLOUR: pink" in values.body(number)
    values.merge(number)
    assert settings(shop)["COLOUR"] == "pink"

    elsewhere = values.propose({"envs/test.yaml": "colour: grey\n"}, branch="elsewhere")
    assert values.await_preview(elsewhere) == "success"
    assert values.comment(elsewhere) is None


def test_a_change_of_a_chart_beside_is_previewed_for_who_builds_on_it(open_shop: Opener) -> None:
    owner = '{{ define "owner" }}%s{{ end }}'
    beside = {
        **CHART,
        "deploy/Chart.yaml": CHART["deploy/Chart.yaml"]
        + "dependencies: [{name: common, version: 1.x.x, repository: 'file://../common'}]\n",
        "deploy/templates/owner.yaml": config_map("owner", OWNER="x").replace("'x'", '{{ include "owner" . | quote }}'),
        "common/Chart.yaml": "apiVersion: v2\nname: common\nversion: 1.2.0\ntype: library\n",
        "common/templates/_owner.tpl": owner % "team",
    }
    shop = open_shop(beside)
    assert shop.data("owner") == {"OWNER": "team"}
    number = shop.propose({"common/templates/_owner.tpl": owner % "nobody"})
    assert shop.await_preview(number) == "success"
    assert "-  OWNER: team\n+  OWNER: nobody" in shop.body(number)

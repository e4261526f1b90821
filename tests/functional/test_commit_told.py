"""Objects that say of which commit they are: nobody knows the merge's before it is made."""

from __future__ import annotations

import hashlib
from textwrap import dedent

from tests.functional.conftest import Opener, Shop

CHART = {
    "deploy/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "deploy/values.yaml": "colour: blue\ncommit: ''\n",
    "deploy/templates/plain.yaml": dedent("""\
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: plain}
        data: {COLOUR: "{{ .Values.colour }}"}
        """),
    "deploy/templates/told.yaml": dedent("""\
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: told}
        data: {COMMIT: "{{ .Values.commit | sha256sum }}"}
        """),
    "deploy/templates/drawn.yaml": dedent("""\
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: drawn}
        data: {TOKEN: "{{ randAlphaNum 12 }}"}
        """),
}


def telling(shop: Shop) -> str:
    source = f"{{repoURL: {shop.repository.clone_url}, path: deploy, targetRevision: main, helm: {{parameters: ["
    return dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {{name: {shop.name}, namespace: {shop.stage.control_namespace}}}
        spec:
          project: default
          source: {source}{{name: commit, value: $ARGOCD_APP_REVISION}}]}}}}
          destination: {{name: in-cluster, namespace: {shop.namespace}}}
          syncPolicy: {{automated: {{prune: true}}}}
        """)


def digest(commit: str) -> str:
    return hashlib.sha256(commit.encode()).hexdigest()


def test_what_tells_the_commit_is_estimated_and_not_held_against_the_prediction(open_shop: Opener) -> None:
    shop = open_shop(CHART)
    base = shop.repository.push("main", {f".foresail/{shop.name}.yaml": telling(shop)})
    shop.stage.until(lambda: shop.data("told").get("COMMIT") == digest(base), what="the commit in the object")

    number = shop.propose({"deploy/values.yaml": "colour: green\ncommit: ''\n"})
    assert shop.await_preview(number) == "success"
    body = shop.body(number)
    assert f"-  COMMIT: {digest(base)}" in body
    drawn, estimated = [line for line in body.splitlines() if "is estimated" in line]
    assert "/drawn" in drawn
    assert "another commit" not in drawn
    assert "/told" in estimated
    assert "rendered at another commit it is another one, and the merge's is not known yet" in estimated

    sha = shop.repository.merge(number)
    shop.await_sync(sha)
    assert shop.data("told") == {"COMMIT": digest(sha)}
    shop.stage.until(lambda: "1 of 1 application healthy" in shop.body(number), what="the epilogue")
    assert "as predicted" not in shop.body(number)

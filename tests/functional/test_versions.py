"""An application that follows a range of versions is synced to the newest tag, and no branch is predicted for it."""

from __future__ import annotations

import subprocess
from textwrap import dedent

from tests.functional.conftest import Opener, Shop, config_map


def following(shop: Shop, revision: str) -> str:
    return dedent(f"""\
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata: {{name: {shop.name}-versions, namespace: {shop.stage.control_namespace}}}
        spec:
          project: default
          source: {{repoURL: {shop.repository.clone_url}, path: app, targetRevision: "{revision}", tagPrefix: app-}}
          destination: {{name: in-cluster, namespace: {shop.namespace}}}
          syncPolicy: {{automated: {{}}}}
        """)


def tag(shop: Shop, name: str, commit: str) -> None:
    """Push a tag as a person does."""
    token = shop.stage.github.personal_access_token("acme")
    url = shop.repository.clone_url.replace("://", f"://acme:{token}@")
    git = ["git", "--git-dir", str(shop.repository.state.path), "push", "--quiet", url, f"{commit}:refs/tags/{name}"]
    subprocess.run(git, check=True, capture_output=True, timeout=30)


def test_the_newest_tag_of_a_range_is_synced_and_a_branch_is_not_predicted(open_shop: Opener) -> None:
    shop = open_shop({"deploy/own.yaml": config_map("own", A="1"), "app/a.yaml": config_map("app", V="1.0")})
    tag(shop, "app-1.0.0", shop.repository.head())
    tag(shop, "other-1.9.0", shop.repository.head())
    shop.repository.push("main", {".foresail/versions.yaml": following(shop, "1.x")})
    shop.stage.until(lambda: shop.live("ConfigMap", "app") is not None, what="the first version")

    number = shop.propose({"app/a.yaml": config_map("app", V="1.1")})
    assert shop.await_preview(number) == "success"
    assert "versions" not in shop.body(number)
    merged = shop.merge(number)
    assert shop.data("app") == {"V": "1.0"}

    tag(shop, "app-1.1.0", merged)
    shop.stage.until(lambda: shop.data("app") == {"V": "1.1"}, what="the second version")
    tag(shop, "app-2.0.0", shop.repository.push("main", {"app/a.yaml": config_map("app", V="2.0")}))
    shop.stage.until(shop.stage.is_idle, what="an end of all work")
    assert shop.data("app") == {"V": "1.1"}

"""A project wants commits to be signed: the comment says what is certain of the merge, and the merge is refused."""

from __future__ import annotations

import yaml

from tests.functional.conftest import Opener, config_map

KEY = "4AEE18F83AFDEB23"


def test_a_change_hears_of_it_before_the_merge_and_after(open_shop: Opener) -> None:
    shop = open_shop({"deploy/settings.yaml": config_map(COLOUR="blue")})
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        "signatureKeys": [{"keyID": KEY}],
    }
    metadata = {"name": "default", "namespace": shop.stage.control_namespace}
    project = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": metadata, "spec": spec}
    shop.stage.plane.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(project))

    def conditions() -> list[str]:
        found = shop.stage.get("application", shop.name, namespace=shop.stage.control_namespace) or {}
        return [one["message"] for one in found.get("status", {}).get("conditions", [])]

    # What is there was synced before anybody asked for signatures, and is told of once the project has changed.
    shop.stage.until(lambda: any("is not signed" in one for one in conditions()), what="the comparison")

    number = shop.propose({"deploy/settings.yaml": config_map(COLOUR="green")})
    assert shop.await_preview(number) == "success"
    assert "the merge will be refused: none of the keys that project default wants" in shop.body(number)
    assert "green" in shop.body(number)

    sha = shop.repository.merge(number)
    shop.await_sync(sha, "failure")
    assert any(one.startswith(f"Signature required: commit {sha[:7]} of ") for one in conditions())
    assert shop.data("settings") == {"COLOUR": "blue"}

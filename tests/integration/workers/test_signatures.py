"""Nothing is rendered for a sync, or compared, that nobody signed whom the project names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bot.model.jobs import advance, compare
from bot.model.operations import Occasion
from tests.integration.signers import AUTHOR, Signers
from tests.integration.workers.desk import Desk
from workers import advance as advancing
from workers import compare as comparing
from workers import start as starting
from workers.operating.operations import Asked


@pytest.fixture(scope="module")
def signers() -> Iterator[Signers]:
    with Signers.hired() as made:
        yield made


def write(desk: Desk, kind: str, name: str, **fields: Any) -> None:
    version = "v1" if kind == "ConfigMap" else "argoproj.io/v1alpha1"
    metadata = {"name": name, "namespace": desk.stage.control_namespace}
    manifest = {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}
    desk.stage.plane.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))


def demand(desk: Desk, *keys: str) -> None:
    """Have the project demand signatures, and wait until that is noticed."""
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "signatureKeys": [{"keyID": key} for key in keys],
    }
    write(desk, "AppProject", "default", spec=spec)

    def noticed() -> bool:
        project = desk.services.sources.project_of("default")
        return project is not None and [one.key_id for one in project.spec.signature_keys] == list(keys)

    desk.stage.until(noticed, what="the project")


def signed(desk: Desk, signers: Signers, who: str) -> str:
    """Put a commit on main that somebody signed, with the files that are there."""
    head, path = desk.repository.head(), str(desk.repository.state.path)
    key = ("-c", f"user.signingkey={signers.gnupg[who]}")
    made = signers.run("git", "-C", path, *AUTHOR, *key, "commit-tree", "-S", f"{head}^{{tree}}", "-p", head, "-m", "x")
    desk.repository.point("main", made.strip())
    return made.strip()


def sync(desk: Desk, commit: str) -> dict[str, Any]:
    """Sync to a commit; return the status after it."""
    desk.do(starting.run, Asked("shop", Occasion(desk.repository.full_name, "main", commit)).request)
    return dict(desk.application("shop")["status"])


def test_only_what_is_signed_is_synced_and_stays_so(desk: Desk, signers: Signers) -> None:
    alice, mallory, unsigned = signers.gnupg["alice"], signers.gnupg["mallory"], desk.repository.head()
    desk.declare("shop")
    write(desk, "ConfigMap", "argocd-gpg-keys-cm", data={alice[-16:]: signers.exported("alice").gnupg[0]})
    demand(desk, alice[-16:])

    status = sync(desk, unsigned)
    words = f"Signature required: commit {unsigned[:7]} of {desk.repository.clone_url} is not signed."
    assert status["operationState"]["phase"] == "Error"
    assert status["operationState"]["message"].startswith(words)
    assert [(one["type"], one["message"][: len(words)]) for one in status["conditions"]] == [("ComparisonError", words)]
    status = sync(desk, commit := signed(desk, signers, "mallory"))
    assert "is signed with a key that is not known here" in status["operationState"]["message"]

    # Once the key is known and listed, what was refused is done without anybody asking again.
    write(desk, "ConfigMap", "argocd-gpg-keys-cm", data={"both": "".join(signers.exported("alice", "mallory").gnupg)})
    demand(desk, alice, mallory)

    def is_begun() -> bool:
        desk.do(comparing.run, compare("shop"))
        return "operation" in desk.application("shop")

    desk.stage.until(is_begun, what="another attempt")
    desk.do(advancing.run, advance("shop"))
    status = desk.application("shop")["status"]
    assert (status["operationState"]["phase"], status["sync"]["status"]) == ("Succeeded", "Synced")
    assert (status["operationState"]["syncResult"]["revision"], status["conditions"]) == (commit, [])

    distrusted_and_trusted_again(desk, commit, alice=alice, mallory=mallory)


def distrusted_and_trusted_again(desk: Desk, commit: str, *, alice: str, mallory: str) -> None:
    """Take a key away whose commit is synced, and give it back: what is there is left alone."""
    demand(desk, alice)
    desk.do(comparing.run, compare("shop"))
    status = desk.application("shop")["status"]
    assert (status["sync"]["status"], status["operationState"]["phase"]) == ("Unknown", "Succeeded")
    words = f"is signed with the key {mallory}, which project default does not list"
    assert [
        f"commit {commit[:7]} of" in one["message"] and words in one["message"] for one in status["conditions"]
    ] == [True]

    demand(desk, alice, mallory)
    desk.do(comparing.run, compare("shop"))
    found = desk.application("shop")
    assert (found["status"]["sync"]["status"], found["status"]["conditions"]) == ("Synced", [])
    assert "operation" not in found

"""Checks on GitHub: what they say at lines, and what their buttons do, for whom and at which commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.sandbox.github.payloads.checks import buttons_of
from bot.sandbox.github.people import HostedRepository
from tests.functional.conftest import Opener, Shop, config_map, deployment
from tests.functional.test_commands import answer, ask

if TYPE_CHECKING:
    from bot.sandbox.github.state import CheckRun

FILES = {
    "deploy/web.yaml": deployment(),
    "deploy/settings.yaml": config_map(COLOUR="blue") + "---\n" + config_map("fixed", A="b") + "immutable: true\n",
}


class Checks:
    """A shop's checks, as people see them on GitHub."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        assert isinstance(shop.repository, HostedRepository)
        self.repository = shop.repository

    def run(self, sha: str, name: str) -> CheckRun:
        """Return the newest of a name."""
        return [one for one in self.repository.check_runs(sha) if one.name == f"foresail/{name}"][-1]

    def said(self, sha: str, name: str) -> str:
        """Return what the newest status of a name says."""
        status = self.shop.status(sha, name)
        return "" if status is None else status.description or ""

    def press(self, sha: str, name: str, button: str, *, role: str = "write", user: str = "ann") -> None:
        """Press a button once it is there: a preview that is made again shows none until it is done."""
        self.repository.grant(user, role)
        self.repository.press(self.with_button(sha, name, button), button, user=user)

    def with_button(self, sha: str, name: str, button: str) -> CheckRun:
        """Return the newest of a name once it has a button."""
        self.shop.stage.until(lambda: button in buttons_of(self.run(sha, name)), what=f"the button {button}")
        return self.run(sha, name)

    def await_answer(self, number: int, words: str) -> None:
        self.shop.stage.until(lambda: words in answer(self.shop, number).replace("`", ""), what=f"the answer: {words}")


@pytest.fixture
def checks(open_shop: Opener) -> Checks:
    return Checks(open_shop(FILES))


def test_a_failure_is_shown_at_the_lines_that_cause_it_and_predicted_again_by_rerun(checks: Checks) -> None:
    changed = FILES["deploy/settings.yaml"].replace("A: 'b'", "A: 'c'")
    number = checks.shop.propose({"deploy/settings.yaml": changed})
    assert checks.shop.await_preview(number) == "failure"
    head = checks.repository.pull(number).head_sha
    first = checks.run(head, "preview")
    (note,) = first.annotations
    line = changed.splitlines().index("  A: 'c'") + 1
    assert (note["path"], note["start_line"], note["end_line"]) == ("deploy/settings.yaml", line, line)
    assert (note["annotation_level"], note["title"]) == (
        "failure",
        f"ConfigMap {checks.shop.namespace}/fixed ({checks.shop.name})",
    )
    output = first.fields["output"]
    assert isinstance(output, dict)
    assert output["summary"].startswith("### Merging changes nothing, 1 resource predicted to fail")
    assert "```diff" not in output["summary"]

    checks.shop.stage.plane.kubectl("delete", "configmap", "fixed", "-n", checks.shop.namespace)
    checks.repository.grant("ann", "write")
    checks.repository.rerequest(first, user="ann")

    checks.shop.stage.until(lambda: checks.run(head, "preview").fields.get("conclusion") == "success", what="success")
    assert checks.run(head, "preview").id != first.id


def test_whoever_has_no_part_in_the_repository_has_nothing_predicted(checks: Checks) -> None:
    number = checks.shop.propose({"deploy/web.yaml": deployment(replicas=3)})
    checks.shop.await_preview(number)
    head = checks.repository.pull(number).head_sha
    said = len(checks.repository.status_history(head))
    checks.repository.grant("mallory", "read")
    checks.repository.rerequest(checks.run(head, "preview").suite, user="mallory")
    checks.press(head, "preview", "hold", user="mallory", role="read")
    checks.shop.stage.forge.wait_for_deliveries()
    checks.shop.stage.until(checks.shop.stage.is_idle, what="the end of all jobs")
    assert len(checks.repository.status_history(head)) == said
    assert answer(checks.shop, number) == ""


def test_buttons_are_commands_and_bound_to_their_commit(checks: Checks) -> None:
    number = checks.shop.propose({"deploy/settings.yaml": FILES["deploy/settings.yaml"].replace("blue", "red")})
    checks.shop.await_preview(number)
    before = checks.with_button(checks.repository.pull(number).head_sha, "preview", "hold")
    head = checks.repository.push("feature", {"README.md": "more\n"})
    checks.shop.await_preview(number)
    checks.repository.grant("ann", "write")
    checks.repository.press(before, "hold", user="ann")  # at a commit that the change has moved on from
    checks.press(head, "preview", "hold", role="triage", user="tim")
    checks.await_answer(number, "hold takes the permission write")
    checks.press(head, "preview", "hold")
    checks.await_answer(number, f"{checks.shop.name}: held by ann")

    sha = checks.repository.merge(number)
    name = f"sync/{checks.shop.name}"
    checks.shop.stage.until(lambda: "held by ann" in checks.said(sha, name), what="the hold")
    checks.press(sha, name, "sync", user="ben")
    checks.await_answer(number, f"> /foresail sync {checks.shop.name} · ben")
    checks.await_answer(number, "held by ann until it is released; /foresail release ends that")
    ask(checks.shop, number, "/foresail release")
    checks.shop.await_sync(sha)
    assert checks.shop.data("settings") == {"COLOUR": "red"}
    assert checks.run(sha, name).fields["actions"] == []

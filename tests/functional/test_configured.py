"""A repository says in `.foresail/config.yaml` of its base branch which changes are previewed, and how."""

from __future__ import annotations

from bot.forges.github import PERMISSION_FOR_TEAMS
from tests.functional.conftest import Opener, Shop, application, config_map, deployment
from tests.functional.test_commands import answer, ask

_FILE = ".foresail/config.yaml"
_SETTINGS = "deploy/settings.yaml"


def _configured(open_shop: Opener, text: str) -> Shop:
    return open_shop({_FILE: text, _SETTINGS: config_map(COLOUR="blue"), "docs/a.md": "words\n"})


def _label(shop: Shop, number: int, name: str) -> None:
    shop.stage.github.repository(shop.repository.full_name).label(number, name)


def _described(shop: Shop, number: int) -> str:
    status = shop.status(shop.repository.pull(number).head_sha, "preview")
    return "" if status is None else f"{status.state}: {status.description}"


def _await(shop: Shop, number: int, words: str) -> None:
    shop.stage.until(lambda: words in _described(shop, number), what=f"{words!r} on #{number}")


def test_a_change_of_ignored_files_alone_is_not_previewed(open_shop: Opener) -> None:
    shop = _configured(open_shop, "ignore: ['docs/**']\n")
    number = shop.propose({"docs/a.md": "better words\n"})
    assert shop.await_preview(number) == "success"
    assert "ignores all files that it changes" in _described(shop, number)
    assert shop.comment(number) is None


def test_labels_and_drafts_decide_and_are_followed(open_shop: Opener) -> None:
    shop = _configured(open_shop, "drafts: false\nlabels: {skip: [no-preview], require: [preview]}\n")
    number = shop.propose({_SETTINGS: config_map(COLOUR="green")})
    _await(shop, number, "pending: previewed as soon as it has the label preview")

    _label(shop, number, "preview")
    _await(shop, number, "success: Merging changes 1 resource")
    assert "+  COLOUR: green" in shop.body(number)

    shop.repository.set_draft(number, draft=True)
    _await(shop, number, "pending: a draft")
    assert "COLOUR" not in shop.body(number)

    shop.repository.set_draft(number, draft=False)
    _await(shop, number, "success: Merging changes 1 resource")

    _label(shop, number, "no-preview")
    _await(shop, number, "success: not previewed, as its label no-preview says")


def test_a_wrong_file_is_told_and_defaults_hold(open_shop: Opener) -> None:
    shop = _configured(open_shop, "drafts: true\ndrafs: true\n")
    number = shop.propose({_SETTINGS: config_map(COLOUR="green")})
    assert shop.await_preview(number) == "success"
    assert "line 2: there is no key" in shop.body(number)
    assert "+  COLOUR: green" in shop.body(number)


def test_who_is_to_look_at_a_danger_is_mentioned(open_shop: Opener) -> None:
    shop = open_shop(
        {_FILE: "reviewers: {caution: ['@acme/platform'], warning: ['@ana']}\n", "deploy/web.yaml": deployment()}
    )
    number = shop.propose({"deploy/web.yaml": deployment(replicas=0)})
    shop.await_preview(number)
    assert "**Asked to look at this:** @" in shop.body(number)


def test_what_a_change_itself_says_holds_after_the_merge_only(open_shop: Opener) -> None:
    shop = _configured(open_shop, "comments: {collapse: true}\n")
    number = shop.propose({_FILE: "labels: {skp: [x]}\nignore: ['**']\n", _SETTINGS: config_map(COLOUR="green")})
    assert shop.await_preview(number) == "success"
    body = shop.body(number)
    assert "+  COLOUR: green" in body
    assert "<details open>" not in body
    assert "for other changes once this is merged" in body
    assert "did you mean" in body


def test_what_is_merged_waits_for_a_command_until_the_file_says_otherwise(open_shop: Opener) -> None:
    shop = open_shop({_SETTINGS: config_map(COLOUR="blue")})
    rules = "commands: {sync: {least: maintain}}\n"
    shop.repository.push("main", {_FILE: f"sync: {{when: command, applications: ['shop-*']}}\n{rules}"})
    number = shop.propose({_SETTINGS: config_map(COLOUR="green")})
    shop.await_preview(number)
    assert "waits for a manual sync" in shop.body(number)
    sha = shop.repository.merge(number)
    _await_waiting(shop, sha)
    assert shop.data("settings") == {"COLOUR": "blue"}
    shop.repository.grant("ann", "write")
    shop.repository.comment(number, "/foresail sync", user="ann")
    words = "sync takes the permission maintain"
    shop.stage.until(lambda: any(words in one.body for one in shop.repository.comments(number)), what="a refusal")
    assert shop.data("settings") == {"COLOUR": "blue"}
    shop.repository.grant("ann", "maintain")
    shop.repository.comment(number, "/foresail sync", user="ann")
    shop.await_sync(sha)
    assert shop.data("settings") == {"COLOUR": "green"}

    sha = shop.repository.push("main", {_SETTINGS: config_map(COLOUR="red")})
    _await_waiting(shop, sha)
    shop.repository.push("main", {_FILE: "sync: {when: merge}\n"})
    shop.await_sync(sha)
    assert shop.data("settings") == {"COLOUR": "red"}


def test_nobody_gets_around_the_rules_by_a_branch_without_any(open_shop: Opener) -> None:
    shop = open_shop({_SETTINGS: config_map(COLOUR="blue")})
    shop.repository.push("main", {_FILE: "commands: {hold: {people: ['@ana']}}\n"})
    shop.repository.push("theirs", {_FILE: None})
    shop.repository.push("feature", {"docs/a.md": "words\n"})
    number = shop.repository.open_pull_request(head="feature", base="theirs").number
    ask(shop, number, f"/foresail hold {shop.name}", user="ben")
    assert "hold is only taken from those whom" in answer(shop, number)
    ask(shop, number, f"/foresail hold {shop.name}", user="ana")
    assert f"{shop.name}: held by ana" in answer(shop, number).replace("`", "")


def test_whoever_commands_an_application_of_another_branch_is_held_to_that_ones_rules(open_shop: Opener) -> None:
    shop = open_shop({_SETTINGS: config_map(COLOUR="blue")})
    shop.repository.push("production", {_FILE: "commands: {hold: {least: maintain}}\n"})
    name = f"{shop.name}-prod"
    manifest = application(shop).replace(f"name: {shop.name}\n", f"name: {name}\n").replace(": main}", ": production}")
    shop.stage.plane.kubectl("apply", "--filename=-", stdin=manifest)
    number = shop.propose({"docs/a.md": "words\n"})
    ask(shop, number, f"/foresail hold {name}", user="ben")
    assert "hold takes the permission maintain" in answer(shop, number)
    ask(shop, number, f"/foresail hold {shop.name}", user="ben")
    assert f"{shop.name}: held by ben" in answer(shop, number).replace("`", "")
    ask(shop, number, f"/foresail hold {name}", user="ana", role="maintain")
    assert f"{name}: held by ana" in answer(shop, number).replace("`", "")


def test_a_team_gives_commands_once_it_can_be_looked_up(open_shop: Opener) -> None:
    shop = open_shop({_SETTINGS: config_map(COLOUR="blue")})
    owner, forge = shop.repository.full_name.partition("/")[0], shop.stage.github
    shop.repository.push("main", {_FILE: f"commands: {{hold: {{people: ['@{owner}/platform']}}}}\n"})
    forge.create_team(f"{owner}/platform", ["ana"])
    number = shop.propose({"docs/a.md": "words\n"})
    ask(shop, number, f"/foresail hold {shop.name}", user="ana")
    said = answer(shop, number)
    assert f"nobody knows who is in @{owner}/platform" in said.replace("`", "")
    assert "members: read" in said
    shop.stage.app.permissions |= PERMISSION_FOR_TEAMS
    ask(shop, number, f"/foresail hold {shop.name}", user="ben")
    assert "hold is only taken from those whom" in answer(shop, number)
    ask(shop, number, f"/foresail hold {shop.name}", user="ana")
    assert f"{shop.name}: held by ana" in answer(shop, number).replace("`", "")


def _await_waiting(shop: Shop, sha: str) -> None:
    def waits() -> bool:
        status = shop.status(sha, "sync")
        return status is not None and "waits for a person to write /foresail sync" in (status.description or "")

    shop.stage.until(waits, what="a commit that waits for a command")
    shop.stage.until(shop.stage.is_idle, what="an end of all work")


def test_an_application_that_is_not_previewed_is_named_and_syncs(open_shop: Opener) -> None:
    shop = _configured(open_shop, "applications: {ignore: ['shop-*']}\n")
    number = shop.propose({_SETTINGS: config_map(COLOUR="green")})
    shop.await_preview(number)
    assert _described(shop, number).startswith("success: Nothing predicted, 1 touched application not previewed")
    assert f"touched and not previewed, as `{_FILE}` says, is `{shop.name}`" in shop.body(number)
    shop.await_sync(shop.repository.merge(number))
    shop.stage.until(lambda: "healthy" in shop.body(number), what="the epilogue")
    assert "as predicted" not in shop.body(number)

"""Who may give which command about which application of a project that has roles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from bot.engine.roles import why_not_given, why_not_understood
from bot.errors import Rejected
from bot.model.commands import LEAST, Verb
from bot.model.projects import AppProject

DEPLOY = {
    "name": "deploy",
    "groups": ["@acme/platform", "@Ana"],
    "policies": ["p, proj:shop:deploy, applications, sync, shop/*, allow"],
}


def project(*roles: dict[str, Any]) -> AppProject:
    return AppProject.parse({"metadata": {"name": "shop"}, "spec": {"roles": list(roles)}})


def role(*policies: str, name: str = "deploy", groups: Iterable[str] = ("acme/platform",)) -> dict[str, Any]:
    lines = [f"p, proj:shop:{name}, {policy}" for policy in policies]
    return {"name": name, "groups": list(groups), "policies": lines}


def why_not(found: AppProject, verb: Verb = Verb.SYNC, *, name: str = "web", of: str = "", author: str = "eve") -> str:
    """Ask as somebody who is in the team `of`; whoever asks about `acme/unseen` hears that it cannot be looked up."""

    def is_in_any(teams: Iterable[str]) -> bool:
        if "acme/unseen" in teams:
            raise Rejected("acme/unseen cannot be seen")
        return of in teams

    return why_not_given(found, name, verb, author=author, is_in_any=is_in_any)


def never(_teams: Iterable[str]) -> bool:
    raise AssertionError("nobody need be looked up")


@pytest.mark.parametrize("verb", Verb)
def test_a_project_without_roles_leaves_it_to_the_forge(verb: Verb) -> None:
    assert why_not_given(project(), "web", verb, author="eve", is_in_any=never) == ""


@pytest.mark.parametrize("group", ["platform", "acme:Platform Team", "/acme/platform", "ann@example.com", ""])
def test_so_does_one_whose_roles_are_for_a_sign_in_service(group: str) -> None:
    found = project(role("applications, sync, shop/*, deny", groups=[group]))
    assert why_not_given(found, "web", Verb.SYNC, author="eve", is_in_any=never) == ""


@pytest.mark.parametrize("group", ["@ana, @ben", "@acme/platform team", "@", "@acme/", "@ana;@ben"])
@pytest.mark.parametrize("others", [(), (DEPLOY,)])
def test_a_person_that_is_miswritten_takes_nobodys_denial_away(group: str, others: tuple[dict[str, Any], ...]) -> None:
    found = project(*others, role("applications, sync, shop/*, deny", name="frozen", groups=[group]))
    assert "is no person or team of a forge" in why_not_understood(found)
    with pytest.raises(Rejected, match="is no person or team of a forge"):
        why_not(found, author="ana")


def test_a_person_or_a_team_may_what_their_role_allows() -> None:
    assert why_not(project(DEPLOY), author="ANA") == ""
    assert why_not(project(DEPLOY), of="acme/platform") == ""
    assert why_not(project(DEPLOY)) == "takes a role of project shop that allows sync, and eve has none"


def test_a_team_may_be_written_as_argo_cds_sign_in_has_it() -> None:
    found = project(role("applications, sync, shop/*, allow", groups=["acme:platform", '"acme/web/ops"']))
    assert why_not(found, of="acme/platform") == ""
    assert why_not(found, of="acme/web/ops") == ""


def test_a_denial_beats_everything_that_allows() -> None:
    found = project(DEPLOY, role("applications, *, shop/web, deny", name="frozen", groups=["@ana"]))
    assert why_not(found, author="ana") == "is kept from ana: role frozen of project shop denies to sync it"
    assert why_not(found, author="ana", name="db") == ""
    assert why_not(found, of="acme/platform") == ""


@pytest.mark.parametrize(
    ("policy", "verbs"),
    [
        ("applications, sync, shop/*, allow", {"sync", "retry", "cancel", "approve", "rollback"}),
        ("applications, rollback, shop/*, allow", {"rollback"}),
        ("applications, update, shop/*, allow", {"hold", "release"}),
        ("applications, *, shop/*, allow", {"sync", "retry", "cancel", "approve", "rollback", "hold", "release"}),
        ("applications, get, shop/*, allow", set()),
        ("applications, action/*, shop/*, allow", set()),
        ("applications, update/*, shop/*, allow", set()),
        ("applicationsets, *, shop/*, allow", set()),
        ("repositories, *, shop/*, allow", set()),
    ],
)
def test_a_command_takes_the_action_that_argo_cd_has_for_it(policy: str, verbs: set[str]) -> None:
    found = project(role(policy))
    taken = {verb for verb in Verb if LEAST[verb] == "write" and not why_not(found, verb, of="acme/platform")}
    assert taken == verbs


def test_what_only_reads_takes_no_role() -> None:
    assert {why_not(project(DEPLOY), verb) for verb in (Verb.DIFF, Verb.EXPLAIN, Verb.PREVIEW, Verb.HELP)} == {""}


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("shop/*", {"web", "web-eu", "team/web"}),
        ("shop/web", {"web"}),
        ("shop/web*", {"web", "web-eu"}),
        ("shop/team/*", {"team/web"}),
        ("shop/*/web", {"team/web"}),
    ],
)
def test_applications_are_meant_by_globs_whose_star_takes_anything(where: str, names: set[str]) -> None:
    found = project(role(f"applications, sync, {where}, allow"))
    meant = {name for name in ("web", "web-eu", "db", "team/web") if not why_not(found, name=name, of="acme/platform")}
    assert meant == names | ({"db"} if where == "shop/*" else set())


def test_whom_nobody_can_look_up_is_not_taken_for_allowed_and_not_for_not_denied() -> None:
    unseen = role("applications, sync, shop/*, deny", name="frozen", groups=["acme/unseen"])
    with pytest.raises(Rejected, match="cannot be seen"):
        why_not(project(DEPLOY, unseen), author="ana")
    allowing = role("applications, sync, shop/*, allow", name="other", groups=["acme/unseen"])
    with pytest.raises(Rejected, match="cannot be seen"):
        why_not(project(allowing, DEPLOY))
    assert why_not(project(allowing, DEPLOY), author="ana") == ""


def test_nobody_is_looked_up_for_what_does_not_decide() -> None:
    found = project(role("applications, sync, shop/db, allow"), role("applications, get, shop/*, deny", name="other"))
    told = why_not_given(found, "web", Verb.SYNC, author="eve", is_in_any=never)
    assert told == "takes a role of project shop that allows sync, and eve has none"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("p, proj:shop:deploy, applications, sync, shop/*", "is not of the form"),
        ("g, proj:shop:deploy, applications, sync, shop/*, allow", "is not of the form"),
        ("p, proj:shop:deploy, applications, sync, shop/*, allow, more", "is not of the form"),
        ("", "is not of the form"),
        ("p, proj:bank:deploy, applications, sync, shop/*, allow", "is about 'proj:bank:deploy'"),
        ("p, proj:shop:other, applications, sync, shop/*, allow", "is about 'proj:shop:other'"),
        ("p, proj:shop:deploy, *, sync, shop/*, allow", "names the resource '*'"),
        ("p, proj:shop:deploy, applications, snyc, shop/*, allow", "names the action 'snyc'"),
        ("p, proj:shop:deploy, applications, s*, shop/*, allow", "names the action 's*'"),
        ("p, proj:shop:deploy, applications, sync, *, allow", "is about '*'"),
        ("p, proj:shop:deploy, applications, sync, bank/*, allow", "is about 'bank/*'"),
        ("p, proj:shop:deploy, applications, sync, shop/{web}, allow", "is about 'shop/{web}'"),
        ("p, proj:shop:deploy, applications, sync, shop/a/b/c, allow", "is about 'shop/a/b/c'"),
        ("p, proj:shop:deploy, applications, sync, shop/*, Allow", "ends in 'Allow'"),
        ("p, proj:shop:deploy, applications, sync, shop/*, allow\u202e", "ends in 'allow\\u202e'"),
    ],
)
def test_what_is_no_policy_allows_nothing_and_is_told(line: str, words: str) -> None:
    found = project(DEPLOY | {"policies": [*DEPLOY["policies"], line]})
    assert words in why_not_understood(found)
    assert "project shop: a policy of role deploy" in why_not_understood(found)
    with pytest.raises(Rejected):
        why_not(found, author="ana")


def test_a_role_has_a_name_that_can_be_told_apart() -> None:
    assert why_not_understood(project(DEPLOY | {"name": "a:b"})) == "project shop: 'a:b' is no name of a role"
    assert why_not_understood(project(DEPLOY)) == ""


def test_a_name_is_no_pattern() -> None:
    dotted = AppProject.parse(
        {
            "metadata": {"name": "s.op"},
            "spec": {"roles": [DEPLOY | {"policies": ["p, proj:s.op:deploy, applications, sync, shop/*, allow"]}]},
        }
    )
    assert "is about 'shop/*', and not about s.op/<application>" in why_not_understood(dotted)

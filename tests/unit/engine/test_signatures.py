"""Which signatures a project takes, and what GnuPG and ssh-keygen say of one."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.signatures import Demand, demanded, of_gnupg, of_ssh, ssh_fingerprint
from bot.errors import Rejected
from bot.model.projects import AppProject
from bot.model.signatures import Signature, Verdict

SHOP = "https://github.com/acme/shop"
KEY = "98FB5A91A8462D5153B6264DB1DB5409E33D2093"
OTHER = "0" * 24 + "B1DB5409E33D2094"
SSH = "SHA256:x7qVYWmDnEets6gW/PwehF7Qgf06dlLWry2x7SfWjfE"
GOOD = f"""\
[GNUPG:] NEWSIG
[GNUPG:] KEY_CONSIDERED {KEY} 0
[GNUPG:] GOODSIG {KEY[-16:]} Alice <alice@example.com>
[GNUPG:] VALIDSIG {KEY} 2026-11-30 1796074150 0 4 0 22 8 00 {KEY}
"""


def project(**spec: Any) -> AppProject:
    return AppProject.parse({"metadata": {"name": "team"}, "spec": spec})


def policy(*urls: str, mode: str = "head", keys: tuple[str, ...] = (KEY,)) -> dict[str, Any]:
    return {"repos": [{"url": url} for url in urls], "gpg": {"mode": mode, "keys": list(keys)}}


def by_policies(*policies: dict[str, Any], url: str = SHOP, **more: Any) -> Demand | None:
    return demanded(project(sourceIntegrity={"git": {"policies": list(policies)}}, **more), url)


def refusal(signature: Signature, *keys: str) -> str:
    return Demand("team", keys or (KEY,)).refusal(signature, of="commit abc1234 of shop")


@pytest.mark.parametrize("listed", [KEY, KEY[-16:], KEY.lower(), KEY[-16:].lower()])
def test_a_key_is_listed_by_its_fingerprint_or_long_id(listed: str) -> None:
    assert refusal(Signature(Verdict.GOOD, KEY), OTHER, listed) == ""


@pytest.mark.parametrize("listed", [OTHER, KEY[-8:], KEY[:39], f"0x{KEY[-16:]}", "", "*", SSH])
def test_nothing_else_lists_it(listed: str) -> None:
    assert refusal(Signature(Verdict.GOOD, KEY), listed).startswith(
        f"Signature required: commit abc1234 of shop is signed with the key {KEY}, which project team does not list."
    )


def test_a_key_of_ssh_is_listed_by_its_hash_to_the_letter() -> None:
    assert refusal(Signature(Verdict.GOOD, SSH), SSH) == ""
    assert refusal(Signature(Verdict.GOOD, SSH), SSH.swapcase())


@pytest.mark.parametrize("verdict", [one for one in Verdict if one is not Verdict.GOOD])
def test_no_other_verdict_is_taken_whatever_the_key(verdict: Verdict) -> None:
    assert str(verdict) in refusal(Signature(verdict, KEY))


def test_whoever_reads_a_refusal_knows_what_to_do() -> None:
    assert refusal(Signature(Verdict.UNSIGNED)) == (
        "Signature required: commit abc1234 of shop is not signed. Sign it (git commit -S). "
        f"Project team takes only what is signed with {KEY}."
    )
    assert "ConfigMap argocd-gpg-keys-cm" in refusal(Signature(Verdict.UNKNOWN_KEY, KEY[-16:]))
    assert "ConfigMap foresail-ssh-signers" in refusal(Signature(Verdict.UNKNOWN_KEY, SSH))


def test_of_a_merge_no_more_is_said_than_is_certain() -> None:
    told = Demand("team", (KEY[-16:],))
    assert told.foretold([OTHER]).startswith("the merge will be refused: none of the keys that project team wants")
    assert told.foretold([OTHER, KEY]) == (
        f"project team takes only commits that are signed with {KEY[-16:]}: the merge will be refused unless whoever "
        "makes its commit, which may be the forge, signs it so"
    )


def test_a_project_that_lists_no_keys_demands_nothing() -> None:
    assert demanded(None, SHOP) is None
    assert demanded(project(), SHOP) is None
    assert demanded(project(sourceIntegrity={}), SHOP) is None


def test_listed_keys_count_for_every_repository() -> None:
    assert demanded(project(signatureKeys=[{"keyID": KEY}]), SHOP) == Demand("team", (KEY,))
    assert demanded(project(signatureKeys=[{"keyID": KEY}], sourceIntegrity={}), SHOP) == Demand("team", (KEY,))


@pytest.mark.parametrize(
    "url", [SHOP, f"{SHOP}.git", "https://GitHub.com/acme/shop", "https://github.com:443/acme/shop"]
)
def test_a_policy_is_about_a_repository_however_its_url_is_written(url: str) -> None:
    assert by_policies(policy("https://github.com/acme/*"), url=url) == Demand("team", (KEY,))


def test_policies_about_others_do_not_matter() -> None:
    away = policy("https://gitlab.com/**"), policy("*", f"!{SHOP}"), policy(SHOP, mode="none")
    assert by_policies(*away) is None
    assert by_policies(*away, signatureKeys=[{"keyID": OTHER}]) is None
    assert by_policies({"repos": [{"url": SHOP}]}) is None


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        ((policy("*"), policy(SHOP)), "2 policies of project team"),
        ((policy("*", mode="strict"),), "only none and head"),
        ((policy("{"),), "no pattern"),
    ],
)
def test_what_cannot_be_told_is_no_way_past_it(policies: tuple[dict[str, Any], ...], words: str) -> None:
    with pytest.raises(Rejected, match=words):
        by_policies(*policies)


def test_a_policy_without_keys_takes_nothing() -> None:
    demand = by_policies(policy("*", keys=()))
    assert demand is not None
    assert demand.refusal(Signature(Verdict.GOOD, KEY), of="it").endswith("signed with no key at all.")


def test_a_good_signature_has_the_key_that_made_it_and_not_the_one_it_belongs_to() -> None:
    assert of_gnupg(GOOD, ended_well=True) == Signature(Verdict.GOOD, KEY)
    belongs = GOOD.replace(f" 00 {KEY}", f" 00 {OTHER}")
    assert of_gnupg(belongs, ended_well=True) == Signature(Verdict.GOOD, KEY)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (f"BADSIG {KEY[-16:]} Alice", Signature(Verdict.BAD, KEY[-16:])),
        (f"EXPSIG {KEY[-16:]} Alice", Signature(Verdict.EXPIRED_SIGNATURE, KEY[-16:])),
        (f"EXPKEYSIG {KEY[-16:]} Alice", Signature(Verdict.EXPIRED_KEY, KEY[-16:])),
        (f"REVKEYSIG {KEY[-16:]} Alice", Signature(Verdict.REVOKED_KEY, KEY[-16:])),
        (f"ERRSIG {KEY[-16:]} 22 8 00 1796074150 9 {KEY}", Signature(Verdict.UNKNOWN_KEY, KEY[-16:])),
        (f"ERRSIG {KEY[-16:]} 22 8 00 1796074150 4 {KEY}", Signature(Verdict.UNCLEAR, KEY[-16:])),
        ("BADSIG Alice 0", Signature(Verdict.BAD)),
        ("", Signature(Verdict.UNCLEAR)),
    ],
)
def test_what_else_gnupg_says(status: str, told: Signature) -> None:
    assert of_gnupg(f"[GNUPG:] NEWSIG\n[GNUPG:] {status}\n", ended_well=False) == told


@pytest.mark.parametrize(
    "words",
    [
        GOOD + GOOD,
        GOOD + f"[GNUPG:] GOODSIG {OTHER[-16:]} Mallory\n",
        GOOD + f"[GNUPG:] VALIDSIG {OTHER} 2026-11-30\n",
        GOOD.replace("[GNUPG:] GOODSIG", "[GNUPG:]  GOODSIG"),
        GOOD.replace("[GNUPG:] VALIDSIG", "VALIDSIG"),
        GOOD.replace(f"VALIDSIG {KEY}", f"VALIDSIG {KEY}00"),
    ],
)
def test_nothing_is_good_of_which_it_is_not_plain_who_signed(words: str) -> None:
    assert of_gnupg(words, ended_well=True).verdict is Verdict.UNCLEAR


def test_what_gnupg_finds_good_is_not_where_git_is_not_content() -> None:
    assert of_gnupg(GOOD, ended_well=False).verdict is Verdict.UNCLEAR


def test_a_signature_of_ssh_is_good_where_somebody_has_the_key() -> None:
    good = f'Good "git" signature for alice@example.com with ED25519 key {SSH}\n'
    assert of_ssh(good, ended_well=True) == Signature(Verdict.GOOD, SSH)
    assert of_ssh(good, ended_well=False).verdict is Verdict.UNCLEAR
    nobody = f'Good "git" signature with ED25519 key {SSH}\nNo principal matched.\n'
    assert of_ssh(nobody, ended_well=False) == Signature(Verdict.UNKNOWN_KEY, SSH)
    assert of_ssh(nobody, ended_well=True).verdict is Verdict.UNKNOWN_KEY
    assert of_ssh(f"Could not verify\n{good}", ended_well=True).verdict is Verdict.UNCLEAR


ED25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIGeDh9zkAyvLX0IeRQMbZ8nGcCAlUA8RHqnGBh5iRYC5"


@pytest.mark.parametrize(
    "line", [f"alice ssh-ed25519 {ED25519} note", f'ssh-bob namespaces="git" ssh-ed25519 {ED25519}']
)
def test_a_line_of_allowed_signers_has_a_key(line: str) -> None:
    assert ssh_fingerprint(line) == "SHA256:RjJfA4kbWD46wTbYBb0BdRcymzezV7RFYrJA2TeyH2A"


@pytest.mark.parametrize(
    "line", ["", f"# alice ssh-ed25519 {ED25519}", "alice ssh-ed25519", "alice ssh-ed25519 !", "a b c"]
)
def test_a_line_without_a_key_has_none(line: str) -> None:
    assert ssh_fingerprint(line) == ""

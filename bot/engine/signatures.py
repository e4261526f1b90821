"""Which commits a project lets its applications be rendered from: those that certain keys have signed.

Source: argo-cd `docs/user-guide/source-integrity-git-gpg.md`, `util/sourceintegrity`, `util/git/client.go`.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from bot.engine.globs import compiled
from bot.errors import Rejected
from bot.model.changes import repository_address
from bot.model.signatures import Signature, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.model.projects import AppProject, IntegrityPolicy

GNUPG_KEYS: Final = "argocd-gpg-keys-cm"
"""The ConfigMap that holds the GnuPG keys which are known."""
SSH_SIGNERS: Final = "foresail-ssh-signers"
"""The ConfigMap that holds the SSH keys which are known."""
REQUIRED: Final = "Signature required: "
"""Begins whatever is said of a commit that is not signed as it has to be."""
_SSH_KINDS: Final = ("ssh-", "ecdsa-", "sk-")
_STATUS: Final = "[GNUPG:] "
_FINGERPRINT: Final = re.compile(r"[0-9A-F]{40}")
_LONG_ID: Final = re.compile(r"[0-9A-F]{16}")
_SSH_KEY: Final = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_GOOD_SSH: Final = re.compile(r'Good "git" signature for .* with [\w@.-]+ key (SHA256:[A-Za-z0-9+/]{43})')
_SOME_SSH: Final = re.compile(r'Good "git" signature with [\w@.-]+ key (SHA256:[A-Za-z0-9+/]{43})')
"""What ssh-keygen says where no line of `allowed_signers` has the key."""
_OF_GNUPG: Final = {
    "BADSIG": Verdict.BAD,
    "EXPSIG": Verdict.EXPIRED_SIGNATURE,
    "EXPKEYSIG": Verdict.EXPIRED_KEY,
    "REVKEYSIG": Verdict.REVOKED_KEY,
}
_NO_KEY: Final = "9"
"""GnuPG's code in `ERRSIG` for a key that it does not have (its `doc/DETAILS`)."""
_NAMED: Final = 5
"""Keys that are named where there are many."""
_MODES: Final = frozenset({"none", "head"})


@dataclass(frozen=True, slots=True)
class Demand:
    """That a commit be signed."""

    project: str
    keys: tuple[str, ...]
    """As the project lists them: long ids or fingerprints of GnuPG, `SHA256:…` of SSH; what is neither fits none."""

    def allows(self, key: str) -> bool:
        """Whether a key, by its fingerprint, is one of those: itself, and not one that it belongs to."""
        return any(_is(listed, key) for listed in self.keys)

    def refusal(self, signature: Signature, *, of: str) -> str:
        """Return why what has this signature is not taken, empty when it is; `of` names it."""
        if signature.verdict is Verdict.GOOD and self.allows(signature.key):
            return ""
        by = f" {signature.key}" if signature.key else ""
        if signature.verdict is Verdict.GOOD:
            return (
                f"{REQUIRED}{of} is signed with the key{by}, which project {self.project} does not list. {self._lists}"
            )
        told = f"{signature.verdict}:{by}" if by else str(signature.verdict)
        return f"{REQUIRED}{of} {told}. {_remedy(signature)}{self._lists}"

    def foretold(self, known: Iterable[str]) -> str:
        """Return what is certain of any merge; `known` are the fingerprints of all keys that are known."""
        if not any(map(self.allows, known)):
            return (
                f"the merge will be refused: none of the keys that project {self.project} wants commits to be signed "
                f"with is known, {self._listed}. Add them to the ConfigMap {GNUPG_KEYS} or {SSH_SIGNERS}."
            )
        return (
            f"project {self.project} takes only commits that are signed with {self._listed}: the merge will be refused "
            "unless whoever makes its commit, which may be the forge, signs it so"
        )

    @property
    def _listed(self) -> str:
        more = f" or {len(self.keys) - _NAMED} more" if len(self.keys) > _NAMED else ""
        return (", ".join(self.keys[:_NAMED]) or "no key at all") + more

    @property
    def _lists(self) -> str:
        return f"Project {self.project} takes only what is signed with {self._listed}."


def _remedy(signature: Signature) -> str:
    match signature.verdict:
        case Verdict.UNKNOWN_KEY if signature.key.startswith("SHA256:"):
            return f"Add it to the ConfigMap {SSH_SIGNERS} if it is to be trusted. "
        case Verdict.UNKNOWN_KEY:
            return f"Add it to the ConfigMap {GNUPG_KEYS} if it is to be trusted. "
        case Verdict.UNSIGNED:
            return "Sign it (git commit -S). "
        case _:
            return ""


def demanded(project: AppProject | None, url: str) -> Demand | None:
    """Return with which keys a project wants commits of a repository to be signed; None where it does not mind.

    Raises Rejected where that cannot be told: then nothing may be rendered.
    """
    if project is None:
        return None
    git = project.spec.source_integrity.git if project.spec.source_integrity is not None else None
    if git is None:
        keys = tuple(one.key_id for one in project.spec.signature_keys)
        return Demand(project.name, keys) if keys else None
    policies = [one for one in git.policies if _is_about(one, repository_address(url))]
    if len(policies) > 1:
        raise Rejected(f"{REQUIRED}{len(policies)} policies of project {project.name} are about {url}; one may be")
    gpg = policies[0].gpg if policies else None
    if gpg is None or gpg.mode == "none":
        return None
    if gpg.mode not in _MODES:
        raise Rejected(
            f"{REQUIRED}project {project.name} asks for mode {gpg.mode!r}, and only none and head are known here"
        )
    return Demand(project.name, gpg.keys)


def of_gnupg(status: str, *, ended_well: bool) -> Signature:
    """Read what GnuPG said of one signature; `ended_well`: whether git was content with it.

    Source: gnupg `doc/DETAILS`. What a key's owner chose, such as a name, stands at the end of a line, escaped.
    """
    said = [line[len(_STATUS) :].split(" ") for line in status.splitlines() if line.startswith(_STATUS)]
    good = [words for words in said if words[0] == "GOODSIG"]
    valid = [words for words in said if words[0] == "VALIDSIG" and len(words) > 1]
    if ended_well and len(good) == len(valid) == 1 and _FINGERPRINT.fullmatch(valid[0][1]):
        return Signature(Verdict.GOOD, valid[0][1])
    if sum(words[0] == "NEWSIG" for words in said) > 1:
        return Signature(Verdict.UNCLEAR)  # which of several would count is anybody's guess
    for words in said:
        verdict = _OF_GNUPG.get(words[0])
        if words[0] == "ERRSIG" and len(words) > 6:  # noqa: PLR2004 - the sixth is the code
            verdict = Verdict.UNKNOWN_KEY if words[6] == _NO_KEY else Verdict.UNCLEAR
        if verdict is not None:
            key = valid[0][1] if valid else words[1]
            return Signature(verdict, key if _FINGERPRINT.fullmatch(key) or _LONG_ID.fullmatch(key) else "")
    return Signature(Verdict.UNCLEAR)


def of_ssh(words: str, *, ended_well: bool) -> Signature:
    """Read what ssh-keygen said of one signature, by way of git."""
    first = words.partition("\n")[0]
    if ended_well and (found := _GOOD_SSH.fullmatch(first)):
        return Signature(Verdict.GOOD, found[1])
    if found := _SOME_SSH.fullmatch(first):
        return Signature(Verdict.UNKNOWN_KEY, found[1])
    return Signature(Verdict.UNCLEAR)


def ssh_fingerprint(line: str) -> str:
    """Return the fingerprint of the key on a line of `allowed_signers`, whatever stands before it; empty: none is."""
    words = line.strip().split()
    for kind, key in pairwise(words if not line.startswith("#") else []):
        if kind.startswith(_SSH_KINDS):
            try:
                blob = base64.b64decode(key, validate=True)
            except ValueError:
                continue  # somebody has such a name
            return f"SHA256:{base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')}"
    return ""


def _is(listed: str, key: str) -> bool:
    match _kind(listed):
        case "ssh" | "fingerprint":
            return key in {listed, listed.upper()}
        case "id":
            return _FINGERPRINT.fullmatch(key) is not None and key.endswith(listed.upper())
        case _:
            return False


def _kind(listed: str) -> str | None:
    if _SSH_KEY.fullmatch(listed):
        return "ssh"
    if _FINGERPRINT.fullmatch(listed.upper()):
        return "fingerprint"
    return "id" if _LONG_ID.fullmatch(listed.upper()) else None


def _is_about(policy: IntegrityPolicy, address: str) -> bool:
    """Whether a policy is about a repository, however its URL is written: a pattern with `!` denies, and wins."""
    patterns = [one.url for one in policy.repos]
    denied = any(_is_of(one[1:], address) for one in patterns if one.startswith("!"))
    return not denied and any(_is_of(one, address) for one in patterns if not one.startswith("!"))


def _is_of(pattern: str, address: str) -> bool:
    if pattern == "*":
        return True
    try:
        return compiled(repository_address(pattern)).fullmatch(address) is not None
    except ValueError as error:
        raise Rejected(f"{REQUIRED}a policy names repositories by {pattern!r}, which is no pattern: {error}") from error

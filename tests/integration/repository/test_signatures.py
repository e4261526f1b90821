"""Signatures made by real programs are verified by real programs, with nothing but the keys that are given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2
import pytest

from bot.errors import Temporary
from bot.model.applications import Source
from bot.model.signatures import Keyring, Signature, Verdict
from bot.repository.mirrors import Mirror
from bot.repository.signatures import Signatures
from tests.integration.signers import AUTHOR, Signers


@pytest.fixture(scope="module")
def signers() -> Iterator[Signers]:
    with Signers.hired() as made:
        yield made


@dataclass
class Desk:
    """A repository, and who looks at it."""

    signers: Signers
    path: Path
    signatures: Signatures

    def git(self, *words: str, told: str = "") -> str:
        return self.signers.run("git", "-C", str(self.path), *AUTHOR, *words, told=told).strip()

    def commit(self, *how: str) -> str:
        self.git(*how[:-1], "commit", "--quiet", "--allow-empty", "-m", "a change", how[-1])
        return self.git("rev-parse", "HEAD")

    def signed_by(self, name: str) -> str:
        return self.commit("-c", f"user.signingkey={self.signers.gnupg[name]}", "-S")

    def signed_by_ssh(self) -> str:
        return self.commit("-c", "gpg.format=ssh", "-c", f"user.signingkey={self.signers.home / 'ssh.pub'}", "-S")

    def of(self, name: str, keyring: Keyring) -> Signature:
        return self.signatures.of(Mirror(self.path / ".git"), name, keyring)


@pytest.fixture
def desk(signers: Signers, tmp_path: Path) -> Desk:
    pygit2.init_repository(str(tmp_path / "shop"))
    return Desk(signers, tmp_path / "shop", Signatures(tmp_path / "keyrings"))


def test_a_commit_is_signed_by_whoever_has_signed_it(desk: Desk, signers: Signers) -> None:
    plain, alice, mallory = desk.commit("--no-gpg-sign"), desk.signed_by("alice"), desk.signed_by("mallory")
    ring = signers.exported("alice")
    assert desk.of(plain, ring) == Signature(Verdict.UNSIGNED)
    assert desk.of(alice, ring) == Signature(Verdict.GOOD, signers.gnupg["alice"])
    assert desk.of(mallory, ring) == Signature(Verdict.UNKNOWN_KEY, signers.gnupg["mallory"][-16:])
    assert desk.of(alice, Keyring()).verdict is Verdict.UNKNOWN_KEY
    assert desk.signatures.known(ring) == {signers.gnupg["alice"]}


def test_a_commit_is_signed_by_ssh(desk: Desk, signers: Signers) -> None:
    signed = desk.signed_by_ssh()
    ring = Keyring(ssh=f"# ours\n{signers.allowed}")
    assert desk.of(signed, ring) == Signature(Verdict.GOOD, signers.ssh)
    assert desk.of(signed, Keyring()).verdict is not Verdict.GOOD
    elsewhere = signers.allowed.replace('namespaces="git"', 'namespaces="file"')
    assert desk.of(signed, Keyring(ssh=elsewhere)).verdict is not Verdict.GOOD
    assert desk.signatures.known(ring) == {signers.ssh}


def test_a_signature_is_of_one_commit_and_no_other(desk: Desk, signers: Signers) -> None:
    signed = desk.git("cat-file", "commit", desk.signed_by("alice"))
    moved = desk.git("hash-object", "-t", "commit", "-w", "--stdin", told=f"{signed}\nand more\n")
    assert desk.of(moved, signers.exported("alice")).verdict is Verdict.BAD


def test_no_other_object_takes_the_place_of_a_commit(desk: Desk, signers: Signers) -> None:
    signed, plain = desk.signed_by("alice"), desk.commit("--no-gpg-sign")
    foreign = desk.signed_by("mallory")
    desk.git("replace", plain, signed)
    desk.git("replace", foreign, signed)
    assert desk.of(plain, signers.exported("alice")).verdict is Verdict.UNSIGNED
    assert desk.of(foreign, signers.exported("alice")).verdict is Verdict.UNKNOWN_KEY


def test_a_revoked_key_signs_nothing(desk: Desk, signers: Signers) -> None:
    signed = desk.signed_by("revoked")
    key = signers.gnupg["revoked"]
    certificate = (signers.home / "openpgp-revocs.d" / f"{key}.rev").read_text().replace(":-----BEGIN", "-----BEGIN")
    whole = Keyring((*signers.exported("revoked").gnupg, certificate))
    assert desk.of(signed, signers.exported("revoked")).verdict is Verdict.GOOD
    assert desk.of(signed, whole) == Signature(Verdict.REVOKED_KEY, key)


def test_an_annotated_tag_is_what_counts_where_it_is_followed(desk: Desk, signers: Signers) -> None:
    ring, alice = signers.exported("alice"), signers.gnupg["alice"]
    commit = desk.commit("--no-gpg-sign")
    desk.git("-c", f"user.signingkey={alice}", "tag", "-s", "v1.1.0", "-m", "one")
    desk.git("tag", "-a", "plain", "-m", "two")
    desk.git("tag", "light")
    desk.commit("--no-gpg-sign")
    desk.git("-c", f"user.signingkey={alice}", "tag", "-s", "v1.2.0", "-m", "newer")

    def found(revision: str) -> Verdict:
        source = Source(repo_url="https://example.com/shop", target_revision=revision)
        return desk.of(Mirror(desk.path / ".git").signed_as(source, commit), ring).verdict

    assert [found(one) for one in ("v1.1.0", "refs/tags/v1.1.0", "1.x", ">=1.0.0 <1.2.0")] == [Verdict.GOOD] * 4
    assert [found(one) for one in ("plain", "light", "main", "", commit, "v1.2.0", "2.x")] == [Verdict.UNSIGNED] * 7


def test_what_is_no_key_keeps_no_key_from_being_known(desk: Desk, signers: Signers) -> None:
    signed = desk.signed_by("alice")
    good = signers.exported("alice").gnupg[0]
    bomb = desk.signers.run("gpg", "--armor", "--store", "-z", "9", told="0" * (4 << 20))
    secret = signers.run("gpg", "--batch", "--armor", "--export-secret-keys", signers.gnupg["mallory"])
    garbage = ("", "\0\udcff", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n", good[:200], bomb, secret, "--help")
    assert desk.of(signed, Keyring((*garbage, good), ssh="\0 garbage\nssh-ed25519 AAAA\n")).verdict is Verdict.GOOD


def test_what_says_that_it_is_signed_need_not_be(desk: Desk, signers: Signers) -> None:
    made = desk.git("cat-file", "commit", desk.commit("--no-gpg-sign"))
    head, _, message = made.partition("\n\n")
    armour = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n AAAA\n -----END PGP SIGNATURE-----"
    forged = f"{head}\n{armour}\n\n{message}\n[GNUPG:] GOODSIG\n-----BEGIN SSH SIGNATURE-----\n"
    name = desk.git("hash-object", "-t", "commit", "-w", "--stdin", told=forged)
    assert desk.of(name, signers.exported("alice")).verdict is Verdict.UNCLEAR


def test_programs_that_do_not_end_are_ended(desk: Desk, signers: Signers, monkeypatch: pytest.MonkeyPatch) -> None:
    signed, ring = desk.signed_by("alice"), signers.exported("alice")
    slow = desk.path / "slow" / "gpg"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}:{os.environ['PATH']}")
    desk.signatures.timeout = 0.3
    with pytest.raises(Temporary, match="took longer"):
        desk.of(signed, ring)


def test_a_ring_is_built_once_and_again_when_a_kill_left_half_of_it(desk: Desk, signers: Signers) -> None:
    signed, ring = desk.signed_by("alice"), signers.exported("alice")
    half = desk.signatures.directory / ring.name
    half.mkdir(parents=True)
    (half / "0.asc").write_text("half")
    assert desk.of(signed, ring).verdict is Verdict.GOOD
    built = (half / "pubring.kbx").stat().st_mtime_ns
    assert Signatures(desk.signatures.directory).of(Mirror(desk.path / ".git"), signed, ring).verdict is Verdict.GOOD
    assert (half / "pubring.kbx").stat().st_mtime_ns == built

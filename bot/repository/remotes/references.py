"""URLs in kustomizations, taken apart as kustomize does it: which repository, which folder in it, at which ref.

Source: kustomize `api/internal/git/repospec.go`, https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/resource/
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from bot.repository.transport import without_user

_SCHEME: Final = re.compile(r"(ssh|https?)://", re.IGNORECASE)
_FORCED: Final = re.compile(r"git::", re.IGNORECASE)
_USER: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*@")
_GITHUB: Final = re.compile(r"github\.com[/:]", re.IGNORECASE)
_SEGMENTS: Final = 2
"""Of a path that says nothing about where its repository ends: an owner and a name."""
_FILE: Final = re.compile(r"https?://.*\.(ya?ml|json)", re.IGNORECASE)
"""Paths of files; kustomize gets any URL first, and takes what cannot be got for a repository."""
_LONGEST: Final = 300
"""Characters of a reference that are shown."""
_FALSE: Final = frozenset({"0", "f", "F", "false", "FALSE", "False"})


@dataclass(frozen=True, slots=True)
class Base:
    """A folder of a repository."""

    url: str
    """Of the repository, as git takes it."""
    path: str
    """Of the folder, from the root; empty for the root."""
    ref: str = ""
    """A branch, tag, commit or `refs/…`; empty: the default branch."""
    submodules: bool = True


def is_file(reference: str) -> bool:
    """Whether a reference is a URL of one file rather than of a repository."""
    return _FILE.fullmatch(reference.partition("?")[0]) is not None


def base_of(reference: str) -> Base | None:
    """Return which folder of which repository a reference means; None when it is none that kustomize would clone."""
    whole, _, query = reference.partition("?")
    host, rest = _host(_FORCED.sub("", whole, count=1) if _FORCED.match(whole) else whole)
    repository, path = _split(rest)
    if not host or not repository or posixpath.normpath(path.lstrip("/")).split("/")[0] == "..":
        return None
    asked = parse_qs(query)
    ref = (asked.get("ref") or asked.get("version") or [""])[0]
    submodules = (asked.get("submodules") or [""])[0] not in _FALSE
    return Base(host + repository, path.strip("/"), ref, submodules)


def _host(text: str) -> tuple[str, str]:
    """Return what stands before a repository's path, and the rest; GitHub is written in one way."""
    scheme = ((found := _SCHEME.match(text)) and found[0].lower()) or ""
    text = text[len(scheme) :]
    user = ((named := _USER.match(text)) and named[0]) or ""
    text = text[len(user) :]
    github = _GITHUB.match(text) is not None
    if not scheme and not user and not github:
        return "", text
    end = text.find("/")
    colon = -1 if scheme else text.find(":")
    if colon > 0 and (end < 0 or colon < end):
        end = colon
    host, rest = text[: end + 1], text[end + 1 :]
    if github:
        return (f"{user or 'git@'}github.com:" if scheme == "ssh://" or user else "https://github.com/"), rest
    return f"{scheme}{user}{host}" if host else "", rest


def _split(text: str) -> tuple[str, str]:
    """Return a repository's path, and the folder's in it."""
    if (at := text.find("_git/")) >= 0:
        name, _, path = text[at + 5 :].partition("/")
        return f"{text[: at + 5]}{name}", path
    if "//" in text:
        repository, _, path = text.partition("//")
        return repository, path
    if (at := text.find(".git")) >= 0:
        return text[: at + 4], text[at + 4 :]
    segments = text.split("/")
    if len(segments) < _SEGMENTS:
        return "", ""
    return "/".join(segments[:_SEGMENTS]), "/".join(segments[_SEGMENTS:])


def shown_reference(reference: str) -> str:
    """Return a reference for people: without a user and password, and of a file without what may be a signature."""
    return without_user(reference.partition("?")[0] if is_file(reference) else reference)[:_LONGEST]

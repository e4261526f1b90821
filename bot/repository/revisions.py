"""Which commit a source's `targetRevision` means, in the order in which Argo CD looks.

1. A whole SHA is itself.
2. A version constraint (`1.x`, `>=1.2 <2`) is the newest tag that it allows. One version (`1.2`, `v1.2.3`) is no
   constraint but a name.
3. A name: what begins with `refs/` is that ref; else a branch, a tag, then any other ref without its `refs/`. A branch
   comes before a tag of the same name: so do refs in the list that a server gives.
4. Seven or more digits of a SHA.

Names are looked up as they are: nothing here is parsed as git parses revisions, and nothing searched for.
Source: argo-cd `util/git/client.go` (`lsRemote`, `resolveSemverRevision`).
"""

from __future__ import annotations

import re
from contextlib import suppress
from difflib import get_close_matches
from typing import Final

import pygit2

from bot.errors import Rejected
from bot.repository.versions import is_constraint, newest

HEAD: Final = "HEAD"
SHA: Final = re.compile(r"[0-9a-fA-F]{40}")
_SHORT_SHA: Final = re.compile(r"[0-9a-fA-F]{7,39}")
_BRANCHES: Final = ("refs/heads/", "refs/remotes/origin/")
"""In a mirror branches lie in the first, in a checkout also in the second."""
_TAGS: Final = "refs/tags/"
_FETCHED: Final = ("refs/heads/", _TAGS)
"""What every fetch brings."""
_NO_SHORT_NAMES: Final = ("heads/", "tags/", "remotes/")
"""Of what lies there the short name is shorter still, and to Argo CD the only one."""
_SHORT_NAMES: Final = re.compile(r"(?:pull|merge-requests)/\d+/(?:head|merge)")
"""Refs that forges keep, as they may be written without `refs/`."""
_LONGEST: Final = 250
"""Characters of a revision; a ref is a file's name to most servers. More is somebody's attempt at something."""
_NAMED: Final = 3
"""Similar names that are told to whoever gave one that is not there."""


def resolve(repository: pygit2.Repository, revision: str, *, tag_prefix: str = "") -> str:
    """Return the commit that a revision means; empty is `HEAD`, the default branch.

    A constraint is held against tags that begin with `tag_prefix`, without it. Raises Rejected, with what there is
    instead, when it means nothing or more than one thing.
    """
    if len(revision) > _LONGEST:
        raise Rejected(f"targetRevision has {len(revision)} characters, and no branch, tag or commit has so many")
    if revision in ("", HEAD):
        return _head(repository)
    if SHA.fullmatch(revision):
        return _commit(repository, revision)
    unfit = ""
    if is_constraint(revision):
        try:
            tag = newest(revision, tags(repository), prefix=tag_prefix)
            return _peeled(repository, _TAGS + tag)
        except Rejected as error:
            unfit = f"; as a constraint: {error.message}"
    if found := _name(repository, revision):
        return _peeled(repository, found)
    if _SHORT_SHA.fullmatch(revision):
        return _commit(repository, revision)
    raise _nothing(repository, revision, tag_prefix, unfit)


def annotated(repository: pygit2.Repository, revision: str, commit: str, *, tag_prefix: str = "") -> str:
    """Return the id of the annotated tag by which a revision means a commit; empty where it means it otherwise.

    Of a constraint that is the newest tag on that commit that it allows: another may have come since.
    """
    if len(revision) > _LONGEST or revision in ("", HEAD) or SHA.fullmatch(revision):
        return ""
    name = ""
    if is_constraint(revision):
        here = [one for one in tags(repository) if _tag_on(repository, _TAGS + one, commit)]
        with suppress(Rejected):
            name = _TAGS + newest(revision, here, prefix=tag_prefix)
    name = name or _name(repository, revision)
    return _tag_on(repository, name, commit) if name else ""


def _tag_on(repository: pygit2.Repository, name: str, commit: str) -> str:
    """Return the id of the annotated tag that a ref is, if it is one on `commit`; else empty."""
    try:
        tag = repository[repository.references[name].resolve().target]
        return str(tag.id) if isinstance(tag, pygit2.Tag) and str(tag.peel(pygit2.Commit).id) == commit else ""
    except (KeyError, ValueError, pygit2.GitError):
        return ""


def tags(repository: pygit2.Repository) -> list[str]:
    """Return the names of all tags."""
    return [name.removeprefix(_TAGS) for name in repository.references if name.startswith(_TAGS)]


def beside(revision: str) -> str:
    """Return which ref or commit has to be fetched besides branches and tags before a revision is here; empty: none."""
    if SHA.fullmatch(revision):
        return revision.lower()
    if _SHORT_NAMES.fullmatch(revision):
        return f"refs/{revision}"
    return revision if revision.startswith("refs/") and not revision.startswith(_FETCHED) else ""


def _head(repository: pygit2.Repository) -> str:
    if repository.head_is_unborn:
        raise Rejected("the repository has no commit on its default branch", remedy="Name a branch, tag or commit.")
    return str(repository.head.peel(pygit2.Commit).id)


def _name(repository: pygit2.Repository, revision: str) -> str:
    """Return the ref that a name means; empty when there is none."""
    if revision.startswith("refs/"):
        names = [revision]
    else:
        names = [*(place + revision for place in _BRANCHES), _TAGS + revision]
        names += [] if revision.startswith(_NO_SHORT_NAMES) else [f"refs/{revision}"]
    return next((name for name in names if _has(repository, name)), "")


def _has(repository: pygit2.Repository, name: str) -> bool:
    try:
        return name in repository.references
    except (ValueError, pygit2.GitError):
        return False  # no ref can have that name


def _peeled(repository: pygit2.Repository, name: str) -> str:
    """Return the commit that a ref, or the tag object it points to, stands for."""
    try:
        return str(repository.references[name].peel(pygit2.Commit).id)
    except (KeyError, ValueError, pygit2.GitError) as error:
        raise Rejected(f"{name} is of something that is no commit") from error


def _commit(repository: pygit2.Repository, sha: str) -> str:
    try:
        found = repository[sha.lower()]
    except KeyError as error:
        raise Rejected(f"the repository has no commit {sha}") from error
    except (ValueError, pygit2.GitError) as error:
        raise Rejected(f"more than one object begins with {sha}", remedy="Give all 40 digits.") from error
    try:
        return str(found.peel(pygit2.Commit).id)
    except (ValueError, pygit2.GitError) as error:
        raise Rejected(f"{sha} is an object of the repository, but no commit") from error


def _nothing(repository: pygit2.Repository, revision: str, tag_prefix: str, unfit: str) -> Rejected:
    """Say that there is no such thing, and what there is."""
    all_tags = tags(repository)
    if f"{tag_prefix}{revision}" in all_tags and tag_prefix:
        return Rejected(
            f"the repository has no branch, tag or commit {revision!r}",
            remedy=f"tagPrefix goes with version constraints only; name the tag: {tag_prefix}{revision}.",
        )
    branches = {
        name.removeprefix(place) for place in _BRANCHES for name in repository.references if name.startswith(place)
    }
    close = get_close_matches(revision, sorted({*branches, *all_tags}), n=_NAMED)
    is_like = f"; there is {', '.join(close)}" if close else f"; it has {len(branches)} branches, {len(all_tags)} tags"
    return Rejected(f"the repository has no branch, tag or commit {revision!r}{unfit or is_like}")

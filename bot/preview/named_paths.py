"""Paths that an Application names as its inputs by `argocd.argoproj.io/manifest-generate-paths`.

Argo CD looks at nothing else when the annotation is there. Here the paths only add to what a render is known to read: a
preview that left out a file because somebody forgot to name it would say that a change does nothing.

Source: argo-cd `util/app/path/path.go`, GetSourceRefreshPaths and AppFilesHaveChanged.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from bot.engine.applicationsets.globs import PatternError, path_matches
from bot.model.applications import MANIFEST_GENERATE_PATHS

if TYPE_CHECKING:
    from bot.model.applications import Application, Source

_WILD: Final = frozenset("*?[\\")


def named_paths(application: Application, sources: Iterable[Source]) -> frozenset[str]:
    """Return the paths from the repository's root: absolute ones, and relative ones from the path of each source."""
    items = [item for item in application.annotation(MANIFEST_GENERATE_PATHS).split(";") if item]
    absolute = {_cleaned(item) for item in items if item.startswith("/")}
    relative = [item for item in items if not item.startswith("/")]
    return frozenset(absolute | {_cleaned(f"{source.path}/{item}") for source in sources for item in relative})


def names(path: str, changed: str) -> bool:
    """Tell whether a named path means a changed file: it is that, a folder above it, or a pattern that it matches."""
    if path in {"", changed} or changed.startswith(f"{path}/"):
        return True
    try:
        return path_matches(path, changed)
    except PatternError:
        return False


def fixed_part(path: str) -> str:
    """Return the folder above the first wildcard of a named path; the path itself when it has none."""
    steps = path.split("/")
    fixed = next((at for at, step in enumerate(steps) if _WILD & set(step)), len(steps))
    return "/".join(steps[:fixed])


def _cleaned(path: str) -> str:
    """Return a path without `.`, `..` and a `/` before or behind it; `..` above the root stays there, as in Go."""
    return posixpath.normpath(f"/{path}").strip("/")

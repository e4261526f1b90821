"""The git generator: folders and files of a repository as parameters (`applicationset/generators/git.go`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.engine.applicationsets.globs import PathSpec, PatternError, path_matches
from bot.engine.applicationsets.parameters import Parameters, flattened
from bot.engine.gotemplate.names import sanitized
from bot.engine.gotemplate.sprig.addresses import base, directory
from bot.engine.gotemplate.values import Strings, as_go
from bot.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.engine.applicationsets.facts import Facts
    from bot.engine.applicationsets.templating import Templating


def directory_parameters(
    paths: Iterable[str], patterns: Sequence[Any], prefix: str, *, go_template: bool
) -> list[Parameters]:
    """Return a set for each folder that a pattern includes and none excludes."""
    wanted = [_pattern(one) for one in patterns]
    return [_placed({}, path, "", prefix, go_template=go_template) for path in sorted(paths) if _included(path, wanted)]


def file_parameters(
    facts: Facts, source: tuple[str, str], patterns: Sequence[Any], prefix: str, templating: Templating
) -> list[Parameters]:
    """Return a set for each object in each file that a pattern includes and none excludes."""
    wanted = [_pattern(one) for one in patterns]
    included = [pattern for pattern, excludes in wanted if not excludes]
    excluded = [PathSpec(pattern) for pattern, excludes in wanted if excludes]
    found: list[Parameters] = []
    for path, content in sorted(facts.files(*source, included)):
        if any(one.matches(path) for one in excluded):
            continue
        for value in _objects(facts.yaml(content, path), path):
            if templating.go_template:
                params: Parameters = as_go(value)
            else:
                params = dict(flattened(as_go(value), templating.budget))
            found.append(_placed(params, directory(path), base(path), prefix, go_template=templating.go_template))
    return found


def _pattern(item: Any) -> tuple[str, bool]:
    path = item.get("path") if isinstance(item, dict) else None
    if not isinstance(path, str):
        raise Rejected("one of its paths is missing")
    if path.startswith(":"):
        raise Rejected(f"{path!r} is a magic pathspec of Git, which is not supported")
    return path, item.get("exclude") is True


def _included(path: str, patterns: Sequence[tuple[str, bool]]) -> bool:
    matching = {excludes for pattern, excludes in patterns if _matches(pattern, path)}
    return matching == {False}


def _matches(pattern: str, path: str) -> bool:
    try:
        return path_matches(pattern, path)
    except PatternError:  # Argo CD logs it and goes on
        return False


def _objects(value: Any, path: str) -> list[dict[str, Any]]:
    """Return the objects of a file: one, or a list of them; an empty file is one without fields."""
    match value:
        case None:
            return [{}]
        case dict():
            return [value]
        case list() if all(isinstance(one, dict) for one in value):
            return value
        case _:
            raise Rejected(f"{path} is neither a mapping nor a list of mappings")


def _placed(params: Parameters, path: str, filename: str, prefix: str, *, go_template: bool) -> Parameters:
    """Add where it was found: `path` and its parts."""
    name = base(path)
    parts = {"basename": name, "basenameNormalized": sanitized(name)}
    if filename:
        parts |= {"filename": filename, "filenameNormalized": sanitized(filename)}
    segments = path.split("/")
    if go_template:
        place = {"path": path, **parts, "segments": Strings(segments)}
        return {**params, **({prefix: {"path": place}} if prefix else {"path": place})}
    key = f"{prefix}.path" if prefix else "path"
    numbered = {f"{key}[{number}]": segment for number, segment in enumerate(segments) if segment}
    return {**params, key: path, **{f"{key}.{part}": value for part, value in parts.items()}, **numbered}

"""Jsonnet files, evaluated by Argo CD's own library with imports from the repository alone.

The library reads nothing but what the importer hands it, and opens no connection; go-jsonnet bounds the depth of calls,
the confined child everything else. Source: argo-cd `reposerver/repository/repository.go` (`makeJsonnetVM`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bot.errors import Rejected
from bot.model.resources import JsonObject
from bot.repository import manifests
from bot.repository.asked import Asked
from bot.repository.imports import candidates, folders_of_imports
from bot.repository.pointers import refuse_pointer
from bot.repository.trees import EntryKind, Snapshot

MOST_BYTES: Final = 10_000_000
"""Size of all that one file imports, each time it does."""
_WORDS: Final = 4000
"""Characters that are passed on of what jsonnet says; a deep call has a line for each level."""


def evaluated(asked: Asked, content: bytes, path: str) -> list[tuple[str, JsonObject]]:
    """Return the objects that a jsonnet file stands for, each with where it is; Rejected has jsonnet's words.

    A file gives one manifest or an array of them; `null` in it stands for none.
    """
    import _gojsonnet  # the Go runtime starts with it: only in a child that is asked for jsonnet

    options = asked.options.jsonnet
    importer = _Importer(asked)
    texts, codes = _variables(asked, options, "extVars")
    arguments, code_arguments = _variables(asked, options, "tlas")
    try:
        printed = _gojsonnet.evaluate_snippet(
            path,
            _text(content, path),
            import_callback=importer,
            ext_vars=texts,
            ext_codes=codes,
            tla_vars=arguments,
            tla_codes=code_arguments,
        )
    except (RuntimeError, ValueError) as error:  # the latter for what cannot be handed over: a NUL, half a character
        if importer.refused is None:
            raise Rejected(f"{path}: {str(error).strip().removeprefix(f'{path}:')[:_WORDS]}") from error
    match importer.refused:
        case Rejected(message=words):
            raise Rejected(f"{path}: {words}")
        case Exception() as failed:
            raise failed
    value = manifests.read_json(printed.encode(), path)[0].value
    if not isinstance(value, list):
        return [(path, _manifest(value, path))]
    places = [(f"{path}: [{number}]", one) for number, one in enumerate(value) if one is not None]
    return [(place, _manifest(one, place)) for place, one in places]


def _manifest(value: Any, where: str) -> JsonObject:
    if not isinstance(value, dict):
        raise Rejected(f"{where}: jsonnet has to give a manifest or an array of manifests")
    return value


class _Importer:
    """Finds imported files in the repository, within a bound."""

    def __init__(self, asked: Asked) -> None:
        self._snapshot: Snapshot = asked.snapshot
        self._folders = folders_of_imports(asked.found.path, asked.options.libraries)
        self._bytes = 0
        self.refused: Exception | None = None
        """Why a file was not handed over; what was evaluated without it is worth nothing."""

    def __call__(self, importer: str, name: str) -> tuple[str, bytes]:
        """Return where an import leads and what is there.

        Never raises: the library would read on behind the words of an exception, whatever lies there in memory
        (go-jsonnet `c-bindings/c-bindings.go` takes them for text that ends with a NUL).
        """
        try:
            return self._found(importer, name)
        except Exception as error:  # noqa: BLE001 - it is raised again once the library has returned
            self.refused = self.refused or error
            return name, b"error 'not to be had'"

    def _found(self, importer: str, name: str) -> tuple[str, bytes]:
        for place in candidates(importer, name, self._folders):
            target = self._snapshot.find(place)
            if target is None:
                continue
            if target.entry.kind is not EntryKind.FILE:
                raise Rejected(f"import {name!r}: {place} is not a file")
            self._bytes += self._snapshot.size(target.entry.id)
            if self._bytes > MOST_BYTES:
                raise Rejected(f"it imports more than {MOST_BYTES:,} bytes")
            content = self._snapshot.read(target.entry.id)
            refuse_pointer(content, place)
            return place, content
        looked = ", ".join(candidates(importer, name, self._folders))
        raise Rejected(f"import {name!r}: there is no such file; looked for {looked}")


def _variables(asked: Asked, options: Mapping[str, Any], kind: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return variables that are texts and those that are code, with the build environment put in."""
    texts: dict[str, str] = {}
    codes: dict[str, str] = {}
    given = options.get(kind) or []
    if not isinstance(given, list):
        raise Rejected(f"source.directory.jsonnet.{kind} must be a list")
    for one in given:
        name, value = (one.get("name"), one.get("value", "")) if isinstance(one, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(value, str):
            raise Rejected(f"each of source.directory.jsonnet.{kind} needs a name and a text as value")
        # The later of two of one name wins, whichever they are.
        texts.pop(name, None)
        codes.pop(name, None)
        (codes if one.get("code") else texts)[name] = asked.substituted(value)
    return texts, codes


def _text(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Rejected(f"{path}: jsonnet has to be UTF-8: {error}") from error

"""What kustomize says without what it quotes: it repeats literals, patches and nodes, and those may be secrets.

Two nets, since neither is whole: what its sentences are known to quote is cut out, and what the files beside it hold as
secret is hidden wherever it stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from bot.errors import Rejected
from bot.model.resources import JsonObject
from bot.preview.redaction import secrets_of
from bot.preview.scrub import scrub
from bot.repository import manifests
from bot.repository.tools import KUSTOMIZATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_MOST_BYTES: Final = 4 << 20
"""Of all files that are searched; a render that has failed should not take long to say so."""
_ENDINGS: Final = frozenset({".yaml", ".yml", ".json"})
_HINT: Final = b"ecret"
"""Stands in every Secret, every generator of one, and every patch that selects one."""

_QUOTING: Final = tuple(
    (re.compile(pattern, re.DOTALL), instead)
    for pattern, instead in (
        (r"literal sources \[.*", "a literal source is not key=value"),
        (r" with config: `\n.*?(unable to parse SM or JSON patch|no such file or directory|\Z).*", r": \1"),
        (r"(?<=decoding ).*(?=: invalid character)", "…"),
        (r"(?<=node contents:).*", " …"),
        (r"(?<=for value ).*", "…"),
        (r"(?<=value: \{).*", "…}"),
    )
)
"""Sentences of kustomize 5 with their quotations, up to the end of what it says where that has no end of its own.

Sources: kustomize `api/kv/kv.go`, `api/internal/builtins/Patch*.go`, `kyaml/errors`, `kyaml/yaml/fns.go`.
"""


def without_quotations(words: str, root: Path) -> str:
    """Return what kustomize said about the files below `root` with nothing in it that is secret there."""
    for pattern, instead in _QUOTING:
        words = pattern.sub(instead, words)
    return scrub(words, secrets_of(_secretive(root)))


def _secretive(root: Path) -> Iterator[JsonObject]:
    """Yield every object that may hold a secret, what kustomize would make one of among them."""
    left = _MOST_BYTES
    for path in sorted(root.rglob("*")):
        if path.suffix not in _ENDINGS and path.name not in KUSTOMIZATIONS:
            continue
        content = _read(path, left)
        left -= len(content)
        if _HINT not in content:
            continue
        for value in _documents(content, path.name):
            if isinstance(value, dict):
                yield value
                yield from _generated(value, path.parent)
                yield from _patched(value)


def _generated(kustomization: JsonObject, folder: Path) -> Iterator[JsonObject]:
    """Yield what the Secrets of a kustomization's generators are made of."""
    for generator in _mappings(kustomization.get("secretGenerator")):
        files = [str(name).rpartition("=")[2] for name in _list(generator.get("files"))]
        lists = [*_list(generator.get("envs")), generator.get("env")]
        content = [_read(folder / name, _MOST_BYTES).decode(errors="replace") for name in files if _is_plain(name)]
        listed = [_read(folder / str(name), _MOST_BYTES).decode(errors="replace") for name in lists if _is_plain(name)]
        lines = [*map(str, _list(generator.get("literals"))), *(line for text in listed for line in text.splitlines())]
        yield _secret([*content, *lines, *(line.partition("=")[2].strip("'\" ") for line in lines)])


def _patched(kustomization: JsonObject) -> Iterator[JsonObject]:
    """Yield what the patches of a kustomization write into Secrets."""
    inline = [text for text in _list(kustomization.get("patchesStrategicMerge")) if isinstance(text, str)]
    for patch in [*_mappings(kustomization.get("patches")), *_mappings(kustomization.get("patchesJson6902"))]:
        text = patch.get("patch")
        if isinstance(text, str) and _HINT.decode() in f"{patch.get('target')} {text}":
            inline.append(text)
    for text in inline:
        documents = list(_documents(text.encode(errors="replace"), "patch"))
        yield from (one for one in documents if isinstance(one, dict))
        yield _secret([step.get("value") for one in documents for step in _mappings(one)])


def _secret(values: Iterable[Any]) -> JsonObject:
    return {"kind": "Secret", "metadata": {}, "stringData": list(values)}


def _documents(content: bytes, name: str) -> Iterator[Any]:
    try:
        yield from (document.value for document in manifests.read(content, name))
    except Rejected:
        return  # kustomize does not quote what it cannot parse


def _is_plain(name: object) -> bool:
    return isinstance(name, str) and bool(name) and ".." not in name and not name.startswith("/")


def _read(path: Path, most: int) -> bytes:
    """Return a file's beginning; nothing for what is none, or leads elsewhere."""
    if path.is_symlink() or not path.is_file() or most <= 0:
        return b""
    with path.open("rb") as file:
        return file.read(most)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mappings(value: Any) -> Iterator[JsonObject]:
    return (one for one in _list(value) if isinstance(one, dict))

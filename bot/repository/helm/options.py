"""A source's `helm` block, read and judged: what Argo CD hands to `helm template`.

Source: argo-cd `util/helm/cmd.go`, `reposerver/repository/repository.go` (`helmTemplate`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Self

import yaml

from bot.errors import Rejected

_BLOCK: Final = "source.helm"
_FLAGS: Final = ("ignoreMissingValueFiles", "skipCrds", "skipTests", "skipSchemaValidation", "passCredentials")
_TEXTS: Final = ("releaseName", "namespace", "kubeVersion", "values", "version")
_LISTS: Final = ("valueFiles", "apiVersions")
_KNOWN: Final = frozenset({*_FLAGS, *_TEXTS, *_LISTS, "valuesObject", "parameters", "fileParameters"})
_VERSIONS: Final = ("", "v3", "v4")
"""All of these mean the one helm program, as with Argo CD."""
_GENERIC: Final = re.compile(r"\s*v?([0-9]+(?:\.[0-9]+)+)")
_UNESCAPED_COMMA: Final = re.compile(r"(?<!\\),")


@dataclass(frozen=True, slots=True)
class HelmOptions:
    """What a source says about its chart; texts may still hold variables of the build environment."""

    release_name: str = ""
    namespace: str = ""
    kube_version: str = ""
    """As `--kube-version` takes it; empty: the destination's."""
    api_versions: tuple[str, ...] = ()
    """Empty: the destination's."""
    value_files: tuple[str, ...] = ()
    """Paths, the later ones win."""
    ignore_missing_value_files: bool = False
    values: str = field(default="", repr=False)
    """A values file that wins over all others."""
    values_object: Mapping[str, Any] | None = field(default=None, repr=False)
    """What counts in its place, even if it is empty."""
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values by path, read as numbers and booleans where they look like them."""
    text_parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Values by path that stay texts."""
    file_parameters: Mapping[str, str] = field(default_factory=dict)
    """Files by the path of the value that they become."""
    skip_crds: bool = False
    skip_tests: bool = False
    skip_schema_validation: bool = False

    @classmethod
    def of(cls, block: Mapping[str, Any]) -> Self:
        """Read the block; Rejected names an option that is unknown, or not of its type, and never shows a value."""
        unknown = sorted(name for name, value in block.items() if value and name not in _KNOWN)
        if unknown:
            raise Rejected(f"{_BLOCK}.{unknown[0]} is not an option of Helm sources")
        texts = {name: _text(name, block.get(name)) for name in _TEXTS}
        flags = {name: _flag(name, block.get(name)) for name in _FLAGS}
        if texts["version"] not in _VERSIONS:
            raise Rejected(f"{_BLOCK}.version must be v3 or v4, or better be left out: charts are rendered by Helm 4")
        parameters = _named("parameters", block.get("parameters"), "value")
        files = _named("fileParameters", block.get("fileParameters"), "path")
        return cls(
            release_name=texts["releaseName"],
            namespace=texts["namespace"],
            kube_version=generic_version(texts["kubeVersion"], f"{_BLOCK}.kubeVersion"),
            api_versions=_texts("apiVersions", block.get("apiVersions")),
            value_files=_texts("valueFiles", block.get("valueFiles")),
            ignore_missing_value_files=flags["ignoreMissingValueFiles"],
            values=texts["values"],
            values_object=_mapping("valuesObject", block.get("valuesObject")),
            parameters={one.name: one.content for one in parameters if not one.forced},
            text_parameters={one.name: one.content for one in parameters if one.forced},
            file_parameters={one.name: one.content for one in files},
            skip_crds=flags["skipCrds"],
            skip_tests=flags["skipTests"],
            skip_schema_validation=flags["skipSchemaValidation"],
        )

    def own_values(self) -> str:
        """Return the values that stand in the source itself, as YAML; empty when there are none."""
        if self.values_object is None:
            return self.values
        return yaml.dump(dict(self.values_object), Dumper=_Dumper, sort_keys=False, width=1_000_000)


def generic_version(text: str, where: str) -> str:
    """Return the numbers of a Kubernetes version, as Argo CD reads it; empty stays empty, Rejected names `where`.

    Source: k8s.io/apimachinery `pkg/util/version` (`ParseGeneric`).
    """
    if not text:
        return ""
    found = _GENERIC.match(text)
    if found is None:
        raise Rejected(f"{where}: {text!r} is not a version such as 1.37.2")
    return ".".join(str(int(part)) for part in found[1].split("."))


def set_value(text: str) -> str:
    """Return a parameter's value as Argo CD writes it behind `--set name=`: commas are its own, braces make a list."""
    if text.startswith("{") and text.endswith("}"):
        return text
    return _UNESCAPED_COMMA.sub(r"\\,", text)


class _Dumper(yaml.CSafeDumper):
    """Writes every text in quotes: what PyYAML takes for a text, Helm might take for a number."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _quoted(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_Dumper.add_representer(str, _quoted)


def _mapping(option: str, value: Any) -> Mapping[str, Any] | None:
    if value is not None and not isinstance(value, dict):
        raise Rejected(f"{_BLOCK}.{option} must be a mapping")
    return value


def _text(option: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Rejected(f"{_BLOCK}.{option} must be a string; put it in quotes")
    if "\0" in value:
        raise Rejected(f"{_BLOCK}.{option} has a NUL character, which no program takes")
    return value


def _texts(option: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value or [], list):
        raise Rejected(f"{_BLOCK}.{option} must be a list")
    return tuple(_text(option, one) for one in value or [])


def _flag(option: str, value: Any) -> bool:
    if value is not None and not isinstance(value, bool):
        raise Rejected(f"{_BLOCK}.{option} must be true or false")
    return bool(value)


class _Named(NamedTuple):
    name: str
    content: str
    forced: bool


def _named(option: str, value: Any, content: str) -> list[_Named]:
    """Return a list's entries; of several of one name the last one counts."""
    if not isinstance(value or [], list):
        raise Rejected(f"{_BLOCK}.{option} must be a list")
    return [_one(option, entry, content) for entry in value or []]


def _one(option: str, entry: Any, content: str) -> _Named:
    if not isinstance(entry, dict) or not entry.get("name"):
        raise Rejected(f"each of {_BLOCK}.{option} needs a name")
    name = _text(f"{option}: name", entry["name"])
    forced = _flag(f"{option}: forceString of {name!r}", entry.get("forceString"))
    return _Named(name, _text(f"{option}: {content} of {name!r}", entry.get(content)), forced)

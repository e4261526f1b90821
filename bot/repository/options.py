"""Options of an Application's `source.kustomize`, as the edits Argo CD makes before it builds.

Source: argo-cd `util/kustomize/kustomize.go`; the edits are kustomize's own (`kustomize edit`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from bot.errors import Rejected
from bot.model.resources import JsonObject

_TEXTS: Final = {"namePrefix": "nameprefix", "nameSuffix": "namesuffix", "namespace": "namespace"}
_FLAGS: Final = {
    "commonLabels": {
        "forceCommonLabels": "--force",
        "labelWithoutSelector": "--without-selector",
        "labelIncludeTemplates": "--include-templates",
    },
    "commonAnnotations": {"forceCommonAnnotations": "--force"},
}
_KNOWN: Final = frozenset(
    {
        *_TEXTS,
        *_FLAGS,
        *(flag for flags in _FLAGS.values() for flag in flags),
        "images",
        "replicas",
        "patches",
        "components",
        "ignoreMissingComponents",
        "commonAnnotationsEnvsubst",
        "version",
        # Of use only where kustomize inflates Helm charts, which it is not let: it would fetch them.
        "kubeVersion",
        "apiVersions",
    }
)


def refuse_unsupported(options: Mapping[str, Any]) -> None:
    """Raise Rejected when an option that says something is not one that is applied."""
    unsupported = sorted(name for name, value in options.items() if value and name not in _KNOWN)
    if unsupported:
        raise Rejected(f"source.kustomize.{unsupported[0]} is not supported yet")


def added_paths(options: Mapping[str, Any]) -> list[str]:
    """Return the components and patch files an application adds, relative to its path."""
    components = [_text("components", one) for one in _list(options, "components")]
    return components + [_text("patches", one["path"]) for one in patches(options) if one.get("path")]


def version_of(options: Mapping[str, Any]) -> str:
    """Return which kustomize an application asks for by name; empty when it asks for none."""
    return _text("version", options.get("version") or "")


def patches(options: Mapping[str, Any]) -> list[JsonObject]:
    """Return the patches an application adds."""
    found = _list(options, "patches")
    if not all(isinstance(one, dict) for one in found):
        raise Rejected("source.kustomize.patches must be a list of patches")
    return found


def edits(
    options: Mapping[str, Any], *, exists: Callable[[str], bool], substituted: Callable[[str], str]
) -> Iterator[list[str]]:
    """Yield the arguments of each `kustomize edit`; patches have none and are added to the file by hand.

    `exists` says whether there is a folder at a path relative to the application's; `substituted` puts values for the
    variables of a text.
    """
    for option, command in _TEXTS.items():
        if options.get(option):
            yield ["set", command, "--", _text(option, options[option])]
    if images := _list(options, "images"):
        yield ["set", "image", "--", *(substituted(_text("images", image)) for image in images)]
    if replicas := _list(options, "replicas"):
        yield ["set", "replicas", "--", *(_replicas(one) for one in replicas)]
    annotation = substituted if options.get("commonAnnotationsEnvsubst") else str
    for option, command, read in (
        ("commonLabels", "label", substituted),
        ("commonAnnotations", "annotation", annotation),
    ):
        if pairs := _pairs(options, option, read):
            flags = [flag for name, flag in _FLAGS[option].items() if options.get(name)]
            yield ["add", command, *flags, "--", *pairs]
    if components := _components(options, exists):
        yield ["add", "component", "--", *components]


def _components(options: Mapping[str, Any], exists: Callable[[str], bool]) -> list[str]:
    components = [_text("components", one) for one in _list(options, "components")]
    return [one for one in components if exists(one)] if options.get("ignoreMissingComponents") else components


def _pairs(options: Mapping[str, Any], option: str, read: Callable[[str], str]) -> list[str]:
    pairs = options.get(option) or {}
    if not isinstance(pairs, dict):
        raise Rejected(f"source.kustomize.{option} must be a mapping")
    return [f"{name}:{read(_text(option, value))}" for name, value in sorted(pairs.items())]


def _replicas(entry: Any) -> str:
    try:
        return f"{_text('replicas', entry['name'])}={int(entry['count'])}"
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected("each of source.kustomize.replicas needs a name and a whole number as count") from error


def _list(options: Mapping[str, Any], option: str) -> list[Any]:
    found = options.get(option) or []
    if not isinstance(found, list):
        raise Rejected(f"source.kustomize.{option} must be a list")
    return found


def _text(option: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Rejected(f"source.kustomize.{option}: {value!r} is not a string")
    return value

"""What a plugin finds in its environment, as Argo CD gives it.

Source: argo-cd `reposerver/repository/repository.go` (`getPluginEnvs`), `pkg/apis/application/v1alpha1/types.go`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from bot.errors import Rejected
from bot.repository.asked import Asked
from bot.repository.environment import substituted
from bot.repository.helm.options import generic_version

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_OTHER: Final = re.compile(r"[^A-Z0-9_]")


def environment_of(asked: Asked, home: str) -> dict[str, str]:
    """Return the build environment, the source's own variables as `ARGOCD_ENV_…` and its parameters as `PARAM_…`."""
    block = asked.options.plugin
    variables = {
        **asked.variables,
        "KUBE_VERSION": generic_version(asked.environment.kubernetes, "the destination"),
        "KUBE_API_VERSIONS": ",".join(asked.environment.api_versions),
    }
    own = {f"ARGOCD_ENV_{name}": substituted(value, variables) for name, value in _variables(block)}
    parameters = _list(block, "parameters")
    told = {"ARGOCD_APP_PARAMETERS": orjson.dumps(parameters or None).decode(), **dict(_parameters(parameters))}
    found = {**variables, **own, **told, "PATH": _PATH, "HOME": home, "TMPDIR": home}
    for name, value in found.items():
        if "\0" in name or "\0" in value or "=" in name:
            raise Rejected(f"source.plugin: {name!r} cannot be a variable with its value")
    return found


def _variables(block: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for one in _list(block, "env"):
        name, value = one.get("name"), one.get("value", "")
        if not isinstance(name, str) or not name or not isinstance(value, str):
            raise Rejected("each of source.plugin.env needs a name and a text as value")
        yield name, value


def _parameters(parameters: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in parameters:
        base = f"PARAM_{_escaped(_text(one.get('name')))}"
        if one.get("string") is not None:
            yield base, _text(one["string"])
        entries = one.get("map") or {}
        elements = one.get("array") or []
        if not isinstance(entries, dict) or not isinstance(elements, list):
            raise Rejected("each of source.plugin.parameters is a string, a map or an array")
        yield from ((f"{base}_{_escaped(key)}", _text(value)) for key, value in entries.items())
        yield from ((f"{base}_{number}", _text(value)) for number, value in enumerate(elements))


def _escaped(name: str) -> str:
    return _OTHER.sub("_", name.upper())


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Rejected(f"source.plugin.parameters: {value!r} is not a text")
    return value


def _list(block: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = block.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Rejected(f"source.plugin.{name} must be a list of mappings")
    return found

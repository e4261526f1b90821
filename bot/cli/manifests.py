"""Manifests as text that Kubernetes' tools read back as the very same."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import orjson
import yaml

from bot.cli.outcome import ManifestFormat
from bot.repository.scalars import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.model.resources import JsonObject

_TEXT: Final = "tag:yaml.org,2002:str"
_WIDTH: Final = 120


def written(manifests: Sequence[JsonObject], form: ManifestFormat) -> str:
    """Return a stream of YAML documents, or one JSON List; `kubectl apply -f -` takes either."""
    if form is ManifestFormat.JSON:
        listed = {"apiVersion": "v1", "kind": "List", "items": manifests}
        return orjson.dumps(listed, option=orjson.OPT_INDENT_2).decode() + "\n"
    return "---\n".join(
        yaml.dump(one, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH) for one in manifests
    )


def shown(document: JsonObject, form: ManifestFormat) -> str:
    """Return one document in ASCII: a terminal obeys nothing that somebody has written into it."""
    if form is ManifestFormat.JSON:
        return json.dumps(document, indent=2) + "\n"
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=_WIDTH)


class _Dumper(yaml.CSafeDumper):
    """Quotes every text that Kubernetes would read as something else, whatever PyYAML would read."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write each value where it stands: an anchor says nothing to whoever reads a manifest."""
        del data
        return True


def _represent(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None if _stays_text(text) else '"'
    return dumper.represent_scalar(_TEXT, text, style=style)


def _stays_text(text: str) -> bool:
    try:
        return bool(plain(text) == text)
    except ValueError:
        return False


_Dumper.add_representer(str, _represent)

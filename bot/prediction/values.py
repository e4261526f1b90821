"""Values files by URL: fetched, and named in the source as files of one more source beside it.

That is off until the operator names a host: whoever may write an Application could have anybody asked for anything.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.repository.composing import composing, put_files
from bot.repository.environment import Place, substituted
from bot.repository.guard import shown
from bot.repository.helm.files import scheme_of

if TYPE_CHECKING:
    from pathlib import Path

    from bot.model.applications import Source
    from bot.prediction.bases import RemoteFiles
    from bot.repository.mirrors import Mirror

SCHEMES: Final = ("https", "http")
"""Argo CD's `helm.valuesFileSchemes` where it says nothing (argo-cd `util/settings/settings.go`)."""
MOST_BYTES: Final = 1 << 20
"""Of one file."""
_MOST: Final = 20
_REF: Final = "foresail-remote"
"""What the source with these files is called; who calls one of their own so does not reach it then."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


@dataclass(frozen=True, slots=True)
class ValueFiles:
    """Where values files by URL may come from."""

    files: RemoteFiles
    schemes: tuple[str, ...] = SCHEMES

    def fetched(self, source: Source, variables: Mapping[str, str]) -> tuple[Source, dict[str, bytes]]:
        """Return a source that names no values file by URL any more, and those files by their names.

        `variables` are those of the build environment. Raises Rejected for what may not be fetched or is not there.
        """
        texts = values_by_url(source)
        if len(texts) > _MOST:
            raise Rejected(f"source.helm.valueFiles: there are more than {_MOST} by URL")
        names, files = dict[str, str](), dict[str, bytes]()
        for text in texts:
            url = substituted(text, variables)
            if scheme_of(url) not in self.schemes:
                scheme, known = scheme_of(url), ", ".join(self.schemes)
                raise Rejected(f"source.helm.valueFiles: a file cannot be fetched by {scheme}; what can be: {known}")
            try:
                content = self.files.get(url)
            except Rejected as error:
                raise Rejected(f"source.helm.valueFiles: {shown(url)}: {error.message}", remedy=error.remedy) from error
            name = _name(url)
            files[name], names[text] = content, f"${_REF}/{name}"
        return _with_values(source, names), files


def values_by_url(source: Source) -> list[str]:
    """Return the values files of a source that are named by URL, each once."""
    named = (source.helm or {}).get("valueFiles")
    texts = named if isinstance(named, list) else []
    return list(dict.fromkeys(text for text in texts if isinstance(text, str) and scheme_of(text)))


def kept(files: Mapping[str, bytes], place: Path, mirror: Mirror) -> dict[str, Place]:
    """Write files into a tree of their own, and return it as another source, by its ref."""
    with composing(place, mirror.path):
        return {_REF: Place(place, put_files(place, files))}


def _with_values(source: Source, names: Mapping[str, str]) -> Source:
    helm = source.helm or {}
    listed: Iterable[str] = helm["valueFiles"]
    return source.model_copy(update={"helm": {**helm, "valueFiles": [names.get(one, one) for one in listed]}})


def _name(url: str) -> str:
    """Return a name for a file, by which people may know it again."""
    path = url.partition("?")[0].partition("#")[0]
    last = path.rpartition("/")[2]
    short = hashlib.sha256(url.encode("utf-8", errors="surrogatepass")).hexdigest()[:12]
    return f"{short}/{last if _NAME.fullmatch(last) else 'values.yaml'}"

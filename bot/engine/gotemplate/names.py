"""Names as Argo CD makes them (`applicationset/utils/template_functions.go`, `utils.go`)."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from bot.engine.gotemplate.functions import Table, takes
from bot.engine.gotemplate.values import TemplateError, Value

_LONGEST_NAME: Final = 253
_SLUG: Final = 50
_INVALID: Final = re.compile(r"[^-a-z0-9.]")
_UNSAFE: Final = re.compile(r"[^a-zA-Z0-9_-]")
_WORDS: Final = {"_": "-", "&": "and", "@": "at", '"': "", "'": "", "’": "", "–": "-", "—": "-"}  # noqa: RUF001 - signs as people write them
_DASHES: Final = re.compile(r"-+")


def sanitized(name: str) -> str:
    """Return what may be a Kubernetes name: lower case, digits, `-` and `.`, at most 253 characters."""
    return _INVALID.sub("-", name.lower())[:_LONGEST_NAME].strip("-.")


def slugified(*arguments: Value) -> str:
    """Return `slugify [size [smart]] name`: dashes alone, cut at a word's end if `smart`."""
    size, smart = _SLUG, True
    *options, name = arguments or ("",)
    if not isinstance(name, str):
        raise TemplateError("slugify takes a name last")
    for place, option in enumerate(options):
        if place == 0 and type(option) is int:
            size = option
        elif place == 1 and isinstance(option, bool):
            smart = option
        else:
            raise TemplateError("slugify takes a size, then whether to cut at words, then a name")
    slug = sanitized(name)
    if not smart and len(slug) >= size:
        slug = slug[: max(size, 0)]
    slug = _DASHES.sub("-", _UNSAFE.sub("-", slug)).strip("-_")
    return _cut(slug, size) if smart and 0 < size < len(slug) else slug


def slug(text: str) -> str:
    """Return what of a text may stand in a DNS label, at most 50 characters (`github.com/gosimple/slug`, in English).

    Letters with accents lose these; of other alphabets nothing is left, where Argo CD spells them out.
    """
    for sign, word in _WORDS.items():
        text = text.replace(sign, word)
    plain = unicodedata.normalize("NFKD", text.strip()).encode("ascii", errors="ignore").decode()
    found = _DASHES.sub("-", _UNSAFE.sub("-", plain.lower())).strip("-_")
    return found if len(found) <= _SLUG else _cut(found, _SLUG)


def _cut(slug: str, size: int) -> str:
    dash = slug.rfind("-", 0, size + 1)
    return slug[:dash] if dash >= 0 else slug[:size]


NAMES: Final[Table] = {
    "normalize": takes("string", sanitized),
    "slugify": takes("any*", slugified),
}

"""Every function that a template may call, and what is said about the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.engine.gotemplate.builtin import BUILTIN
from bot.engine.gotemplate.functions import Table, takes
from bot.engine.gotemplate.names import NAMES
from bot.engine.gotemplate.sprig.addresses import ADDRESSES
from bot.engine.gotemplate.sprig.arithmetic import NUMBERS
from bot.engine.gotemplate.sprig.documents import DOCUMENTS
from bot.engine.gotemplate.sprig.encoding import ENCODING
from bot.engine.gotemplate.sprig.lists import LISTS
from bot.engine.gotemplate.sprig.mappings import MAPPINGS
from bot.engine.gotemplate.sprig.patterns import PATTERNS
from bot.engine.gotemplate.sprig.releases import RELEASES
from bot.engine.gotemplate.sprig.texts import TEXTS
from bot.engine.gotemplate.values import TemplateError, Value, as_go

if TYPE_CHECKING:
    from collections.abc import Callable

CHANGING: Final = frozenset(
    [
        "ago",
        "now",
        "randAlpha",
        "randAlphaNum",
        "randAscii",
        "randBytes",
        "randInt",
        "randNumeric",
        "shuffle",
        "uuidv4",
        "bcrypt",
        "buildCustomCert",
        "genCA",
        "genCAWithKey",
        "genPrivateKey",
        "genSelfSignedCert",
        "genSelfSignedCertWithKey",
        "genSignedCert",
        "genSignedCertWithKey",
        "htpasswd",
        "encryptAES",
    ]
)
"""Random, of the moment or made anew: two renders of one template differ."""
_LEFT_OUT: Final = frozenset(
    [
        "date",
        "dateInZone",
        "dateModify",
        "date_in_zone",
        "date_modify",
        "decryptAES",
        "derivePassword",
        "duration",
        "durationRound",
        "hello",
        "htmlDate",
        "htmlDateInZone",
        "mustDateModify",
        "mustToDate",
        "must_date_modify",
        "toDate",
        "unixEpoch",
    ]
)
_FORBIDDEN: Final = frozenset({"env", "expandenv", "getHostByName"})
"""Argo CD takes these out itself: they would tell of the machine."""

_STATIC: Final[Table] = {
    **BUILTIN,
    **TEXTS,
    **NUMBERS,
    **LISTS,
    **MAPPINGS,
    **DOCUMENTS,
    **ENCODING,
    **PATTERNS,
    **RELEASES,
    **ADDRESSES,
    **NAMES,
}
_READING: Final = ("fromYaml", "fromYamlArray")


def functions(read_yaml: Callable[[str], Value]) -> Table:
    """Return all functions; `read_yaml` reads YAML as `sigs.k8s.io/yaml` does."""

    def read(text: str, kind: type, empty: Value) -> Value:
        value = read_yaml(text)
        if value is None:
            return empty
        if not isinstance(value, kind):
            raise TemplateError(f"the YAML is no {'mapping' if kind is dict else 'list'}")
        return as_go(value)

    return {
        **_STATIC,
        "fromYaml": takes("string", lambda text: read(text, dict, {})),
        "fromYamlArray": takes("string", lambda text: read(text, list, [])),
    }


def problem_with(name: str) -> str:
    """Return what is wrong with calling a function; empty when it may be called."""
    if name in _STATIC or name in _READING:
        return ""
    if name in CHANGING:
        return f"the function {name} gives something else each time, so what it generates cannot be predicted"
    if name in _LEFT_OUT:
        return f"the function {name} is one that Argo CD has and Foresail has not"
    if name in _FORBIDDEN:
        return f"the function {name} is not allowed, as in Argo CD"
    return f"the function {name} is not defined"

"""The data of Argo CD's Secrets, read key by key: an error names the Secret and the key, never a value."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from bot.errors import Rejected
from bot.model.resources import metadata_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.model.resources import JsonObject

SECRET_TYPE: Final = "argocd.argoproj.io/secret-type"  # noqa: S105 - a label's name
_YES: Final = {"true", "t", "1", "yes", "y", "on"}
NO: Final = {"", "false", "f", "0", "no", "n", "off"}
"""What means no, in lower case."""


@dataclass(frozen=True, slots=True)
class SecretData:
    """The data of one Secret."""

    name: str
    values: Mapping[str, object] = field(repr=False)

    @classmethod
    def of(cls, secret: JsonObject) -> Self:
        """Take the data out of a Secret."""
        data = secret.get("data")
        name = str(metadata_of(secret).get("name") or "without a name")
        return cls(name, data if isinstance(data, dict) else {})

    def text(self, key: str) -> str:
        """Return a value, empty when there is none."""
        try:
            value = b64decode(str(self.values.get(key) or ""), validate=True).decode()
        except ValueError:
            value = "\0"
        if "\0" in value:
            raise Rejected(f"the Secret {self.name} has text that cannot be read in {key}")
        return value

    def line(self, key: str) -> str:
        """Return what stands in a header or a variable: nothing may follow it there."""
        value = self.text(key).strip()
        if not value.isprintable():
            raise Rejected(f"the Secret {self.name} has more than one line in {key}")
        return value

    def yes(self, key: str) -> bool:
        """Return what is true or false; false when nothing is said."""
        value = self.line(key).lower()
        if value not in _YES | NO:
            raise Rejected(f"the Secret {self.name} has neither true nor false in {key}")
        return value in _YES

    def number(self, key: str) -> int | None:
        """Return a number; None when there is none, or 0."""
        value = self.line(key)
        if value and not (value.isascii() and value.isdigit()):
            raise Rejected(f"the Secret {self.name} has no number in {key}")
        return int(value) or None if value else None

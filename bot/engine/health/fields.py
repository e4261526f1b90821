"""Fields of a live object, read without trust."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import Rejected
from bot.model.resources import JsonObject


@dataclass(frozen=True, slots=True)
class Section:
    """One mapping inside an object.

    An absent or null field reads as its zero value, which is how API servers write zero values.
    A field of the wrong type raises Rejected with its path: to read it as zero would call a broken object healthy.
    """

    values: JsonObject
    path: str = ""
    """`status.conditions[0]`; empty for the object itself."""

    def section(self, field: str) -> Section:
        """Return the mapping at `field`, an empty one when there is none."""
        value = self.values.get(field)
        if value is None:
            return Section({}, self._path(field))
        if not isinstance(value, dict):
            raise self._not(field, "a mapping")
        return Section(value, self._path(field))

    def inside(self, path: str) -> Section:
        """Return the mapping at a path like `status.ceph`, an empty one when there is none; of an empty path, this."""
        found = self
        for field in filter(None, path.split(".")):
            found = found.section(field)
        return found

    def sections(self, field: str) -> tuple[Section, ...]:
        """Return the mappings listed at `field`."""
        value = self.values.get(field)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            raise self._not(field, "a list of mappings")
        return tuple(Section(entry, f"{self._path(field)}[{index}]") for index, entry in enumerate(value))

    def text(self, field: str) -> str:
        """Return the text at `field`."""
        value = self.values.get(field)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._not(field, "text")
        return value

    def number(self, field: str) -> int | None:
        """Return the whole number at `field`; None when there is none, for fields where that is not zero."""
        value = self.values.get(field)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._not(field, "a whole number")
        return value

    def count(self, field: str) -> int:
        """Return the whole number at `field`, zero when there is none."""
        return self.number(field) or 0

    def flag(self, field: str) -> bool:
        """Return the boolean at `field`."""
        value = self.values.get(field)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self._not(field, "true or false")
        return value

    def condition(self, name: str) -> Section:
        """Return the first of the `conditions` whose type is `name`, an empty section when there is none."""
        found = (entry for entry in self.sections("conditions") if entry.text("type") == name)
        return next(found, Section({}, self._path("conditions")))

    def holds(self, name: str) -> bool:
        """Tell whether the condition `name` is reported as True."""
        return self.condition(name).text("status") == "True"

    def _path(self, field: str) -> str:
        return f"{self.path}.{field}" if self.path else field

    def _not(self, field: str, wanted: str) -> Rejected:
        return Rejected(f"{self._path(field)} is not {wanted}")

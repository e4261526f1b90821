"""How Argo CD's resources are read: camelCase, field by field, with each wrong one named."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from bot.errors import Rejected


class Wire(BaseModel):
    """A part of a spec as YAML has it: camelCase names; unknown fields are the API server's business."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore", strict=True)


Texts = Annotated[tuple[str, ...], BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value)]


_Spec = TypeVar("_Spec", bound=Wire)


def parsed(kind: type[_Spec], spec: Any, *, where: str) -> _Spec:
    """Read a spec; Rejected names each wrong field, and in what: `where`."""
    try:
        return kind.model_validate(spec)
    except ValidationError as error:
        lines = [_line(problem["loc"], problem["msg"]) for problem in error.errors(include_url=False)]
        raise Rejected("\n".join(f"{where}: {line}" for line in lines)) from error


def _line(location: tuple[int | str, ...], message: str) -> str:
    field = "spec" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return f"{field}: {message.removeprefix('Value error, ')}"

"""What the engines say, before the parent reads it."""

from __future__ import annotations

from typing import NamedTuple


class Said(NamedTuple):
    """One thing that one rule says about what it was asked about."""

    policy: str
    severity: str
    message: str

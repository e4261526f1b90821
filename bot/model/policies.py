"""What users' own rules say about a change, as values a report is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PolicySeverity(StrEnum):
    """What a rule asks for, the most first: the order is the rule."""

    DENY = "deny"
    """The change must not be merged like this: the status fails."""
    WARN = "warn"
    """A reviewer is told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule says about one object, or about a whole application."""

    policy: str
    """`main.deny_latest` in Rego, a rule's own name in CEL."""
    severity: PolicySeverity
    message: str
    """The rule's own words."""

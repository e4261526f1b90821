"""An ApplicationSet's status in Argo CD's shape: conditions, and its Applications (`applicationset_types.go`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.engine.applicationsets.rollout import ROLLOUT
from bot.model.resources import JsonObject, metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ERROR, GENERATED, UP_TO_DATE = "ErrorOccurred", "ParametersGenerated", "ResourcesUpToDate"
GENERATION_FAILED: Final = "ApplicationGenerationFromParamsError"
VALIDATION_FAILED: Final = "ApplicationValidationError"
UPDATE_FAILED: Final = "UpdateApplicationError"
DELETION_HELD: Final = "DeletionHeld"
"""The only reason that Argo CD does not have."""
_FINE: Final = "ApplicationSetUpToDate"
_LONGEST: Final = 2_000
"""Characters of a message."""
_MOST: Final = 5_000
"""Applications that a status names: 1.5 MB is all that an object may have."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a look at an ApplicationSet ended."""

    problems: tuple[str, ...] = ()
    """What is wrong, in words; nothing where all is as it should be."""
    reason: str = _FINE
    generated: bool = True
    """Whether every generator gave its parameters."""

    @property
    def words(self) -> str:
        """The first problem, and how many there are beside it."""
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        first = self.problems[0] if self.problems else ""
        return f"{first if len(first) <= _LONGEST else first[: _LONGEST - 1] + '…'}{more}"


def conditions(before: Any, outcome: Outcome, *, now: str, rollout: JsonObject | None = None) -> list[JsonObject]:
    """Return the conditions after a look; what says the same as before keeps its time.

    `rollout` is the condition that tells of a RollingSync; None where there is none.
    """
    known = {one.get("type"): one for one in before if isinstance(one, dict)} if isinstance(before, list) else {}
    told = [*_told(outcome), *([rollout] if rollout is not None else [])]
    ours = [_since(known.get(one["type"]), one, now) for one in told]
    others = [one for kind, one in known.items() if kind not in {ERROR, GENERATED, UP_TO_DATE, ROLLOUT}]
    return [*ours, *others]


def _told(outcome: Outcome) -> list[JsonObject]:
    words, wrong = outcome.words, bool(outcome.problems)
    all_generated = "Successfully generated parameters for all Applications"
    return [
        _condition(ERROR, wrong, outcome.reason if wrong else _FINE, words or all_generated),
        _condition(
            GENERATED,
            outcome.generated,
            "ParametersGenerated" if outcome.generated else "ErrorOccurred",
            all_generated if outcome.generated else words,
        ),
        _condition(
            UP_TO_DATE,
            not wrong,
            outcome.reason if wrong else _FINE,
            words or "All applications have been generated successfully",
        ),
    ]


def _condition(kind: str, holds: bool, reason: str, message: str) -> JsonObject:  # noqa: FBT001 - the condition's status
    return {"type": kind, "status": "True" if holds else "False", "reason": reason, "message": message}


def _since(before: Mapping[str, Any] | None, now: JsonObject, when: str) -> JsonObject:
    same = before is not None and all(before.get(key) == value for key, value in now.items())
    return {**now, "lastTransitionTime": before.get("lastTransitionTime") or when if same and before else when}


def resources(applications: Iterable[JsonObject]) -> list[JsonObject]:
    """Return what `status.resources` says of an ApplicationSet's Applications, by name."""
    found = [_resource(one) for one in applications]
    return sorted(found, key=lambda one: str(one["name"]))[:_MOST]


def _resource(application: JsonObject) -> JsonObject:
    metadata, status = metadata_of(application), application.get("status")
    status = status if isinstance(status, dict) else {}
    sync, health = status.get("sync"), status.get("health")
    synced = sync.get("status") if isinstance(sync, dict) else None
    return {
        "group": "argoproj.io",
        "version": "v1alpha1",
        "kind": "Application",
        "namespace": metadata.get("namespace"),
        "name": metadata.get("name"),
        **({"status": synced} if synced else {}),
        **({"health": health} if isinstance(health, dict) and health else {}),
    }


def status_patch(applicationset: JsonObject, wanted: JsonObject) -> JsonObject:
    """Return the parts of `wanted` that the status does not have yet; empty when it has them all."""
    status = applicationset.get("status")
    status = status if isinstance(status, dict) else {}
    return {key: value for key, value in wanted.items() if (status.get(key) or []) != value}

"""From an ApplicationSet to its Applications (`applicationset/controllers/template/template.go`)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from bot.engine.applicationsets.definition import ApplicationSet, Preserved, Step, SyncPolicy
from bot.engine.applicationsets.facts import Facts, NotKnownError
from bot.engine.applicationsets.generators import Generators
from bot.engine.applicationsets.patches import overridden, patched
from bot.engine.applicationsets.templating import Templating
from bot.engine.deletion import CASCADE
from bot.engine.gotemplate.values import Budget, TemplateError
from bot.errors import Rejected
from bot.model.applications import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.engine.applicationsets.generators import Sets
    from bot.engine.applicationsets.parameters import Parameters
    from bot.model.resources import JsonObject

_USUAL: Final = SyncPolicy()
_NOTHING: Final = Preserved()
_METADATA: Final = ("name", "labels", "annotations", "finalizers")


@dataclass(frozen=True, slots=True)
class Generated:
    """What an ApplicationSet generates."""

    applications: tuple[JsonObject, ...]
    """Each with a name of its own, in the order of the generators."""
    not_evaluated: tuple[str, ...]
    """In words: generators whose Applications are not among them."""
    refused: tuple[tuple[str, str], ...]
    """Names that the controller refuses, with its words; Applications of these names stay as they are."""
    sync_policy: SyncPolicy = _USUAL
    strategy: str = "AllAtOnce"
    preserved: Preserved = _NOTHING
    steps: tuple[Step, ...] = ()
    """Of a RollingSync; empty where all are synced at once."""


def generated(applicationset: JsonObject, facts: Facts) -> Generated:
    """Generate the Applications of an ApplicationSet.

    Raises Rejected, naming the ApplicationSet, the generator by its number and the place in a template, for whatever
    has the controller generate nothing at all.
    """
    definition = ApplicationSet.parse(applicationset)
    try:
        generation = _Generation(definition, facts)
        found = list(generation.applications())
    except TemplateError as error:
        raise Rejected(f"ApplicationSet {definition.name}: {error}") from error
    except RecursionError:
        raise Rejected(f"ApplicationSet {definition.name} is nested too deep") from None
    return _told_apart(definition, found, tuple(generation.not_evaluated))


class _Generation:
    def __init__(self, definition: ApplicationSet, facts: Facts) -> None:
        self._definition = definition
        self._facts = facts
        self._templating = Templating(definition, facts, Budget())
        self._generators = Generators(self._templating, facts)
        self.not_evaluated: list[str] = []

    def applications(self) -> Iterator[JsonObject]:
        for number, entry in enumerate(self._definition.generators, 1):
            where = f"generator {number}"
            try:
                for part in self._generators.evaluate(entry):
                    where = f"generator {number} ({part.kind})"
                    yield from self._of(part, entry)
            except NotKnownError as error:
                self.not_evaluated.append(f"ApplicationSet {self._definition.name}, generator {number}: {error}")
            except Rejected as error:
                words = f"ApplicationSet {self._definition.name}, {where}: {error.message}"
                raise Rejected(words, remedy=error.remedy) from error

    def _of(self, part: Sets, entry: JsonObject) -> Iterator[JsonObject]:
        own = entry[part.kind].get("template")
        template = overridden(own if isinstance(own, dict) else {}, self._definition.template)
        for params in part.sets:
            yield self._application(template, params)

    def _application(self, template: JsonObject, params: Parameters) -> JsonObject:
        rendered = self._templating.everywhere(template, params, "template") if params else template
        metadata = rendered.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        kept: JsonObject = {key: metadata[key] for key in _METADATA if metadata.get(key)}
        if params and not kept.get("finalizers") and not self._definition.sync_policy.preserves:
            kept["finalizers"] = [CASCADE]
        spec = rendered.get("spec")
        application: JsonObject = {"metadata": kept, "spec": spec if isinstance(spec, dict) else {}}
        if self._definition.template_patch:
            application = self._patched(application, params)
        # The namespace is the ApplicationSet's whatever a template says: so Argo CD keeps teams apart.
        placed = {**application["metadata"], "namespace": self._definition.namespace}
        return {"apiVersion": API_VERSION, "kind": "Application", **application, "metadata": placed}

    def _patched(self, application: JsonObject, params: Parameters) -> JsonObject:
        try:
            text = self._templating.text(self._definition.template_patch, params)
        except TemplateError as error:
            raise type(error)(f"templatePatch: {error}") from error
        patch: Any = self._facts.yaml(text.encode("utf-8", errors="replace"), "templatePatch")
        if patch is None:
            return application
        if not isinstance(patch, dict):
            raise Rejected("templatePatch gives no mapping")
        found = patched(application, patch)
        metadata = found.get("metadata")
        kept: JsonObject = {"metadata": metadata if isinstance(metadata, dict) else {}}
        return {**kept, **{key: found[key] for key in ("spec", "operation") if key in found}}


def _told_apart(definition: ApplicationSet, found: list[JsonObject], not_evaluated: tuple[str, ...]) -> Generated:
    """Leave out what the controller does not create: Applications without a name, and those that share one."""
    names = [_name(one) for one in found]
    times = Counter(names)
    refused = {
        name: (
            f"ApplicationSet {definition.name} contains applications with duplicate name: {name}"
            if name
            else f"ApplicationSet {definition.name} contains an application with no name"
        )
        for name in names
        if not name or times[name] > 1
    }
    return Generated(
        applications=tuple(one for one, name in zip(found, names, strict=True) if name not in refused),
        not_evaluated=not_evaluated,
        refused=tuple(refused.items()),
        sync_policy=definition.sync_policy,
        strategy=definition.strategy,
        preserved=definition.preserved,
        steps=definition.steps,
    )


def _name(application: JsonObject) -> str:
    name = application["metadata"].get("name")
    return name if isinstance(name, str) else ""

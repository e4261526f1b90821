"""The dry runs of a prediction: each distinct manifest is asked once, and what can be told without asking is not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.cluster.writing import Write
from bot.engine.diff.equality import same
from bot.engine.hooks import is_hook
from bot.engine.writes import How, Recreation, Strategy
from bot.model.predictions import Prediction, Refusal
from bot.model.resources import JsonObject, ResourceKey, metadata_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bot.cluster.writing import Writer, Written
    from bot.engine.diff.ignored import Ignored
    from bot.prediction.desired import Desired
    from bot.preview.needs import Proof

_TRIED: Final = How()
Identity: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Question:
    """What becomes of one manifest, written in one way."""

    key: ResourceKey
    manifest: JsonObject
    how: How
    ignored: Ignored
    live: JsonObject | None = None
    """What it is written over; None also while nobody has looked."""

    @classmethod
    def of(cls, key: ResourceKey, desired: Desired, live: JsonObject | None = None) -> Question:
        """Ask about one of an application's objects, given what is live.

        A hook is created anew by each sync. One that an earlier sync has left can only be tried by applying to it.
        """
        manifest = desired.targets.objects[key]
        hook = is_hook(manifest)
        how = desired.writes.how(manifest, None if hook else live)
        if hook and live is not None and how.depends_on_live:
            how = _TRIED
        return cls(key, manifest, how, desired.ignored, None if hook else live)

    @property
    def identity(self) -> Identity:
        """What tells it from others: hashing thousands of objects would cost more than the questions saved."""
        return id(self.manifest), id(self.how)

    def is_answered_by(self, other: Question) -> bool:
        """Whether another's answer is this one's as well."""
        if self.how is not other.how and self.how != other.how:
            return False
        if self.live is not other.live and (other.how.depends_on_live or self.how.hands_over(self.live)):
            return False
        return same(other.manifest, self.manifest)


@dataclass(slots=True)
class Questions:
    """The dry runs to be made in one cluster."""

    writer: Writer
    known: dict[Identity, Prediction] = field(default_factory=dict)
    asked: dict[ResourceKey, list[Question]] = field(default_factory=lambda: defaultdict(list))
    same: dict[Identity, Identity] = field(default_factory=dict)
    running: list[tuple[list[Question], Callable[[], list[Written | Refusal]]]] = field(default_factory=list)

    def ask(self, questions: Iterable[Question]) -> None:
        """Begin the dry runs that answer these questions."""
        new = [question for question in questions if not self._asked(question)]
        writes = [Write(_named(one.manifest), one.live, one.how, one.ignored) for one in new]
        self.running.append((new, self.writer.trying(writes)))

    def spares(self, question: Question, proof: Proof) -> bool:
        """Tell whether a question need not be asked: it has been, or its object is proven to be what is there."""
        live, how, manifest = question.live, question.how, question.manifest
        if live is not None and how.recreation is Recreation.ALWAYS:
            self.known[question.identity] = Prediction(manifest, None)
            return True
        hands_over = how.hands_over(live)
        if not hands_over and any(manifest is one.manifest and how is one.how for one in self.asked[question.key]):
            return True
        if live is None or how.strategy is not Strategy.SERVER_SIDE or how.refusal or hands_over:
            return False
        if not proof.in_sync(manifest, live):
            return False
        self.known[question.identity] = Prediction(manifest, live)
        return True

    def answered(self) -> Mapping[Identity, Prediction]:
        """Wait for the dry runs and return every prediction by the identity of its question."""
        for questions, answers in self.running:
            for question, answer in zip(questions, answers(), strict=True):
                self.known[question.identity] = _prediction(question.manifest, answer)
        for identity, earlier in self.same.items():
            self.known[identity] = self.known[earlier]
        return self.known

    def _asked(self, question: Question) -> bool:
        self.same.pop(question.identity, None)
        for earlier in self.asked[question.key]:
            if question.is_answered_by(earlier):
                if question.identity != earlier.identity:
                    self.same[question.identity] = earlier.identity
                return True
        self.asked[question.key].append(question)
        return False


def _named(manifest: JsonObject) -> JsonObject:
    """Give a hook that has only a `generateName` some name to be tried under; a sync makes its own, of hooks alone."""
    metadata = metadata_of(manifest)
    if metadata.get("name") or not is_hook(manifest):
        return manifest
    kept = {field: value for field, value in metadata.items() if field != "generateName"}
    return {**manifest, "metadata": {**kept, "name": f"{metadata.get('generateName', '')}preview"}}


def _prediction(manifest: JsonObject, answer: Written | Refusal) -> Prediction:
    if isinstance(answer, Refusal):
        return Prediction(manifest, None, refusal=answer)
    obj = answer.obj
    if not metadata_of(manifest).get("name"):
        kept = {field: value for field, value in metadata_of(obj).items() if field != "name"}
        prefix = metadata_of(manifest).get("generateName", "")
        obj = {**obj, "metadata": {**kept, "generateName": prefix}}
    return Prediction(manifest, obj, estimated=answer.estimated)

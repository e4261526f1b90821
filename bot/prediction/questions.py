"""The dry runs of a prediction: each distinct manifest is asked once, and what can be told without asking is not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.cluster.objects import Apply
from bot.engine.diff.equality import same
from bot.engine.hooks import is_hook
from bot.engine.order import SYNC_OPTIONS
from bot.model.predictions import Prediction, Refusal
from bot.model.resources import JsonObject, ResourceKey, metadata_of, options_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bot.cluster.objects import Cluster
    from bot.preview.needs import Proof


@dataclass(slots=True)
class Questions:
    """The dry runs to be made in one cluster."""

    cluster: Cluster
    known: dict[int, Prediction] = field(default_factory=dict)
    """By identity of the manifest: hashing thousands of objects would cost more than the questions saved."""
    asked: dict[ResourceKey, list[JsonObject]] = field(default_factory=lambda: defaultdict(list))
    same: dict[int, int] = field(default_factory=dict)
    running: list[tuple[list[JsonObject], Callable[[], list[JsonObject | Refusal]]]] = field(default_factory=list)

    def ask(self, named: Iterable[tuple[ResourceKey, JsonObject]]) -> None:
        """Begin the dry runs of these manifests."""
        new = [manifest for key, manifest in named if not self._asked(key, manifest)]
        applies = [Apply(_named(manifest), validate=_validates(manifest)) for manifest in new]
        self.running.append((new, self.cluster.trying(applies)))

    def spares(
        self, named: tuple[ResourceKey, JsonObject], proof: Proof, live: Mapping[ResourceKey, JsonObject]
    ) -> bool:
        """Tell whether a manifest need not be asked: it has been, or is proven to be what is there."""
        key, manifest = named
        if any(manifest is earlier for earlier in self.asked[key]):
            return True
        current = live.get(key)
        if current is None or not proof.in_sync(manifest, current):
            return False
        self.known[id(manifest)] = Prediction(manifest, current)
        return True

    def answered(self) -> dict[int, Prediction]:
        """Wait for the dry runs and return every prediction by the identity of its manifest."""
        for manifests, answers in self.running:
            for manifest, answer in zip(manifests, answers(), strict=True):
                self.known[id(manifest)] = _prediction(manifest, answer)
        for manifest_id, earlier in self.same.items():
            self.known[manifest_id] = self.known[earlier]
        return self.known

    def _asked(self, key: ResourceKey, manifest: JsonObject) -> bool:
        for earlier in self.asked[key]:
            if same(earlier, manifest):
                self.same[id(manifest)] = id(earlier)
                return True
        self.asked[key].append(manifest)
        return False


def _named(manifest: JsonObject) -> JsonObject:
    """Give a hook that has only a `generateName` some name to be tried under; a sync makes its own, of hooks alone."""
    metadata = metadata_of(manifest)
    if metadata.get("name") or not is_hook(manifest):
        return manifest
    kept = {field: value for field, value in metadata.items() if field != "generateName"}
    return {**manifest, "metadata": {**kept, "name": f"{metadata.get('generateName', '')}preview"}}


def _prediction(manifest: JsonObject, answer: JsonObject | Refusal) -> Prediction:
    if isinstance(answer, Refusal):
        return Prediction(manifest, None, refusal=answer)
    if not metadata_of(manifest).get("name"):
        kept = {field: value for field, value in metadata_of(answer).items() if field != "name"}
        prefix = metadata_of(manifest).get("generateName", "")
        answer = {**answer, "metadata": {**kept, "generateName": prefix}}
    return Prediction(manifest, answer)


def _validates(manifest: JsonObject) -> bool:
    return "Validate=false" not in options_of(manifest, SYNC_OPTIONS)

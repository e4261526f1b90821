"""Stacks whose changes are predicted, merged and synced, each in a copy of its own, as in a repository of them all."""

from __future__ import annotations

import inspect
import shlex
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bot.cluster.objects import Apply
from bot.engine.hooks import is_hook
from bot.model.applications import Application
from bot.model.operations import Occasion, OperationState
from bot.model.reports import Action, ApplicationReport
from bot.model.resources import JsonObject, ResourceKey, ResourceType, metadata_of
from bot.prediction.desired import Wanted
from bot.prediction.preview import ChangeWords
from bot.prediction.trees import Sides
from bot.preview.affected import Candidate
from bot.sandbox.forge.repositories import Author, NewCommit
from tests.fidelity.changes import Change
from tests.fidelity.fleet import Fleet, Outcome
from tests.fidelity.stacks.controllers import make_healthy
from tests.fidelity.stacks.table import Copy, Stack
from tests.fidelity.verdict import differences
from workers import advance, start
from workers.operating.operations import Asked
from workers.preview import between

_FULL_NAME: Final = "acme/fidelity"
_AUTHOR: Final = Author("Stacks", "stacks@acme.example", 1_700_000_000)
_DOUBT: Final = "may answer otherwise"
"""What the preview says of objects that a rule of the same change is about: the rule comes into force some time."""
_NO_CHANGE: Final = Change((), "")
_CONFIG_MAP: Final = ResourceType("", "v1", "ConfigMap", "configmaps", namespaced=True)
_CONFIG_MAPS: Final = "count/configmaps"
_ENDED: Final = 120.0
"""Seconds; the garbage collector looks for new kinds every 30 s, and deletes none in the foreground before."""
_COUNTED: Final = 60.0
_PAUSE: Final = 0.1
"""Seconds between two looks at something that is being deleted."""


class Estate(Fleet):
    """A repository of stacks, and the control plane they live on."""

    def carry_out_stack(self, stack: Stack) -> dict[str, list[Outcome]]:
        """Install the copies of a stack, then merge its changes one after the other."""
        copies = stack.copies()
        commit = self._installed(copies)
        outcomes = {}
        for number, copy in enumerate(copies):
            self._await_counts()
            for command in copy.commands():
                self._plane.kubectl(*shlex.split(command))
            head = self._written(copy.head(), parent=commit)
            outcomes[copy.change.name] = self._merge(copy, commit, head, number=number)
            commit = head
            if stack.in_turn:
                commit = self._written(copy.restored(), parent=head)
                self._sync_all(copy, commit)
        return outcomes

    def _installed(self, copies: Sequence[Copy]) -> str:
        commit = self._written({path: text for copy in copies for path, text in copy.base().items()}, parent=None)
        for copy in {copy.name: copy for copy in copies}.values():
            for manifest in copy.applications:
                self.cluster.apply(Apply(manifest))
            self._sync_all(copy, commit)
        return commit

    def _await_counts(self) -> None:
        """Wait until the controller has counted by what each quota says now; before, another limit holds."""
        deadline = time.monotonic() + _COUNTED
        while not all(map(self._is_counted, self.cluster.quotas())):
            assert time.monotonic() < deadline, "nobody counts what the quotas limit"
            time.sleep(_PAUSE)

    def _is_counted(self, quota: JsonObject) -> bool:
        """Whether a quota has been counted, with all that is there by now."""
        status = quota.get("status", {})
        if status.get("hard") != quota["spec"]["hard"] or _CONFIG_MAPS not in status["hard"]:
            return bool(status.get("hard") == quota["spec"]["hard"])
        found = list(self.cluster.listed(_CONFIG_MAP, namespace=metadata_of(quota)["namespace"]))
        return bool(status.get("used", {}).get(_CONFIG_MAPS) == str(len(found)))

    def _written(self, files: Mapping[str, str | None], *, parent: str | None) -> str:
        tree = self._repository.write_tree({"README.md": "Stacks\n", **files}, onto=parent)
        commit = self._repository.write_commit(NewCommit(tree, [parent] if parent else [], "Change", _AUTHOR))
        self._repository.set_ref("refs/heads/main", commit)
        return commit

    def _applications(self, copy: Copy) -> list[str]:
        return [one.name for one in self.services.applications.all().applications if copy.is_about(one.name)]

    def _sync_all(self, copy: Copy, commit: str) -> None:
        """Sync the applications of a copy, and those that come with them."""
        done: list[str] = []
        while left := [name for name in self._applications(copy) if name not in done]:
            self._advance(left[0], Occasion(_FULL_NAME, "main", commit))
            done.append(left[0])

    def _merge(self, copy: Copy, base: str, head: str, *, number: int) -> list[Outcome]:
        landscape = self._landscape(only=set(self._applications(copy)))
        sides = Sides(landscape.tree(base), landscape.tree(head))
        words = ChangeWords(f"{_FULL_NAME}#{number}", "main", base, head)
        found = between(landscape, sides, words).predicted
        report, forecast = found.report, found.forecast
        assert not report.notes
        self.services.memory.keep_forecast(words.change, head, forecast.to_json())
        candidates = landscape.select(sides, landscape.branch("main"), generating=True).candidates
        targets = {one.either.name: self._sides(one, sides) for one in candidates}
        before = {name: self.cluster.live(_all(*both)) for name, both in targets.items()}
        outcomes = []
        for one in report.applications:
            if one.change is not Action.PRUNE:
                self._advance(one.name, Occasion(_FULL_NAME, "main", head, change=words.change, head=head))
            outcomes.append(
                Outcome(
                    change=_NO_CHANGE,
                    report=one,
                    forecast=forecast,
                    targets=targets[one.name][1],
                    before=before[one.name],
                    after=self.cluster.live(_all(*targets[one.name])),
                    state=self._state(one.name),
                    name=one.name,
                )
            )
        return outcomes

    def _state(self, name: str) -> OperationState | None:
        application = self.services.applications.get(name)
        return OperationState.of_status(application.status) if application is not None else None

    def _sides(self, candidate: Candidate, sides: Sides) -> list[dict[ResourceKey, JsonObject]]:
        both = ((candidate.base, sides.base), (candidate.head, sides.head))
        return [self._rendered(Wanted(one, tree)) if one is not None else {} for one, tree in both]

    def _rendered(self, wanted: Wanted) -> dict[ResourceKey, JsonObject]:
        """Return what an application manages; hooks are created anew by every sync, and are not held against it."""
        objects = self.services.sources.desired([wanted])[0].targets.objects
        return {key: obj for key, obj in objects.items() if not is_hook(obj)}

    def _advance(self, name: str, occasion: Occasion) -> None:
        """Sync an application to the end, with controllers that make everything healthy."""
        inspect.unwrap(start.run)(self.services, Asked(name, occasion).request.payload)
        step = inspect.unwrap(advance.run)
        end = time.monotonic() + _ENDED
        while time.monotonic() < end:
            before = self.services.applications.get(name)
            step(self.services, {"application": name})
            after = self.services.applications.get(name)
            if after is None or after.operation is None:
                return
            if before == after and not make_healthy(self.cluster, _keys(after)):
                time.sleep(_PAUSE)
        raise AssertionError(f"{name} comes to no end: {self._state(name)}")


def _all(*sides: Mapping[ResourceKey, JsonObject]) -> list[JsonObject]:
    return [obj for side in sides for obj in side.values()]


def _keys(application: Application) -> list[ResourceKey]:
    state = OperationState.of_status(application.status)
    return [one.key for one in state.results] if state is not None else []


def told(reports: Iterable[ApplicationReport]) -> str:
    """Return what a reviewer is told of each object, counted and sorted."""
    words: Counter[str] = Counter()
    for report in reports:
        if report.failure:
            words["cannot be rendered"] += 1
        if report.change is not Action.NOTHING:
            words[f"{report.change} application"] += 1
        for one in report.resources:
            if one.failure:
                words[f"fails {one.key.kind}"] += 1
            elif one.action is not Action.NOTHING:
                words[f"{one.action} {one.key.kind}{' (estimated)' if one.estimated else ''}"] += 1
            if one.drift is not Action.NOTHING:
                words[f"drift {one.key.kind}"] += 1
    return "; ".join(_counted(word, number) for word, number in sorted(words.items()))


def _counted(word: str, number: int) -> str:
    verb, noun = word.split(" ", 1)
    return f"{verb} {number} {noun}" if number > 1 else word


def surprises(outcome: Outcome) -> list[str]:
    """Return what came otherwise than the preview said, for whoever looks at the cluster or reads the epilogue."""
    report = outcome.report
    if report is not None and report.change is Action.PRUNE:
        return [] if outcome.before == outcome.after else [f"{outcome.name}: objects of a removed application changed"]
    epilogue = [
        f"{outcome.name} {key}: told {one.differences}" for key, one in outcome.results.items() if one.differences
    ]
    doubted = (
        tuple(f"{outcome.name} {one.key}:" for one in report.resources if _DOUBT in one.estimated) if report else ()
    )
    return [words for words in (*differences(outcome), *epilogue) if not words.startswith(doubted)]

"""A storm: many changes with many pushes while forge and network do badly; then it is looked what came of it."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from bot.preview.markdown import read_marker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.sandbox.forge.exchanges import Exchange
    from bot.sandbox.github.people import HostedRepository
    from bot.sandbox.stage import Stage

FILES: Final = 10
"""Files that the changes are about, each of them about one."""
_BOT: Final = "foresail[bot]"
_CONTEXT: Final = "foresail/preview"
_WRITES: Final = frozenset({"POST", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad it is, how much there is to do, and the seed of all that is left to chance."""

    changes: int
    pushes: int
    share: float
    """Share of calls and of webhooks with which something is wrong."""
    seed: int = 1
    pause: float = 0.0
    """Seconds between two pushes."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What came of a storm."""

    pushes: int
    """Those that opened a change included."""
    writes: int
    """Comments and statuses that were written, each time one was."""
    most_writes_per_push: float
    """Of any change."""
    requests: int
    refused_by_limits: int
    """Requests that GitHub's secondary limits refused, apart from those refused on order."""
    wrong: tuple[str, ...]
    """What is not right in the end, in words."""
    seconds: float


class Storm:
    """Changes to one repository, `deploy/settings-<n>.yaml` in which is a ConfigMap with a field `A`."""

    def __init__(self, stage: Stage, repository: HostedRepository, weather: Weather) -> None:
        self._stage = stage
        self._repository = repository
        self._weather = weather
        self._heads: dict[int, str] = {}
        self._values: dict[int, int] = {}
        self._change_of: dict[str, int] = {}
        self._pushes: Counter[int] = Counter()
        self._writes: Counter[int] = Counter()
        self._requests = 0

    def run(self, *, deadline: float) -> Aftermath:
        """Let it rage, then have made up for what was missed, and wait until all is right, or the deadline comes."""
        github, weather = self._stage.github, self._weather
        began, hits = time.monotonic(), github.limits.hits
        github.exchanges.clear()
        github.faults.rage(weather.share, seed=weather.seed)
        github.webhooks.rage(weather.share, seed=weather.seed)
        for number in self._order():
            self._push(number)
            self._count()
            time.sleep(weather.pause)
        github.wait_for_deliveries(deadline)
        github.faults.clear()
        github.webhooks.rage(0.0, seed=0)
        if self._stage.foresail is not None:
            self._stage.foresail.restart("web")  # who starts it has looked for what was missed
        end = time.monotonic() + deadline
        while (wrong := tuple(self._wrong())) and time.monotonic() < end:
            self._count()
            time.sleep(0.1)
        self._count()
        return Aftermath(
            pushes=self._pushes.total(),
            writes=self._writes.total(),
            most_writes_per_push=max(self._writes[one] / self._pushes[one] for one in self._pushes),
            requests=self._requests,
            refused_by_limits=github.limits.hits - hits,
            wrong=wrong,
            seconds=round(time.monotonic() - began, 1),
        )

    def _order(self) -> list[int]:
        """Return which change each push is to; the first of each opens it."""
        chance = random.Random(self._weather.seed)  # noqa: S311 - the same storm again for the same seed
        first = list(range(self._weather.changes))
        return first + chance.choices(first, k=self._weather.pushes - len(first))

    def _push(self, index: int) -> None:
        self._pushes[index] += 1
        value = 1000 * (index + 1) + self._pushes[index]
        file = f"deploy/settings-{index % FILES}.yaml"
        sha = self._repository.push(f"change-{index}", {file: manifest(index % FILES, value)})
        self._heads[index], self._values[index], self._change_of[sha] = sha, value, index
        if self._pushes[index] == 1:
            number = self._repository.open_pull_request(head=f"change-{index}", title=f"Change {index}").number
            self._change_of[str(number)] = index

    def _count(self) -> None:
        """Count what was asked since the last time."""
        for one in self._stage.github.exchanges.take():
            self._requests += 1
            if one.method in _WRITES and one.status < HTTPStatus.BAD_REQUEST:
                self._writes.update(self._written(one))

    def _written(self, one: Exchange) -> Iterator[int]:
        parts = one.path.split("/")
        if "statuses" in parts and parts[-1] in self._change_of:
            yield self._change_of[parts[-1]]
        elif "check-runs" in parts and isinstance(one.answer, dict) and one.answer["head_sha"] in self._change_of:
            yield self._change_of[str(one.answer["head_sha"])]
        elif "comments" in parts and isinstance(one.answer, dict):
            yield self._change_of[str(one.answer["issue_url"]).rpartition("/")[2]]

    def _wrong(self) -> Iterator[str]:
        """Say of each change what is not as it is to be: one comment about the head, and a status that has an end."""
        for index, sha in self._heads.items():
            number = next(int(word) for word, one in self._change_of.items() if one == index and len(word) < len(sha))
            status = self._repository.statuses(sha).get(_CONTEXT)
            comments = [one.body for one in self._repository.comments(number) if one.user.login == _BOT]
            marks = [read_marker(body) for body in comments]
            if status is None or status.state != "success":
                yield f"#{number}: status {status.state if status else 'missing'}"
            if [mark.head_sha if mark is not None else "" for mark in marks] != [sha]:
                yield f"#{number}: {len(comments)} comments, of {[mark and mark.head_sha[:7] for mark in marks]}"
            elif f"+  A: value-{self._values[index]}\n" not in comments[0]:
                yield f"#{number}: its comment does not say what it changes"


def manifest(number: int, value: int) -> str:
    """Return one of the files."""
    name = f"settings-{number}"
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  A: value-{value}\n"

"""A worker process that previews: one JSON line in, the figures of one preview out.

It does what the job of a pull request does from its start to the finished comments, without the forge and the fetch:
the mirror is a bare repository on this disk. Services are built before, as in a worker; nothing else is known.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from benchmarks.workload import CLONE_URL, REPOSITORY
from bot.model.changes import Repository
from bot.prediction.preview import ChangeWords
from bot.prediction.trees import Sides, Tree
from bot.preview.markdown import comments
from bot.repository.mirrors import Conflict, Mirror
from workers.changes.landscape import Landscape
from workers.preview import between
from workers.runtime import services, tidy

if TYPE_CHECKING:
    from bot.model.reports import Report
    from bot.services import Services


def previewed(by: Services, path: Path, base: str, head: str) -> Report:
    """Preview merging one commit into another and write the comments."""
    inventory = by.applications.all()
    repository = Repository(REPOSITORY, CLONE_URL)
    landscape = Landscape(by, repository, Mirror(path), inventory.applications, inventory.problems)
    merged = landscape.mirror.merge(base, head)
    if isinstance(merged, Conflict):
        raise TypeError(f"the commits are in conflict: {merged.paths}")
    sides = Sides(landscape.tree(base), Tree(landscape.identity, landscape.mirror, merged.tree_id))
    words = ChangeWords(f"{REPOSITORY}#1", "main", base, head)
    report = between(landscape, sides, words).predicted.report
    comments(report, instance=by.settings.instance, budget=by.settings.comment_budget)
    return report


def main() -> int:
    """Answer requests until there are no more."""
    built = services()
    for line in sys.stdin.buffer:
        asked: dict[str, Any] = orjson.loads(line)
        begin = time.perf_counter()
        report = previewed(built, Path(asked["repository"]), asked["base"], asked["head"])
        answer = {
            "seconds": time.perf_counter() - begin,
            "changed": sum(application.changes for application in report.applications),
            "drifted": report.drifted,
            "headline": report.headline,
        }
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()
        tidy()
    built.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

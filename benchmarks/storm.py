"""The storm: 200 changes with 1,000 pushes, once in fair weather and once with 30 % of calls and webhooks going wrong.

`python -m benchmarks.storm` prints what came of both; it takes about half an hour, and is no part of `make bench`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Table

from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.stage import Stage
from bot.sandbox.storm import FILES, Aftermath, Storm, Weather, manifest
from bot.sandbox.toolchain import programs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.sandbox.toolchain import Programs

_DEADLINE: Final = 1800.0
_SPEED: Final = 10
"""By how much GitHub's limits and ours are raised, so that it does not take all day."""
_APPLICATION: Final = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: shop, namespace: {control}}}
spec:
  project: default
  source: {{repoURL: {url}, path: deploy, targetRevision: main}}
  destination: {{name: in-cluster, namespace: shop}}
  syncPolicy: {{automated: {{}}, syncOptions: [CreateNamespace=true]}}
"""


def measure(tools: Programs, plane: ControlPlane, directory: Path, weather: Weather) -> Aftermath:
    """Return what came of a storm on a stage of its own."""
    with Stage.set_up(tools, directory, plane, control_namespace=directory.name) as stage:
        shop = stage.github.create_repository("acme/shop", files={"README.md": "shop\n"})
        pace = {"CONTENT_PER_MINUTE": 80, "CONTENT_PER_HOUR": 500, "WRITES_PER_MINUTE": 130, "PREVIEWS_PER_MINUTE": 35}
        stage.open(shop, {f"FORESAIL_FORGE_{name}": str(limit * _SPEED) for name, limit in pace.items()})
        limits = stage.github.limits
        limits.per_hour = 1_000_000
        limits.content_per_minute, limits.content_per_hour = 80 * _SPEED, 500 * _SPEED
        limits.points_per_minute = 900 * _SPEED
        declared = _APPLICATION.format(control=stage.control_namespace, url=shop.clone_url)
        files = {f"deploy/settings-{number}.yaml": manifest(number, 0) for number in range(FILES)}
        sha = shop.push("main", {".foresail/shop.yaml": declared, **files})
        stage.until(lambda: "foresail/sync" in shop.statuses(sha), what="the first sync", deadline=_DEADLINE)
        return Storm(stage, shop, weather).run(deadline=_DEADLINE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a table of both, and return 1 when anything is not right."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storm", description=__doc__)
    parser.add_argument("--changes", type=int, default=200)
    parser.add_argument("--pushes", type=int, default=1_000)
    parser.add_argument("--share", type=float, default=0.3, help="share of calls and webhooks that go wrong")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    tools, found = programs(), {}
    with tempfile.TemporaryDirectory(prefix="foresail-storm-") as name:
        directory = Path(name)
        with ControlPlane.start(tools, directory / "control-plane") as plane:
            for words, share in (("fair", 0.0), ("foul", asked.share)):
                weather = Weather(changes=asked.changes, pushes=asked.pushes, share=share, seed=asked.seed)
                found[words] = measure(tools, plane, directory / words, weather)
                _print(found)
    return 1 if any(one.wrong or one.refused_by_limits for one in found.values()) else 0


def _print(found: dict[str, Aftermath]) -> None:
    table = Table("", *found)
    rows: dict[str, list[float]] = {
        "pushes": [one.pushes for one in found.values()],
        "writes": [one.writes for one in found.values()],
        "writes a push": [round(one.writes / one.pushes, 2) for one in found.values()],
        "most writes a push, of any change": [round(one.most_writes_per_push, 2) for one in found.values()],
        "requests": [one.requests for one in found.values()],
        "refused by secondary limits": [one.refused_by_limits for one in found.values()],
        "not right in the end": [len(one.wrong) for one in found.values()],
        "seconds": [one.seconds for one in found.values()],
    }
    for words, figures in rows.items():
        table.add_row(words, *map(str, figures))
    console = Console()
    console.print(table)
    for one in found.values():
        for words in one.wrong[:10]:
            console.print(words, markup=False)


if __name__ == "__main__":
    sys.exit(main())

"""Write bot/engine/diff/builtin_lists.py from the OpenAPI of the pinned API server."""  # noqa: INP001 - a script, in no package

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.toolchain import programs

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "bot" / "engine" / "diff" / "builtin_lists.py"
HEAD = '''\
"""Lists in Kubernetes' own kinds that are sets, or maps by key. Written by `.ci/builtin_lists.py`: do not edit.

Each type with its fields that are such a list, or that lead to a type with one: `ports=[port,protocol]` is a map by two
keys, `verbs=[]` a set, `template=PodTemplateSpec` another type. Kinds are named `group/Kind`.
"""

from __future__ import annotations

from typing import Final

LISTS: Final = """\\
'''


def main() -> None:
    """Ask a fresh API server and write the module."""
    with tempfile.TemporaryDirectory() as folder, ControlPlane.start(programs(), Path(folder)) as plane:
        definitions = json.loads(plane.kubectl("get", "--raw", "/openapi/v2"))["definitions"]
    lines = [
        line
        for one in described(definitions)
        for line in textwrap.wrap(one, 120, subsequent_indent="  ", break_on_hyphens=False)
    ]
    TARGET.write_text("\n".join([HEAD.rstrip("\n"), *lines, '"""', ""]), encoding="utf-8")
    subprocess.run([Path(sys.executable).parent / "ruff", "format", "--quiet", TARGET], check=True)


def described(definitions: dict[str, Any]) -> list[str]:
    """Return a line for each type that holds a keyed list somewhere below, status left out."""
    fields = {
        name: {field: _field(schema) for field, schema in one.get("properties", {}).items() if field != "status"}
        for name, one in definitions.items()
    }
    leading = {name for name, found in fields.items() if any(keys is not None for _, keys in found.values())}
    while more := {
        name for name, found in fields.items() if name not in leading and any(to in leading for to, _ in found.values())
    }:
        leading |= more
    lines: dict[str, str] = {}
    for name, one in definitions.items():
        if name not in leading or name.endswith("List"):
            continue
        words = [
            f"{field}={_short(to) if to in leading else ''}{keys or ''}"
            for field, (to, keys) in sorted(fields[name].items())
            if field != "metadata" and (to in leading or keys is not None)
        ]
        kinds = one.get("x-kubernetes-group-version-kind", [])
        for label in {f"{kind['group']}/{kind['kind']}" for kind in kinds} or {_short(name)}:
            if words and lines.setdefault(label, " ".join(words)) != " ".join(words):
                raise SystemExit(f"two types are called {label} and differ: name them apart")
    return _reachable(lines)


def _reachable(lines: dict[str, str]) -> list[str]:
    waiting = [label for label in lines if "/" in label] + ["ObjectMeta"]
    found: set[str] = set()
    while waiting:
        label = waiting.pop()
        if label not in found and label in lines:
            found.add(label)
            waiting += [word.partition("=")[2].partition("[")[0] for word in lines[label].split()]
    return [f"{label} {lines[label]}" for label in sorted(found)]


def _field(schema: dict[str, Any]) -> tuple[str, str | None]:
    reference = schema.get("$ref") or schema.get("items", {}).get("$ref") or ""
    keys: str | None
    match schema.get("x-kubernetes-list-type"):
        case "map":
            keys = f"[{','.join(schema['x-kubernetes-list-map-keys'])}]"
        case "set":
            keys = "[]"
        case _:
            keys = None
    return reference.rpartition("/")[2], keys


def _short(name: str) -> str:
    return name.rpartition(".")[2]


if __name__ == "__main__":
    main()

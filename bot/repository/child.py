"""The child that renders: started clean, confined before the first request, gone with its parent.

It reads requests from the socket that is its standard input and writes one answer to each there:
`manifests`, `refused` (words for a person) or `fault` (ours); `spent` asks to be replaced.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import pygit2

from bot.errors import ForesailError, Rejected
from bot.repository import confinement, directory, frames
from bot.repository.asked import Asked
from bot.repository.channel import receive, send
from bot.repository.helm.library import Library
from bot.repository.helm.program import Helm
from bot.repository.kept import KeptFiles
from bot.repository.kustomize import Kustomize
from bot.repository.plugins.program import Plugins
from bot.repository.pointers import refuse_rendered
from bot.repository.toolbox import Toolbox
from bot.repository.tools import SourceOptions, Tool

MOST_OBJECTS: Final = 20_000
"""Objects of one source: each is asked about by itself, and an Application has no room to record more."""
_MAPPED: Final = 256 << 20
"""Bytes of pack files mapped at a time; libgit2's default would fill the address space it is allowed."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What renders, in this process."""

    kustomize: Kustomize
    helm: Helm
    plugins: Plugins
    kept: KeptFiles
    disabled: frozenset[Tool] = frozenset()
    """Those that an operator has switched off."""


def main(arguments: str) -> None:
    """Confine this process as `arguments` (JSON) say and answer requests until the parent hangs up."""
    setup = orjson.loads(arguments)
    confinement.die_with_parent(setup["parent"])
    home = Path.cwd()
    confined = {"network": confinement.leave_network(), "files": confinement.write_only_below(home)}
    confinement.limit_resources()
    pygit2.settings.mwindow_mapped_limit = _MAPPED
    toolbox = Toolbox.of(setup["toolbox"])
    programs = {name: Path(path) for name, path in setup["programs"].items()}
    kustomize = Kustomize(programs["kustomize"], home, toolbox, confined["files"])
    tools = Tools(
        kustomize,
        Helm(programs["helm"], home, Library(programs["helm"], setup["timeout"])),
        Plugins(toolbox.plugins, home, confined["files"]),
        KeptFiles(),
        toolbox.disabled,
    )
    send(frames.encode(confined))
    while (request := frames.receive(receive)) is not None:
        confinement.limit_processor(setup["timeout"])
        send(_answer(request, tools))


def _answer(request: dict[str, Any], tools: Tools) -> bytes:
    try:
        encoded = frames.encode({"manifests": [orjson.Fragment(one) for one in render(request, tools)]})
    except ForesailError as error:
        return frames.encode({"refused": _sayable(str(error))})
    except MemoryError:
        memory = confinement.MEMORY >> 20
        return frames.encode({"refused": f"rendering needs more than {memory} MiB of memory", "spent": True})
    except Exception:  # noqa: BLE001 - one bad source must not end the answer to others; the parent logs and replaces us
        return frames.encode({"fault": _sayable(traceback.format_exc(limit=-6)), "spent": True})
    if len(encoded) > frames.LARGEST:
        return frames.encode({"refused": f"the manifests have more than {frames.LARGEST >> 20} MiB", "spent": True})
    return encoded


def render(request: dict[str, Any], tools: Tools) -> list[bytes]:
    """Render one source and return each manifest as JSON; Rejected says what is wrong with it."""
    options = SourceOptions.of(request["source"])
    if options.only_a_reference:
        return []
    asked = Asked.of(request, options)
    rendered = _rendered(asked, tools)
    refuse_rendered(rendered, asked.shown)
    if len(rendered) > MOST_OBJECTS:
        raise Rejected(
            f"{asked.shown}: renders to {len(rendered):,} objects, which is more than {MOST_OBJECTS:,}; "
            "split it into several applications"
        )
    return rendered


def _rendered(asked: Asked, tools: Tools) -> list[bytes]:
    match asked.options.tool(asked.snapshot.folder(asked.found.entry.id), tools.disabled):
        case Tool.DIRECTORY:
            return directory.render(asked, tools.kept, with_jsonnet=Tool.DIRECTORY not in tools.disabled)
        case Tool.KUSTOMIZE:
            return [orjson.dumps(one) for one in tools.kustomize.render(asked)]
        case Tool.HELM:
            return [orjson.dumps(one) for one in tools.helm.render(asked)]
        case Tool.PLUGIN:
            return [orjson.dumps(one) for one in tools.plugins.render(asked)]


def _sayable(words: str) -> str:
    """Return words that JSON can carry: names in Git need not be UTF-8."""
    return words.encode("utf-8", errors="replace").decode("utf-8")

"""The child that renders: started clean, confined before the first request, gone with its parent.

It reads requests from the socket that is its standard input and writes one answer to each there:
`manifests`, `refused` (words for a person) or `fault` (ours); `spent` asks to be replaced.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import pygit2

from bot.errors import ForesailError, Rejected, Temporary
from bot.repository import confinement, directory, frames
from bot.repository.asked import Asked
from bot.repository.chance import Made, Pointer
from bot.repository.channel import hears_within, receive, send
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
_AGAIN: Final = 0.25
"""Part of the time for one render that it may take to be made twice."""
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
    """Confine this process as `arguments` (JSON) say and answer until the parent hangs up or asks nothing for long.

    To the parent that is as if this process had died, for which it starts another.
    """
    setup = orjson.loads(arguments)
    confinement.die_with_parent(setup["parent"])
    home = Path.cwd()
    confined = {"network": confinement.leave_network(), "files": confinement.write_only_below(home)}
    confinement.limit_resources()
    pygit2.settings.mwindow_mapped_limit = _MAPPED
    toolbox = Toolbox.of(setup["toolbox"])
    programs = {name: Path(path) for name, path in setup["programs"].items()}
    kustomize = Kustomize(programs["kustomize"], home, toolbox, confined["files"])
    patience = setup["timeout"] * _AGAIN
    tools = Tools(
        kustomize,
        Helm(programs["helm"], home, Library(programs["helm"], setup["timeout"]), patience),
        Plugins(toolbox.plugins, home, confined["files"], patience),
        KeptFiles(),
        toolbox.disabled,
    )
    send(frames.encode(confined))
    while hears_within(setup["idle"]) and (request := frames.receive(receive)) is not None:
        confinement.limit_processor(setup["timeout"])
        send(_answer(request, tools))


def _answer(request: dict[str, Any], tools: Tools) -> bytes:
    try:
        made = render(request, tools)
        manifests = [orjson.Fragment(one) for one in made.manifests]
        encoded = frames.encode({"manifests": manifests, "varying": list(made.varying.items())})
    except Temporary as error:
        return frames.encode({"away": _sayable(str(error))})
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


class Encoded(NamedTuple):
    """The manifests of a source, each as JSON."""

    manifests: list[bytes]
    varying: dict[int, list[Pointer]]
    """By a manifest's position: where it is another each time."""


def render(request: dict[str, Any], tools: Tools) -> Encoded:
    """Render one source; Rejected says what is wrong with it."""
    options = SourceOptions.of(request["source"])
    if options.only_a_reference:
        return Encoded([], {})
    asked = Asked.of(request, options)
    rendered = _rendered(asked, tools)
    refuse_rendered(rendered.manifests, asked.shown)
    if len(rendered.manifests) > MOST_OBJECTS:
        raise Rejected(
            f"{asked.shown}: renders to {len(rendered.manifests):,} objects, which is more than {MOST_OBJECTS:,}; "
            "split it into several applications"
        )
    return rendered


def _rendered(asked: Asked, tools: Tools) -> Encoded:
    match asked.options.tool(asked.snapshot.folder(asked.found.entry.id), tools.disabled):
        case Tool.DIRECTORY:
            with_jsonnet = Tool.DIRECTORY not in tools.disabled
            return Encoded(directory.render(asked, tools.kept, with_jsonnet=with_jsonnet), {})
        case Tool.KUSTOMIZE:
            return _encoded(Made(tools.kustomize.render(asked), {}))
        case Tool.HELM:
            return _encoded(tools.helm.render(asked))
        case Tool.PLUGIN:
            return _encoded(tools.plugins.render(asked))


def _encoded(made: Made) -> Encoded:
    return Encoded([orjson.dumps(one) for one in made.objects], made.varying)


def _sayable(words: str) -> str:
    """Return words that JSON can carry: names in Git need not be UTF-8."""
    return words.encode("utf-8", errors="replace").decode("utf-8")

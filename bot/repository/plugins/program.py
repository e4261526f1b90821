"""Plugins, run on a copy of the repository where they can read nothing else but the system's programs.

Source: argo-cd `cmpserver/plugin/plugin.go` (`generateManifest`).
"""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bot.errors import Rejected
from bot.model.resources import JsonObject
from bot.repository import commands, confinement, manifests
from bot.repository.asked import Asked
from bot.repository.chance import Made, varying
from bot.repository.checkout import Checkout
from bot.repository.directory import objects
from bot.repository.plugins.declaration import Plugin, chosen
from bot.repository.plugins.environment import environment_of
from bot.repository.quoting import without_quotations

_WORDS: Final = 4000
"""Characters that are passed on of what a plugin says."""
_PROGRAMS: Final = ("/usr", "/bin", "/sbin", "/dev/urandom")


@dataclass(frozen=True, slots=True)
class Plugins:
    """The declared plugins and where they may work."""

    declared: tuple[Plugin, ...]
    home: Path
    confined: bool
    """Whether the kernel has Landlock."""
    patience: float = 15.0
    """Seconds that a render may take to be made a second time."""

    def render(self, asked: Asked) -> Made:
        """Return what a plugin prints for a source's folder; Rejected has its words, or why there is none."""
        name = asked.options.plugin.get("name") or ""
        if not isinstance(name, str):
            raise Rejected(f"source.plugin.name: {name!r} is not a text")
        plugin = chosen(self.declared, name, asked.snapshot, asked.found.entry.id)
        if not self.confined:
            raise Rejected("plugins need a kernel with Landlock: they could read any file here")
        begun = time.monotonic()
        made = self._printed(plugin, asked)
        if time.monotonic() - begun > self.patience:
            return Made(made, {})
        return Made(made, varying(made, self._printed(plugin, asked)))

    def _printed(self, plugin: Plugin, asked: Asked) -> list[JsonObject]:
        root = Path(tempfile.mkdtemp(prefix="plugin-", dir=self.home))
        try:
            output = self._generated(plugin, asked, root)
        finally:
            shutil.rmtree(root, ignore_errors=True)
        documents = manifests.read(output, f"plugin {plugin.name}")
        where = f"the output of plugin {plugin.name}"
        return [obj for line, value in documents for obj in objects(value, f"{where}, line {line}")]

    def _generated(self, plugin: Plugin, asked: Asked, root: Path) -> bytes:
        tree, home = root / "tree", root / "home"
        Checkout(asked.snapshot, tree).write(asked.snapshot.walk(asked.snapshot.tree_id))
        folder = tree / asked.found.path
        for path in (folder, home):
            path.mkdir(parents=True, exist_ok=True)
        environment = environment_of(asked, str(home))
        output = b""
        for command in filter(None, (plugin.init, plugin.generate)):
            program = shutil.which(command[0], path=environment["PATH"])
            if program is None:
                raise Rejected(f"plugin {plugin.name}: there is no program {command[0]} here")
            confine = functools.partial(_confine, os.getpid(), root, Path(program))
            done = commands.run([program, *command[1:]], folder, environment, home=self.home, confine=confine)
            if done.code:
                words = without_quotations(done.words.replace(f"{tree}/", "").replace(str(root), ""), tree).strip()
                raise Rejected(f"plugin {plugin.name}: {words[:_WORDS] or f'it ended with {done.code} and no words'}")
            output = done.output
        return output


def _confine(parent: int, root: Path, program: Path) -> None:
    confinement.die_with_parent(parent)
    confinement.end_with_all_it_starts()
    # A script may have others beside itself.
    confinement.touch_only(root, program, also=[*map(Path, _PROGRAMS), program.parent])

"""What plugins there are and which sources they are for, in the files that Argo CD's plugin servers are given.

Sources: argo-cd docs/operator-manual/config-management-plugins.md, `cmpserver/plugin/config.go` and `plugin.go`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from bot.errors import Rejected
from bot.repository import manifests
from bot.repository.trees import EntryKind, Snapshot

if TYPE_CHECKING:
    from bot.model.applications import Source

_BRACES: Final = re.compile(r"[{},\\]")
_UNSUPPORTED: Final = {
    "provideGitCreds": "renderers have no credentials",
    "preserveFileMode": "files are written without their modes",
}


@dataclass(frozen=True, slots=True)
class Plugin:
    """One declared plugin."""

    name: str
    """As sources call it: `<name>-<version>`, or the name alone where it has no version."""
    generate: tuple[str, ...]
    """The command that prints manifests."""
    init: tuple[str, ...] = ()
    """A command that runs before it; empty for none."""
    file_name: str = ""
    """Glob over the names in a source's folder, one of which makes the plugin the source's tool."""
    glob: str = ""
    """The same over the paths of all files below."""

    @classmethod
    def read(cls, content: bytes, file: str) -> Self:
        """Read a `plugin.yaml`; Rejected names the file and what is wrong with it."""
        documents = manifests.read(content, file)
        value = documents[0].value if len(documents) == 1 else None
        if not isinstance(value, dict) or value.get("kind") != "ConfigManagementPlugin":
            raise Rejected(f"{file}: there has to be one ConfigManagementPlugin in it")
        spec = _mapping(value, "spec", file)
        for name, why in _UNSUPPORTED.items():
            if spec.get(name):
                raise Rejected(f"{file}: spec.{name} is not supported: {why}")
        discover = _mapping(spec, "discover", file)
        find = _mapping(discover, "find", file)
        if find.get("command"):
            raise Rejected(
                f"{file}: spec.discover.find.command is not supported: nobody could tell which changes matter to it",
                remedy="Use spec.discover.fileName or spec.discover.find.glob.",
            )
        name, version = _text(_mapping(value, "metadata", file), "name", file), _text(spec, "version", file)
        generate = _command(spec, "generate", file)
        if not name or not generate:
            raise Rejected(f"{file}: a plugin needs metadata.name and spec.generate.command")
        return cls(
            name=f"{name}-{version}" if version else name,
            generate=generate,
            init=_command(spec, "init", file),
            file_name=_text(discover, "fileName", file),
            glob=_text(find, "glob", file),
        )

    @classmethod
    def of(cls, wire: Mapping[str, Any]) -> Self:
        """Read it back from `to_wire`."""
        return cls(**{**wire, "generate": tuple(wire["generate"]), "init": tuple(wire["init"])})

    def to_wire(self) -> dict[str, Any]:
        """Return it for the start of a renderer."""
        return asdict(self)

    @property
    def discovers(self) -> bool:
        """Whether files tell that a source is for this plugin."""
        return bool(self.file_name or self.glob)

    def fits(self, snapshot: Snapshot, folder_id: str) -> bool:
        """Whether the files of a source's folder tell that it is for this plugin."""
        if self.file_name:
            return _any(_BRACES.sub(r"\\\g<0>", self.file_name), _paths(snapshot, folder_id, self.file_name))
        # Any number of folders is also none.
        return _any(self.glob.replace("**/", "{**/,}"), _paths(snapshot, folder_id, self.glob))


def discovered(snapshot: Snapshot, source: Source, plugins: Sequence[Plugin]) -> Source:
    """Return a source with the plugin that its files tell; the very same where it says itself what renders it."""
    blocks = (source.helm, source.kustomize, source.directory, source.plugin)
    if not plugins or source.only_a_reference or any(block is not None for block in blocks):
        return source
    # A chart that was fetched is the whole tree.
    found = snapshot.find("" if source.chart else source.path)
    if found is None or found.entry.kind is not EntryKind.FOLDER:
        return source
    for plugin in plugins:
        if plugin.discovers and plugin.fits(snapshot, found.entry.id):
            return source.model_copy(update={"plugin": {"name": plugin.name}})
    return source


def chosen(plugins: Iterable[Plugin], name: str, snapshot: Snapshot, folder_id: str) -> Plugin:
    """Return the plugin of a name, or the first that the files tell; Rejected when there is none."""
    named = [plugin for plugin in plugins if not name or plugin.name == name]
    for plugin in named:
        if plugin.fits(snapshot, folder_id) if plugin.discovers else name:
            return plugin
    if name and not named:
        raise Rejected(
            f"source.plugin.name: there is no plugin {name}",
            remedy="The operator declares plugins in FORESAIL_PLUGINS.",
        )
    raise Rejected(f"source.plugin: {f'plugin {name} is not' if name else 'no plugin is'} for the files of this source")


def _any(glob: str, paths: Iterable[str]) -> bool:
    from bot.engine.globs import compiled  # only where there are plugins: the library takes a while to load

    try:
        pattern = compiled(glob, separator="/")
    except ValueError:
        return False
    return any(pattern.fullmatch(path) for path in paths)


def _paths(snapshot: Snapshot, folder_id: str, glob: str) -> Iterator[str]:
    if "/" not in glob:
        return iter(snapshot.folder(folder_id))
    return (path for path, _ in snapshot.walk(folder_id))


def _mapping(value: Mapping[str, Any], name: str, file: str) -> dict[str, Any]:
    found = value.get(name) or {}
    if not isinstance(found, dict):
        raise Rejected(f"{file}: {name} has to be a mapping")
    return found


def _text(value: Mapping[str, Any], name: str, file: str) -> str:
    found = value.get(name) or ""
    if not isinstance(found, str):
        raise Rejected(f"{file}: {name} has to be a text")
    return found


def _command(value: Mapping[str, Any], name: str, file: str) -> tuple[str, ...]:
    given = _mapping(value, name, file)
    parts = [*(given.get("command") or ()), *(given.get("args") or ())]
    if not all(isinstance(part, str) for part in parts):
        raise Rejected(f"{file}: spec.{name} has to be a command and args, each a list of texts")
    if parts and "/" in parts[0] and not parts[0].startswith("/"):
        raise Rejected(f"{file}: spec.{name}: {parts[0]} is in the source; name a program of the machine")
    return tuple(parts)

"""What a source reads, taken over from the tree asked about before: never another answer than a fresh look gives."""

from __future__ import annotations

import posixpath
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import pygit2
import pytest

from bot.model.applications import Source
from bot.repository import inputs
from bot.repository.inputs import Inputs, inputs_of
from bot.repository.mirrors import Mirror
from bot.repository.plugins.declaration import Plugin
from bot.repository.steps import changed_paths, touched
from tests.integration.repository.conftest import FILE, FOLDER, Fixed, Link, Submodule

_Content = str | bytes | Link | Submodule
_FOLDERS: Final = ("", "app/", "app/deep/", "app/charts/sub/", "base/", "base/deep/", "lib/", "values/")
_NAMES: Final = """
kustomization.yaml Chart.yaml requirements.yaml values.yaml a.yaml b.jsonnet c.libsonnet x templates/t.yaml
.argocd-source.yaml .argocd-source-web.yaml plug.me l deep base lib
""".split()  # noqa: SIM905 - a table, not code
_NAMED: Final = """
a.yaml ../base ../base/deep ../lib/x .. ../values/values.yaml /values/values.yaml x deep missing ../missing/a
../lib/../base ../l l/x ./x a.yaml/x charts/sub
""".split()  # noqa: SIM905 - a table, not code
_ANY_PATH: Final = ("app", "app", "app", "base", "", "./app", "l", "app/deep", "base/../app")
_READ_BY_OTHERS: Final = ("values/values.yaml", "base/*.yaml", "lib/x", "l/x", "app/$X/a", "**")
_PLUGINS: Final = ((), (Plugin("p", ("cat",), file_name="plug.me"),), (Plugin("q", ("cat",), glob="**/plug.me"),))
_SOURCE: Final = {"repoURL": "https://github.com/acme/shop", "path": "app"}


class _Asked(NamedTuple):
    source: Source
    application: str | None
    plugins: tuple[Plugin, ...]


class _Chance:
    """Repositories, changes of them and sources, as a seed has it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - the same trees in every run

    def one(self, among: Iterable[str]) -> str:
        return self.random.choice(list(among))

    @property
    def named(self) -> str:
        return self.one(_NAMED)

    def path(self) -> str:
        return self.one(_FOLDERS) + self.one(_NAMES)

    def content(self, path: str) -> _Content:
        name, number = path.rpartition("/")[2], self.random.randrange(4)
        if self.random.random() < 0.11:
            link = Link(self.one(["../base", "x", "../../x", "/etc", "nowhere"]))
            return link if number else Submodule()
        if name == "kustomization.yaml":
            return f"resources: [{self.named}, {self.named}]\nconfigMapGenerator: [{{name: a, files: [{self.named}]}}]"
        if name in {"Chart.yaml", "requirements.yaml"}:
            return f"name: c\nversion: 0.{number}.0\ndependencies: [{{name: sub, repository: 'file://{self.named}'}}]"
        if name.endswith("sonnet"):
            return f"import '{self.one(['c.libsonnet', '../lib/c.libsonnet', '../base/x', self.named])}'"
        if name.startswith(".argocd-source"):
            return self.one(
                [
                    f"kustomize: {{components: [{self.named}]}}",
                    f"helm: {{valueFiles: [{self.named}]}}",
                    "directory: {recurse: true, jsonnet: {libs: [lib]}}",
                    "bad: [",
                    "kustomize: {namePrefix: $ARGOCD_APP_REVISION}",
                ]
            )
        return f"a: {number}"

    def files(self) -> dict[str, _Content]:
        return self.changed({"x": "1"}, times=self.random.choice([5, 12, 25]))

    def changed(self, files: Mapping[str, _Content], times: int = 0) -> dict[str, _Content]:
        found = dict(files)
        for _ in range(times or self.random.choice([1, 1, 2, 4])):
            path = self.one(found) if self.random.random() < 0.6 else self.path()
            if self.random.random() < 0.3 and len(found) > 1:
                found.pop(path, None)
                continue
            around = (one for one in found if one.startswith(f"{path}/") or path.startswith(f"{one}/"))
            for one in list(around):
                del found[one]
            found[path] = self.content(path)
        return found

    def asked(self) -> _Asked:
        blocks: list[dict[str, Any]] = [
            {},
            {"helm": {"valueFiles": [self.named, self.one(["$v/values/values.yaml", "../values/*.yaml", "*.yaml"])]}},
            {"helm": {"fileParameters": [{"name": "a", "path": self.named}]}},
            {"kustomize": {"components": [self.named], "ignoreMissingComponents": True}},
            {"directory": {"recurse": True}},
            {"directory": {"jsonnet": {"libs": [self.one(["lib", "/lib", "base/deep"])]}}},
            {"directory": {"include": "{a,b}*", "exclude": "x*"}},
            {"plugin": {"name": "p"}},
            {"path": "", "ref": "v"},
        ]
        source = Source.model_validate({**_SOURCE, "path": self.one(_ANY_PATH), **self.random.choice(blocks)})
        if source.ref or self.random.random() < 0.2:
            source = source.model_copy(update={"read_by_others": tuple(self.random.sample(_READ_BY_OTHERS, 2))})
        return _Asked(source, self.random.choice([None, "web"]), self.random.choice(_PLUGINS))


@pytest.fixture
def ask(repository: Fixed, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, _Asked], tuple[Inputs, Inputs]]:
    """Ask what is read in a tree, as the process knows it by now and as one does that has never been asked."""

    def look(tree: str, asked: _Asked) -> tuple[Inputs, Inputs]:
        known = inputs_of(repository.mirror, tree, *asked)
        with monkeypatch.context() as fresh:
            fresh.setattr(inputs, "_kept", {})
            fresh.setattr(inputs, "_latest", {})
            return known, inputs_of(repository.mirror, tree, *asked)

    return look


def _told(found: Inputs) -> tuple[Any, ...]:
    """Return what an answer says; of paths two sets may be right, as of what is missing a part may be."""
    return found.digest, found.tool, found.each_commit, found.paths is None


@pytest.mark.parametrize("seed", range(3))
def test_whatever_changes_the_answer_is_the_one_of_a_fresh_look(
    repository: Fixed, ask: Callable[[str, _Asked], tuple[Inputs, Inputs]], seed: int
) -> None:
    chance = _Chance(seed)
    for _ in range(8):
        files, asked = chance.files(), [chance.asked() for _ in range(10)]
        for _ in range(8):
            tree = repository.tree(files)
            for one in asked:
                known, fresh = ask(tree, one)
                assert _told(known) == _told(fresh), (one, files)
            files = chance.changed(files)


@pytest.mark.parametrize("name", [b".GIT", b".git"])
def test_a_name_that_no_file_may_have_is_not_passed_over(
    repository: Fixed, ask: Callable[[str, _Asked], tuple[Inputs, Inputs]], name: bytes
) -> None:
    asked, tree = _Asked(Source.model_validate(_SOURCE), None, ()), repository.tree({"app/a.yaml": "a"})
    assert ask(tree, asked)[0].digest is not None
    folder = repository.git[pygit2.Oid(hex=tree)].peel(pygit2.Tree)
    entries = [(b"100644", name, repository.git.create_blob(b"x")), (b"40000", b"app", folder["app"].id)]
    content = b"".join(mode + b" " + called + b"\0" + one.raw for mode, called, one in entries)
    strange = str(repository.git.write(pygit2.enums.ObjectType.TREE, content))

    known, fresh = ask(strange, asked)
    assert (known, known.digest) == (fresh, None)
    assert changed_paths(repository.mirror, tree, strange) is None


def _chain(repository: Fixed, content: str, *, depth: int, name: str) -> str:
    """Return a tree of one file below a chain of folders: few bytes, and long paths."""
    below, mode = repository.git.create_blob(content.encode()), FILE
    for _ in range(depth):
        builder = repository.git.TreeBuilder()
        builder.insert(name, below, mode)
        below, mode = builder.write(), FOLDER
    return str(below)


def test_what_is_kept_of_two_states_is_bounded_by_its_characters(repository: Fixed) -> None:
    mirror = Mirror(repository.mirror.path)
    old, new = (_chain(repository, text, depth=150, name="0" * 100) for text in ("old", "new"))

    assert len(changed_paths(mirror, old, new) or ()) == 1
    assert touched(str(mirror.path), old, new) is None
    few = touched(str(mirror.path), *(_chain(repository, text, depth=150, name="0") for text in ("old", "new")))
    assert few is not None
    assert few.concerns([posixpath.join(*"0" * 149)])


def test_nothing_is_taken_over_from_a_state_in_which_much_differs(repository: Fixed) -> None:
    mirror = Mirror(repository.mirror.path)
    for files, few in ((150, True), (250, False)):
        old, new = (repository.tree({f"app/{number}": text for number in range(files)}) for text in ("old", "new"))
        assert len(changed_paths(mirror, old, new) or ()) == files
        assert (touched(str(mirror.path), old, new) is not None) is few

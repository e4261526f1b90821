"""Plugins: declared by the operator, run in confinement, with the environment that Argo CD gives."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeAlias

import orjson
import pytest

from bot.errors import Rejected
from bot.model.applications import Source
from bot.repository.environment import BuildEnvironment
from bot.repository.inputs import inputs_of, settled
from bot.repository.plugins.declaration import Plugin
from bot.repository.render import Rendered, Renderer, RenderFailed, RenderRequest
from bot.repository.tool_settings import read_toolbox
from bot.repository.toolbox import Toolbox
from bot.repository.tools import Tool
from bot.repository.trees import Snapshot
from bot.sandbox.toolchain import Programs
from tests.integration.repository.conftest import Files, Fixed, Link

Ask: TypeAlias = Callable[..., Rendered | RenderFailed]


def declared(script: str, **spec: Any) -> bytes:
    command = {"command": ["sh", "-c"], "args": [script]}
    wire = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ConfigManagementPlugin",
        "metadata": {"name": "made"},
        "spec": {"generate": command, **spec},
    }
    return orjson.dumps(wire)


def printing(text: str) -> str:
    """Return a script that prints a ConfigMap with the text of a shell's words in it."""
    return f"cat <<EOF\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  text: |-\n    {text}\nEOF\n"


@pytest.fixture
def ask(repository: Fixed, programs: Programs) -> Iterator[Ask]:
    with ExitStack() as stack:

        def answer(plugin: bytes, files: Files, timeout: float = 30.0, **block: Any) -> Rendered | RenderFailed:
            toolbox = read_toolbox({}, plugins={"made.yaml": plugin})
            renderer = Renderer(str(programs.kustomize), timeout, toolbox=toolbox)
            stack.callback(renderer.close)
            wire = {"repoURL": "https://example.com/r", "path": "app", "targetRevision": "main", "plugin": block}
            environment = BuildEnvironment(
                application="web", namespace="shop", revision="0123456789", kubernetes="v1.37.2", api_versions=("v1",)
            )
            tree = repository.tree({"app/x": "here", **files})
            request = RenderRequest(repository.mirror.path, tree, Source.model_validate(wire), environment)
            return renderer.render([request])[0]

        yield answer


@pytest.fixture
def text(ask: Ask) -> Callable[..., str]:
    def answer(*arguments: Any, **options: Any) -> str:
        found = ask(*arguments, **options)
        assert isinstance(found, Rendered), found
        return str(found.manifests[0]["data"]["text"])

    return answer


@pytest.mark.parametrize(
    ("words", "found"), [("always", {}), ("$(od -An -N8 -tx1 /dev/urandom)", {0: [["data", "text"]]})]
)
def test_what_a_plugin_leaves_to_chance_is_found(ask: Ask, words: str, found: dict[int, Any]) -> None:
    made = ask(declared(printing(words)), {}, name="made")
    assert isinstance(made, Rendered), made
    assert made.varying == found


@pytest.fixture
def failure(ask: Ask) -> Callable[..., str]:
    def answer(*arguments: Any, **options: Any) -> str:
        found = ask(*arguments, **options)
        assert isinstance(found, RenderFailed), found
        return found.message

    return answer


Text: TypeAlias = Callable[..., str]


def test_a_plugin_runs_in_the_sources_folder_with_the_whole_repository_around(text: Text) -> None:
    files = {"lib/y": "there", "app/link": Link("../lib/y")}
    assert text(declared(printing("$(cat x ../lib/y link)")), files, name="made") == "heretherethere"


def test_it_is_called_by_its_name_and_version(text: Text, failure: Text) -> None:
    plugin = declared(printing("$(cat made)"), version="v1.0", init={"command": ["sh", "-c", "echo first > made"]})
    assert text(plugin, {}, name="made-v1.0") == "first"
    assert failure(plugin, {}, name="made").startswith("source.plugin.name: there is no plugin made")


def test_it_finds_the_build_environment_and_what_the_source_gives_it(text: Text) -> None:
    names = (
        "$ARGOCD_APP_NAME $ARGOCD_APP_NAMESPACE $ARGOCD_APP_REVISION_SHORT $ARGOCD_APP_SOURCE_TARGET_REVISION "
        "$KUBE_VERSION $KUBE_API_VERSIONS $ARGOCD_ENV_A $PARAM_ONE_TWO $PARAM_MAP_KEY_1 $PARAM_LIST_1"
    )
    found = text(
        declared(printing(names)),
        {},
        name="made",
        env=[{"name": "A", "value": "$ARGOCD_APP_NAME-$KUBE_VERSION-$$"}],
        parameters=[
            {"name": "one-two", "string": "s"},
            {"name": "map", "map": {"key.1": "v"}},
            {"name": "list", "array": ["a", "b"]},
        ],
    )
    assert found == "web shop 0123456 main 1.37.2 v1 web-1.37.2-$ s v b"
    parameters = [{"name": "a", "array": []}]
    assert text(declared(printing("$ARGOCD_APP_PARAMETERS")), {}, name="made", parameters=parameters) == (
        '[{"name":"a","array":[]}]'
    )


def test_its_environment_holds_nothing_else(text: Text) -> None:
    printed = text(declared(printing("$(env | cut -d= -f1 | grep -v ^ARGOCD_ | sort | xargs)")), {}, name="made")
    assert set(printed.split()) <= {"HOME", "KUBE_API_VERSIONS", "KUBE_VERSION", "PATH", "PWD", "TMPDIR", "_", "SHLVL"}


@pytest.mark.parametrize(
    ("discover", "files", "fits"),
    [
        ({"fileName": "make.sh"}, {"app/make.sh": ""}, True),
        ({"fileName": "make.sh"}, {"app/deep/make.sh": ""}, False),
        ({"fileName": "./sub*/x*"}, {"app/sub1/x1": ""}, False),
        ({"fileName": "sub*/x*"}, {"app/sub1/x1": ""}, True),
        ({"fileName": "{a,b}"}, {"app/a": ""}, False),
        ({"find": {"glob": "**/Makefile"}}, {"app/Makefile": ""}, True),
        ({"find": {"glob": "**/Makefile"}}, {"app/very/deep/Makefile": ""}, True),
        ({"find": {"glob": "*/{a,b}"}}, {"app/deep/b": ""}, True),
        ({"find": {"glob": "*/{a,b}"}}, {"app/very/deep/b": ""}, False),
        ({}, {"app/make.sh": ""}, False),
    ],
)
def test_files_tell_that_a_source_is_for_it(repository: Fixed, discover: Any, files: Files, *, fits: bool) -> None:
    (plugin,) = read_toolbox({}, plugins={"p": declared("true", discover=discover)}).plugins
    tree = repository.tree({"app/x.yaml": "", "app/kustomization.yaml": "", **files})
    source = Source.model_validate({"repoURL": "https://example.com/r", "path": "app"})
    found = settled(Snapshot(str(repository.mirror.path), tree), source, "web", (plugin,))
    assert (found.plugin == {"name": "made"}) is fits
    inputs = inputs_of(repository.mirror, tree, source, "web", (plugin,))
    assert (inputs.tool is Tool.PLUGIN) is fits
    assert (inputs.paths is None) is fits


def test_a_chart_that_was_fetched_is_for_it_if_its_files_tell_so(repository: Fixed) -> None:
    plugins = read_toolbox({}, plugins={"p": declared("true", discover={"fileName": "Chart.yaml"})}).plugins
    tree = repository.tree({"Chart.yaml": "", "values.yaml": ""})
    source = Source.model_validate({"repoURL": "https://charts.example.com", "chart": "web", "targetRevision": "1.x"})
    assert inputs_of(repository.mirror, tree, source, "web", plugins).tool is Tool.PLUGIN
    assert inputs_of(repository.mirror, tree, source, "web").tool is Tool.HELM


def test_a_source_that_says_what_renders_it_is_not_discovered(repository: Fixed) -> None:
    plugins = read_toolbox({}, plugins={"p": declared("true", discover={"fileName": "x"})}).plugins
    snapshot = Snapshot(
        str(repository.mirror.path), repository.tree({"app/x": "", "app/.argocd-source.yaml": "helm: {}"})
    )
    for block in ({"directory": {"recurse": True}}, {"kustomize": {"namePrefix": "a"}}):
        source = Source.model_validate({"repoURL": "https://example.com/r", "path": "app", **block})
        assert settled(snapshot, source, None, plugins) is source
    plain = Source.model_validate({"repoURL": "https://example.com/r", "path": "app"})
    assert settled(snapshot, plain, "web", plugins).plugin is None


def test_without_a_name_the_first_that_discovers_the_source_is_taken(text: Text, failure: Text) -> None:
    plugin = declared(printing("found"), discover={"fileName": "y"})
    assert text(plugin, {"app/y": ""}) == "found"
    assert failure(plugin, {}) == "source.plugin: no plugin is for the files of this source"
    assert failure(plugin, {}, name="made") == "source.plugin: plugin made is not for the files of this source"


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo too bad >&2; exit 3", "plugin made: too bad"),
        ("exit 3", "plugin made: it ended with 3 and no words"),
        ("echo 'a: ['", "plugin made: line"),
        ("echo 'a: 1'", "the output of plugin made, line 1: the manifest has no apiVersion and kind"),
        ("cat /etc/passwd >&2; exit 1", "Permission denied"),
        ("ls /proc/self /proc/1 >&2; exit 1", "Permission denied"),
        ("cat ../../../../../../etc/passwd >&2; exit 1", "Permission denied"),
        ("echo x > /tmp/plugin-was-here", "Permission denied"),
        ("head -c 100000000 /dev/zero", "plugin made: "),
    ],
)
def test_what_it_may_not_do_fails(failure: Text, script: str, words: str) -> None:
    assert words in failure(declared(script), {}, name="made")


def test_it_has_no_network(failure: Text) -> None:
    script = "bash -c 'exec 3<>/dev/tcp/127.0.0.1/22'"
    assert "Network is unreachable" in failure(declared(script), {}, name="made")


def test_a_secret_of_the_repository_is_not_told(failure: Text) -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: correct-horse-battery}\n"
    words = failure(declared("cat s.yaml >&2; exit 1"), {"app/s.yaml": secret}, name="made")
    assert "correct-horse-battery" not in words


def test_whatever_it_starts_ends_with_it(ask: Ask) -> None:
    script = "setsid sleep 97531 > /dev/null 2>&1 & " + printing("done")
    assert isinstance(ask(declared(script), {}, name="made"), Rendered)
    assert not sleeping("97531")
    slow = declared("setsid sleep 97532 > /dev/null 2>&1 & sleep 97532")
    found = ask(slow, {}, 2.0, name="made")
    assert isinstance(found, RenderFailed)
    assert found.message == "rendering took longer than 2 s"
    end = time.monotonic() + 30
    while sleeping("97532"):  # killed, and gone as soon as the kernel has found the time
        assert time.monotonic() < end
        time.sleep(0.05)


def sleeping(seconds: str) -> bool:
    return any(_command(path) == f"sleep\0{seconds}\0".encode() for path in Path("/proc").glob("[0-9]*/cmdline"))


def _command(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended while we looked
        return b""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"kind: Other", "there has to be one ConfigManagementPlugin"),
        (b"kind: ConfigManagementPlugin\nspec: {generate: {command: [a]}}", "a plugin needs metadata.name"),
        (declared("x", generate={}), "a plugin needs metadata.name and spec.generate.command"),
        (declared("x", generate={"command": ["./gen.sh"]}), "./gen.sh is in the source; name a program"),
        (declared("x", generate={"command": [3]}), "spec.generate has to be a command and args"),
        (declared("x", discover={"find": {"command": ["a"]}}), "spec.discover.find.command is not supported"),
        (declared("x", provideGitCreds=True), "spec.provideGitCreds is not supported: renderers have no credentials"),
        (declared("x", preserveFileMode=True), "spec.preserveFileMode is not supported"),
        (declared("x", discover=[1]), "discover has to be a mapping"),
    ],
)
def test_a_declaration_that_is_wrong_is_named(content: bytes, words: str) -> None:
    with pytest.raises(Rejected) as refused:
        Plugin.read(content, "p.yaml")
    assert refused.value.message.startswith("p.yaml: ")
    assert words in refused.value.message


def test_two_plugins_of_one_name_are_refused() -> None:
    with pytest.raises(Rejected, match="two plugins have the name made"):
        read_toolbox({}, plugins={"a": declared("x"), "b": declared("y")})


def test_a_renderer_is_told_of_plugins() -> None:
    found = read_toolbox({}, plugins={"a": declared("x", discover={"fileName": "y"}, init={"command": ["z"]})})
    assert Toolbox.of(found.to_wire()) == found

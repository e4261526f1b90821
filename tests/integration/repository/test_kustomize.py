"""Kustomizations, built by the real program from exactly what they reference."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from bot.model.applications import Source
from bot.model.resources import JsonObject
from bot.repository.environment import BuildEnvironment
from bot.repository.render import Rendered, Renderer, RenderFailed, RenderRequest
from tests.integration.repository.conftest import Files, Fixed, Link

Render: TypeAlias = Callable[..., list[JsonObject]]
Fail: TypeAlias = Callable[..., str]

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.0"}]}
"""
BASE: Files = {"base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": DEPLOYMENT}


def overlay(text: str = "") -> Files:
    return {**BASE, "app/kustomization.yaml": f"resources: [../base]\n{text}"}


@pytest.fixture
def answer(repository: Fixed, renderer: Renderer) -> Callable[..., Rendered | RenderFailed]:
    def ask(files: Files, path: str = "app", **kustomize: Any) -> Rendered | RenderFailed:
        wire = {"repoURL": "https://github.com/acme/shop", "path": path, "kustomize": kustomize}
        source = Source.model_validate(wire)
        environment = BuildEnvironment(application="shop-web", namespace="shop", revision="0123456789abcdef")
        request = RenderRequest(repository.mirror.path, repository.tree(files), source, environment)
        return renderer.render([request])[0]

    return ask


@pytest.fixture
def render(answer: Callable[..., Rendered | RenderFailed]) -> Render:
    def ask(files: Files, path: str = "app", **kustomize: Any) -> list[JsonObject]:
        found = answer(files, path, **kustomize)
        assert isinstance(found, Rendered), found
        return list(found.manifests)

    return ask


@pytest.fixture
def failure(answer: Callable[..., Rendered | RenderFailed]) -> Fail:
    def ask(files: Files, path: str = "app", **kustomize: Any) -> str:
        found = answer(files, path, **kustomize)
        assert isinstance(found, RenderFailed), found
        return found.message

    return ask


def image(deployment: JsonObject) -> str:
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.mark.parametrize("name", ["kustomization.yaml", "kustomization.yml", "Kustomization"])
def test_a_kustomization_is_built_whatever_its_name(render: Render, name: str) -> None:
    (found,) = render({f"app/{name}": "resources: [web.yaml]\nnamePrefix: a-\n", "app/web.yaml": DEPLOYMENT})
    assert found["metadata"]["name"] == "a-web"


def test_a_base_outside_of_the_path_is_used(render: Render) -> None:
    (found,) = render(overlay("replicas: [{name: web, count: 3}]\n"))
    assert found["spec"]["replicas"] == 3


def test_components_patches_and_generated_files_are_used(render: Render) -> None:
    files = {
        **overlay("components: [../part]\nnamePrefix: x-\n"),
        "part/kustomization.yaml": (
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: more.yaml}]\n"
            "configMapGenerator: [{name: conf, files: [key=conf.txt], options: {disableNameSuffixHash: true}}]\n"
        ),
        "part/more.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 5}\n",
        "part/conf.txt": "hello",
    }
    conf, web = render(files)
    assert (conf["data"], web["spec"]["replicas"]) == ({"key": "hello"}, 5)


def test_a_transformer_makes_the_whole_repository_available(render: Render) -> None:
    transformer = "apiVersion: builtin\nkind: NamespaceTransformer\nmetadata: {name: n, namespace: shop}\n"
    files = {**overlay("transformers: [../config/ns.yaml]\n"), "config/ns.yaml": transformer}
    assert "config/ns.yaml' is not in or below" in str(render_error(render, files))
    files = {**overlay("transformers: [ns.yaml]\n"), "app/ns.yaml": transformer, "other/x": Link("../base")}
    (found,) = render(files)
    assert found["metadata"]["namespace"] == "shop"


def render_error(render: Render, files: Files) -> AssertionError:
    with pytest.raises(AssertionError) as caught:
        render(files)
    return caught.value


def test_a_base_behind_a_link_is_used(render: Render) -> None:
    (found,) = render({**BASE, "app/kustomization.yaml": "resources: [../latest]\n", "latest": Link("base")})
    assert found["metadata"]["name"] == "web"


@pytest.mark.parametrize(
    ("options", "read", "expected"),
    [
        ({"namePrefix": "a-", "nameSuffix": "-z"}, lambda web: web["metadata"]["name"], "a-web-z"),
        ({"namespace": "shop"}, lambda web: web["metadata"]["namespace"], "shop"),
        ({"images": ["nginx=registry.example.com/nginx:2"]}, image, "registry.example.com/nginx:2"),
        ({"images": ["nginx:3"]}, image, "nginx:3"),
        ({"images": [f"nginx@sha256:{'0' * 64}"]}, image, f"nginx@sha256:{'0' * 64}"),
        ({"replicas": [{"name": "web", "count": "4"}]}, lambda web: web["spec"]["replicas"], 4),
        ({"commonLabels": {"a": "b"}}, lambda web: web["spec"]["selector"]["matchLabels"], {"app": "web", "a": "b"}),
        (
            {"commonLabels": {"a": "b"}, "labelWithoutSelector": True},
            lambda web: (web["metadata"]["labels"], web["spec"]["selector"]["matchLabels"]),
            ({"a": "b"}, {"app": "web"}),
        ),
        ({"commonAnnotations": {"a/b": "c: d, e"}}, lambda web: web["metadata"]["annotations"], {"a/b": "c: d, e"}),
        (
            {
                "patches": [
                    {"target": {"kind": "Deployment"}, "patch": "- {op: replace, path: /spec/replicas, value: 9}"}
                ]
            },
            lambda web: web["spec"]["replicas"],
            9,
        ),
        ({"images": ["nginx:$ARGOCD_APP_REVISION_SHORT"]}, image, "nginx:0123456"),
        (
            {"commonLabels": {"a": "${ARGOCD_APP_NAME}$$"}, "labelWithoutSelector": True},
            lambda web: web["metadata"]["labels"],
            {"a": "shop-web$"},
        ),
        (
            {"commonAnnotations": {"a": "$ARGOCD_APP_NAME"}},
            lambda web: web["metadata"]["annotations"]["a"],
            "$ARGOCD_APP_NAME",
        ),
        (
            {"commonAnnotations": {"a": "$ARGOCD_APP_SOURCE_PATH in $NOTHING."}, "commonAnnotationsEnvsubst": True},
            lambda web: web["metadata"]["annotations"]["a"],
            "app in .",
        ),
        ({"patches": [{"path": "more.yaml"}]}, lambda web: web["spec"]["replicas"], 7),
        ({"components": ["../part"]}, lambda web: web["metadata"]["name"], "part-web"),
        ({"components": ["../no"], "ignoreMissingComponents": True}, lambda web: web["metadata"]["name"], "web"),
    ],
)
def test_options_of_the_application_are_applied(
    render: Render, options: dict[str, Any], read: Callable[[JsonObject], Any], expected: Any
) -> None:
    files = {
        **overlay(),
        "part/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: part-\n",
        "app/more.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 7}\n",
    }
    (found,) = render(files, **options)
    assert read(found) == expected


def test_a_prefix_of_the_application_replaces_the_kustomizations(render: Render) -> None:
    (found,) = render(overlay("namePrefix: dev-\n"), namePrefix="prod-")
    assert found["metadata"]["name"] == "prod-web"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"images": "nginx"}, "source.kustomize.images must be a list"),
        ({"replicas": [{"name": "web"}]}, "source.kustomize.replicas needs a name"),
        ({"namePrefix": 3}, "source.kustomize.namePrefix: 3 is not a string"),
        ({"components": ["../no"]}, "no has no match"),
        ({"patches": ["x"]}, "source.kustomize.patches must be a list of patches"),
    ],
)
def test_an_option_that_cannot_be_applied_is_named(failure: Fail, options: dict[str, Any], words: str) -> None:
    assert words in failure(overlay(), **options)


@pytest.mark.parametrize(
    "remote",
    [
        "https://example.com/base.yaml",
        "github.com/acme/base?ref=v1",
        "git@github.com:acme/base.git",
        "ssh://git@example.com/base",
        "https://169.254.169.254/latest",
        "git::https://example.com/x",
    ],
)
def test_a_remote_base_is_refused_by_name(failure: Fail, remote: str) -> None:
    words = failure({**BASE, "app/kustomization.yaml": f"resources: ['{remote}', ../base]\n"})
    assert words == f"remote bases and files cannot be fetched: {remote} (in app)"


def test_a_remote_base_of_a_base_is_refused(failure: Fail) -> None:
    files = {**overlay(), "base/kustomization.yaml": "components: ['https://example.com/c']\n"}
    assert failure(files).endswith("https://example.com/c (in base)")


@pytest.mark.parametrize(
    "kustomization",
    [
        "resources: [../../../etc]",
        "resources: [/etc]",
        "configMapGenerator: [{name: a, files: [/etc/passwd]}]",
        "secretGenerator: [{name: a, envs: [../../../../../../etc/passwd]}]",
        "patches: [{path: /etc/passwd}]",
        "openapi: {path: /etc/passwd}",
        "transformers: [../../../../etc]",
        "unknown: 1\nresources: [/etc]",
    ],
)
def test_paths_that_lead_out_are_refused(failure: Fail, kustomization: str) -> None:
    assert "lead out of the repository" in failure({"app/kustomization.yaml": kustomization})


def test_a_link_that_leads_out_is_refused(failure: Fail) -> None:
    files = {"app/kustomization.yaml": "configMapGenerator: [{name: a, files: [x]}]", "app/x": Link("/etc/passwd")}
    assert "lead out of the repository" in failure(files)


def test_a_link_elsewhere_that_leads_out_is_refused_when_the_whole_repository_is_needed(failure: Fail) -> None:
    files = {**overlay("transformers: [a.yaml]"), "app/a.yaml": "{}", "elsewhere/x": Link("/etc/passwd")}
    assert "leads out of the repository" in failure(files)


@pytest.mark.parametrize(
    "kustomization",
    [
        "generators: [exec.yaml]",
        "helmCharts: [{name: a, repo: https://example.com, version: 1.0.0}]",
    ],
)
def test_plugins_and_helm_stay_off(failure: Fail, tmp_path: Path, kustomization: str) -> None:
    plugin = (
        "apiVersion: example.com/v1\nkind: Touch\nmetadata:\n  name: a\n  annotations:\n"
        f"    config.kubernetes.io/function: 'exec: {{path: ./run}}'\nspec: {{file: {tmp_path}/made}}\n"
    )
    files = {"app/kustomization.yaml": kustomization, "app/exec.yaml": plugin, "app/run": "#!/bin/sh\nexit 0\n"}
    assert failure(files).startswith("kustomize build: ")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"app/kustomization.yaml": "resources: [no.yaml]"}, "no.yaml"),
        ({"app/kustomization.yaml": "resources: ["}, "kustomize build: "),
        ({"app/kustomization.yaml": "resources: [../app]"}, "cycle"),
        ({"app/kustomization.yaml": "", "app/Kustomization": ""}, "multiple kustomization files"),
        ({"app/kustomization.yaml": "resources: [a.yaml]", "app/a.yaml": "kind: A\n"}, "missing"),
    ],
)
def test_an_error_has_the_tools_words_and_no_place_of_ours(failure: Fail, files: Files, words: str) -> None:
    found = failure(files)
    assert words in found
    assert "foresail-render" not in found
    assert "Usage:" not in found


SECRET = "kind: Secret\napiVersion: v1\nmetadata: {name: a}\n"
ODD_REPLACEMENT = """\
resources: [s.yaml]
replacements:
  - source: {kind: Secret, fieldPath: data.a, options: {delimiter: "-", index: 7}}
    targets: [{select: {kind: Secret}, fieldPaths: [data.b]}]
"""
ODD_PATCH = "resources: [s.yaml]\npatches: [{target: {kind: Secret}, patch: '%s'}]\n"


@pytest.mark.parametrize(
    ("kustomization", "secret", "words"),
    [
        ("secretGenerator: [{name: a, literals: [hunter2]}]\n", "", "a literal source is not key=value"),
        ("secretGenerator: [{name: a, literals: [a=hun, hun]}]\n", "", "a literal source is not key=value"),
        ("resources: [s.yaml]\n", "stringData: {a: hunter2\n", "did not find expected"),
        (ODD_PATCH % "hun", "stringData: {a: b}\n", "unable to parse SM or JSON patch"),
        (ODD_PATCH % "[{op: tst, path: /a, value: hunter2}]", "data: {}\n", "unable to parse SM or JSON patch"),
        (ODD_PATCH % "{data: {a: hun}}", "data: hunter2\n", ""),
        (ODD_PATCH % "{kind: Secret, metadata: {name: a}, data: hun}", "data: {a: hunter2}\n", "wrong node kind"),
        (
            "resources: [s.yaml]\nlabels: [{pairs: {a: b}, fields: [{path: data, create: true}]}]\n",
            "data: hun\n",
            "considering field 'data'",
        ),
        (ODD_REPLACEMENT, "data: {a: hun-ter, b: x}\n", "out of bounds"),
        (
            "resources: [s.yaml]\npatchesJson6902: [{target: {kind: Secret, version: v1, name: a}, patch: '[hun'}]\n",
            "data: {a: b}\n",
            "trouble configuring builtin PatchJson6902Transformer",
        ),
        ("secretGenerator: [{name: hunter2/..., envs: [nothing-there], literals: [a=hunter2]}]\n", "", "nothing-there"),
    ],
)
def test_a_failed_build_quotes_no_secret(failure: Fail, kustomization: str, secret: str, words: str) -> None:
    said = failure({"app/kustomization.yaml": kustomization, "app/s.yaml": SECRET + secret})
    assert "hun" not in said
    assert words in said


def test_a_file_that_is_kept_elsewhere_is_refused_where_it_is_named(failure: Fail, render: Render) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 99999999999999\n"
    files = {"app/kustomization.yaml": "configMapGenerator: [{name: a, files: [x.crt]}]", "app/x.crt": pointer}
    words = "99,999,999,999,999 bytes, which is more than the 67,108,864 that are fetched"
    assert failure(files) == f"app/x.crt: the file is kept in Git LFS and has {words}"
    named = {
        "app/kustomization.yaml": "resources: [a.yaml]",
        "app/a.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
    }
    assert len(render({**named, "app/picture.png": pointer})) == 1


def test_asking_for_kustomize_without_a_kustomization_is_refused(failure: Fail) -> None:
    assert failure({"app/a.yaml": ""}, namePrefix="a-").startswith("app: there is no kustomization.yaml")


def test_texts_that_look_like_something_else_stay_texts(render: Render) -> None:
    data = {"a": "on", "b": "1e3", "c": "0x1", "d": "2001-01-01", "e": "~", "f": "010", "y": "y", "g": "1_0", "h": "08"}
    manifest = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data})
    (found,) = render({"app/kustomization.yaml": "resources: [a.yaml]", "app/a.yaml": manifest})
    assert found["data"] == data

"""No secret value leaves Foresail: not in a comment, status, log, record, Redis, nor on a developer's terminal."""

from __future__ import annotations

import base64
import html
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest
import redis

from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.installation import ROOT
from bot.sandbox.stage import Stage
from bot.store.reports import Reports
from tests.functional.canaries import Canaries, everything_said
from tests.functional.conftest import Files, Shop, application, config_map
from tests.functional.secrets_everywhere import Places, manifest
from tests.functional.test_app_commands import with_secret

APART = True
MARKER = f"marker-{uuid.uuid4().hex[:8]}"
"""Stands in an object's name and value, and is no secret."""
POLICY = """package foresail
import rego.v1
warn contains msg if {
    input.object.kind in {"Secret", "ConfigMap", "PodTemplate"}
    msg := sprintf("policy saw %v", [input.object])
}
"""
"""Tells all that it sees."""
HEARD = (
    "comments",
    "requests to GitHub",
    "Redis",
    "records of applications",
    "terminal, as json",
    "page",
    "file, json",
)
PLACES = (*HEARD[:4], "log of ", "terminal", "web", "page", "file", "report as kept")


@pytest.fixture(scope="module")
def canaries() -> Canaries:
    return Canaries()


@pytest.fixture(scope="module")
def settings(canaries: Canaries) -> dict[str, str]:
    """Render over the queue: all that is rendered, failed or not, goes through Redis then."""
    return {
        "FORESAIL_RENDER": "queue",
        "FORESAIL_CACHE_KEY": canaries("the key of the cache", uuid.uuid4().hex),
        "FORESAIL_REPORT_KEY": canaries("the key of reports", uuid.uuid4().hex),
        "FORESAIL_URL": "http://foresail.example",
    }


@pytest.fixture(scope="module")
def shop(stage: Stage, control_plane: ControlPlane, canaries: Canaries) -> Shop:
    """Return a repository full of secrets, all of it synced, and then changed by hand."""
    namespace = f"test-{uuid.uuid4().hex[:8]}"
    control_plane.kubectl("create", "namespace", namespace)
    repository = stage.github.create_repository("acme/shop-1", files={"README.md": "shop\n"})
    stage.add(repository)
    shop = Shop(stage, repository, namespace)
    policy = {".foresail/policies/tell.rego": POLICY}
    declared = {".foresail/shop.yaml": application(shop), ".foresail/kust.yaml": declared_at(shop, "kust", "kust")}
    shop.await_sync(repository.push("main", {**Places(canaries, "base").everything(), **declared, **policy}))
    _drift(shop, canaries)
    return shop


@pytest.fixture(scope="module")
def said(shop: Shop, canaries: Canaries, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Have a change of secrets previewed, pushed to, merged and failing; return all that was said meanwhile."""
    head, stage = Places(canaries, "head"), shop.stage
    broken = {f"broken/{name}/{path}": text for name, found in head.broken().items() for path, text in found.items()}
    names = {path.split("/")[1] for path in broken}
    failing = {f".foresail/{name}.yaml": declared_at(shop, name, f"broken/{name}") for name in names}
    files = {**head.everything(), **head.refused(), **broken, **failing, **odd_applications(shop, head)}
    marker = {"deploy/marker.yaml": config_map(MARKER, COLOUR=MARKER)}
    number = shop.propose({**files, **marker, "deploy/gone.yaml": None})
    assert shop.await_preview(number) == "failure"
    terminal, pages = _terminal(shop, tmp_path_factory.mktemp("checkout")), _pages(shop, number, ", before")
    shop.repository.push("feature", {**Places(canaries, "second push").settings(), **wrong_applications(shop, head)})
    shop.await_preview(number)
    shop.await_sync(shop.repository.merge(number), "failure")
    stage.until(stage.is_idle, what="an end of all work")
    terminal |= _asked_about(shop)
    said = {**everything_said(stage), **terminal, **pages, **_pages(shop, number), "web": _web(stage)}
    linked = {one for text in (said["comments"], *pages) for one in _LINK.findall(text)}
    return {**said, "report as kept": "\n".join(_as_kept(stage, canaries, one) for one in sorted(linked))}


@pytest.mark.parametrize("place", PLACES)
def test_no_secret_is_heard(said: Mapping[str, str], canaries: Canaries, place: str) -> None:
    heard = {
        where: found for where, text in said.items() if where.startswith(place) for found in [canaries.heard_in(text)]
    }

    assert heard
    assert {where: found for where, found in heard.items() if found} == {}


def test_more_than_forty_different_secrets_were_hidden(said: Mapping[str, str], canaries: Canaries) -> None:
    assert said
    assert len(set(canaries.values.values())) == len(canaries.values) > 40


def test_what_is_no_secret_is_heard(said: Mapping[str, str]) -> None:
    plain = Canaries({"marker": MARKER})

    assert [where for where in HEARD if not plain.heard_in(said[where])] == []


def test_what_was_rendered_was_kept_in_redis(said: Mapping[str, str]) -> None:
    assert "foresail:render:entry:" in said["Redis"]


def test_every_notation_is_heard() -> None:
    canaries = Canaries()
    value = canaries("place")
    whole = json.dumps({"auth": base64.b64encode(f"robot:{value}!".encode()).decode()})

    for text in (whole, value.encode().hex(), value[::-1], base64.b64encode(whole.encode()).decode()):
        assert canaries.heard_in(text) == ({"place"} if text != base64.b64encode(whole.encode()).decode() else set())


def declared_at(shop: Shop, name: str, path: str) -> str:
    """Return an Application beside the shop's own."""
    return application(shop, path=path).replace(f"name: {shop.name}\n", f"name: {shop.name}-{name}\n", 1)


def odd_applications(shop: Shop, places: Places) -> Files:
    """Return Applications and an ApplicationSet that hold secrets themselves."""
    source = declared_at(shop, "helm", "helm")
    helm = {
        "parameters": [{"name": "db.password", "value": places.hide("a parameter for Helm")}],
        "values": f"db:\n  password: {places.hide('values for Helm')}\n",
        "valuesObject": {"token": places.hide("an object of values")},
    }
    generators = [{"list": {"elements": [{"token": places.hide("an element of a generator"), "name": "a"}]}}]
    template = {
        "metadata": {"name": f"{shop.name}-{{{{ .name }}}}-set"},
        "spec": {
            "project": "default",
            "source": {"repoURL": "{{ .token | int64 | fail }}", "path": "a"},
            "destination": {"name": "in-cluster", "namespace": "{{ .password }}"},
            "info": [{"name": "password", "value": places.hide("a template")}],
        },
    }
    spec = {"goTemplate": True, "generators": generators, "template": template}
    control = shop.stage.control_namespace
    found = manifest(
        "ApplicationSet", f"{shop.name}-all", f"spec: {json.dumps(spec)}\n", version="argoproj.io/v1alpha1"
    )
    return {
        ".foresail/helm.yaml": source.replace("source: {", f"source: {{helm: {json.dumps(helm)}, "),
        "helm/Chart.yaml": "apiVersion: v2\nname: canary\nversion: 1.0.0\n",
        "helm/values.yaml": f"apiToken: {places.hide('values of a chart')}\n",
        "helm/templates/a.yaml": "{{ fail (toYaml .Values) }}\n",
        **chart_with_notes(places, "notes", "Log in with {{ .Values.apiToken }}.\n"),
        **chart_with_notes(places, "failing-notes", "{{ fail (toYaml .Values) }}\n"),
        **{f".foresail/{name}.yaml": declared_at(shop, name, name) for name in ("notes", "failing-notes")},
        ".foresail/all.yaml": found.replace("metadata:", f"metadata:\n  namespace: {control}"),
    }


def chart_with_notes(places: Places, name: str, notes: str) -> Files:
    """Return a chart whose notes tell a secret."""
    value = places.hide(f"what {name} tell")
    return {
        f"{name}/Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: 1.0.0\n",
        f"{name}/values.yaml": f"apiToken: {value}\n",
        f"{name}/templates/NOTES.txt": notes,
        f"{name}/templates/a.yaml": manifest("Secret", name, "stringData: {token: '{{ .Values.apiToken }}'}\n"),
    }


def wrong_applications(shop: Shop, places: Places) -> Files:
    """Return an Application that cannot be read, and one with a repository that nobody uses yet."""
    away = f"https://robot:{places.hide('the URL of a source')}@git.example.com/a.git"
    return {
        ".foresail/wrong.yaml": declared_at(shop, "wrong", f"{{password: {places.hide('a path that is none')}}}"),
        ".foresail/away.yaml": declared_at(shop, "away", "a").replace(shop.repository.clone_url, away),
    }


def _drift(shop: Shop, canaries: Canaries) -> None:
    """Change secrets by hand, once as `kubectl apply` does it, which keeps a copy in an annotation."""
    plane, place = shop.stage.plane, ["-n", shop.namespace]
    patch = {"stringData": {"a": canaries("a Secret changed by hand")}}
    plane.kubectl("patch", "secret", "opaque", *place, "--type=merge", "-p", json.dumps(patch))
    login = {"type": "kubernetes.io/basic-auth", "stringData": {"password": canaries("last applied")}}
    applied = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, **login}
    plane.kubectl("apply", *place, "-f", "-", stdin=json.dumps(applied))
    plane.kubectl("set", "env", "deployment/web", *place, f"API_TOKEN={canaries('a variable by hand')}")


def _terminal(shop: Shop, folder: Path) -> dict[str, str]:
    """Return what `foresail preview` says in a checkout of the change, in each form."""

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)

    git("clone", "--quiet", str(shop.repository.state.path), ".")
    git("checkout", "--quiet", "feature")
    git("remote", "set-url", "origin", shop.repository.clone_url)
    settings = shop.stage.settings(shop.repository)
    kept = {name: os.environ[name] for name in ("PATH", "HOME")}
    environment = {**kept, "PYTHONPATH": str(ROOT)}
    environment |= {name: settings[name] for name in ("FORESAIL_KUSTOMIZE", "FORESAIL_HELM")}
    command = [sys.executable, "-m", "bot.cli.main", "preview", "--kubeconfig", str(shop.stage.plane.kubeconfig)]
    command += ["--control-namespace", shop.stage.control_namespace, "--output"]
    said = {}
    for kind in ("text", "markdown", "json", "html"):
        done = subprocess.run(
            [*command, kind], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60
        )
        said[f"terminal, as {kind}"] = done.stdout + done.stderr
    return said


def _asked_about(shop: Shop) -> dict[str, str]:
    """Return what `foresail app` says of all applications, and of the one with most secrets."""
    with_secret(shop)
    settings = shop.stage.settings(shop.repository)
    kept = {name: os.environ[name] for name in ("PATH", "HOME")} | {"FORESAIL_FETCH_ALLOW": "127.0.0.1"}
    kept |= {name: settings[name] for name in ("FORESAIL_KUSTOMIZE", "FORESAIL_HELM")}
    place = ["--kubeconfig", str(shop.stage.plane.kubeconfig), "--control-namespace", shop.stage.control_namespace]
    every = ["list", "-o", "wide"]
    said = {}
    for words in (every, *([verb, shop.name] for verb in ("get", "resources", "history", "diff"))):
        command = [sys.executable, "-m", "bot.cli.main", "app", *words, *place]
        done = subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True, check=False, timeout=120)
        said[f"terminal, app {words[0]}"] = done.stdout + done.stderr
        assert done.returncode == (20 if words[0] == "diff" else 0), done.stderr
    assert "Secret fixed" in said["terminal, app diff"].replace(f"{shop.namespace}/", "")  # it came to the refusals
    return said


_LINK = re.compile(r"http://foresail\.example/reports/([0-9a-f]+)")


def _pages(shop: Shop, number: int, which: str = "") -> dict[str, str]:
    """Return what the link in a comment opens, as page and as files."""
    linked = _LINK.search(shop.body(number))
    assert linked is not None
    url = f"{shop.stage.foresail.url if shop.stage.foresail else ''}/reports/{linked[1]}"
    said = {}
    for kind in ("page", "file, html", "file, markdown", "file, json"):
        form = kind.partition(", ")[2]
        with urllib.request.urlopen(f"{url}?format={form}", timeout=10) as answer:  # noqa: S310 - an http address of our own
            text = answer.read().decode()
            said[f"{kind}{which}"] = f"{text}\n{html.unescape(text)}"
    return said


def _as_kept(stage: Stage, canaries: Canaries, token: str) -> str:
    """Return what Redis keeps of a report, unsealed."""
    key = canaries.values["the key of reports"]
    kept = Reports(redis.Redis.from_url(stage.redis.url), key=key, room=1 << 30, days=1).find(token)
    return "" if kept is None else kept.decode()


def _web(stage: Stage) -> str:
    """Return what the web process answers to anybody."""
    answers = []
    for path in ("healthz", "readyz", "metrics", "nowhere"):
        try:
            with urllib.request.urlopen(f"{stage.foresail.url if stage.foresail else ''}/{path}", timeout=10) as answer:  # noqa: S310 - an http address of our own
                answers.append(answer.read().decode())
        except urllib.error.HTTPError as error:
            answers.append(error.read().decode())
    return "\n".join(answers)

"""What nobody should write and somebody will: an answer in words, within bounds, and nothing lost by it."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from pathlib import Path

import pytest
import rq

from bot.model.jobs import QUEUES
from bot.model.reports import STATUS_LENGTH
from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.stage import Stage
from bot.store.connection import connect
from tests.functional.conftest import Files, Shop, application, config_map

APART = True
MEMORY = 1_200_000
"""Kilobytes that a worker may have used at most (`VmHWM` of proc_pid_status(5)); a small preview takes 130,000."""


def listed(number: int) -> str:
    """Return so many objects in a file of JSON."""
    items = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"a{one}"}} for one in range(number)]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def holding(text: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large"}, "data": {"a": text}})


def workload(containers: int) -> str:
    template = {
        "metadata": {"labels": {"app": "a"}},
        "spec": {"containers": [{"name": f"c{one}", "image": "nginx:1.27"} for one in range(containers)]},
    }
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "a"}}, "template": template}
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "wide"}, "spec": spec})


def annotated(text: str) -> str:
    metadata = {"name": "annotated", "annotations": {"a": text}}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{after}: &{after} [{', '.join([f'*{before}'] * 9)}]\n"
    for before, after in zip("abcdefgh", "bcdefghi", strict=True)
)
ODD = "`@acme/team` | <img src=x> [link](https://evil.example.com) \u202egnp.exe **bold** #1 :tada: $x$\nnew line"
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: odd}\n"

CASES: dict[str, tuple[Files, str]] = {
    "bomb": ({"a.yaml": f"{CONFIG}{BOMB}"}, "its aliases expand to too much"),
    "many": ({"a.json": listed(100_000)}, "more than"),
    "bytes": ({"a.json": holding("x" * 10_000_000)}, "its manifests have more than 10,000,000 bytes"),
    "large": ({"a.json": holding("x" * 9_900_000)}, "predicted to fail"),
    "long": ({"a.json": holding("x\n" * 1_000_000)}, "predicted to fail"),
    "wide": ({"a.json": workload(10_000)}, "shop-1-wide"),
    "annotated": ({"a.json": annotated("y" * 5_000_000)}, "predicted to fail"),
    "twice": ({"a.yaml": f"{CONFIG}data:\n  a: b\n  a: c\n"}, "the key 'a' is there twice"),
    "deep": ({"a.yaml": f"{CONFIG}data: {'[' * 10_000}{']' * 10_000}\n"}, "nested deeper"),
    "nan": ({"a.yaml": f"{CONFIG}data: {{a: .nan}}\n"}, "not a number that JSON can hold"),
    "integer": ({"a.yaml": f"{CONFIG}data: {{a: {'9' * 5_000}}}\n"}, "(5,007 characters"),
    "empty": ({"a.yaml": "---\n---\n# nothing\n---\n" + config_map("full", A="b")}, "ConfigMap"),
    "kind": ({"a.yaml": config_map("a", A="b").replace("ConfigMap", "Confgmap")}, "Confgmap"),
    "names": ({"a.yaml": config_map("a", A="b").replace("name: a", f"name: {json.dumps(ODD)}")}, "cannot be the name"),
    "values": ({"a.yaml": f"{CONFIG}data: {{{json.dumps(ODD)}: {json.dumps(ODD)}}}\n"}, "predicted to fail"),
    "labels": (
        {"a.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: odd, labels: {{a: {json.dumps(ODD)}}}}}\n"},
        "predicted to fail",
    ),
    "cycle": ({"kustomization.yaml": "resources: [../cycle]\n"}, "cycle"),
    "loop": ({"a.yaml": "->a.yaml"}, "loop"),
    "utf-8": ({"a.yaml": f"{CONFIG}data: {{a: \udcff\udcfe}}\n"}, "a.yaml"),
}


@pytest.fixture(scope="module")
def shop(stage: Stage, control_plane: ControlPlane) -> Shop:
    """Return a repository with one application."""
    namespace = f"test-{uuid.uuid4().hex[:8]}"
    control_plane.kubectl("create", "namespace", namespace)
    repository = stage.github.create_repository("acme/shop-1", files={"README.md": "shop\n"})
    stage.add(repository)
    shop = Shop(stage, repository, namespace)
    files = {".foresail/good.yaml": declared(shop, "good"), "good/zz.yaml": config_map("good-good", A="b")}
    shop.await_sync(repository.push("main", files))
    return shop


@pytest.fixture(scope="module")
def told(shop: Shop) -> str:
    """Have a change previewed that does everything wrong at once; return the words of its comments."""
    files = {f"{name}/{path}": text for name, (found, _) in CASES.items() for path, text in found.items()}
    files |= {f".foresail/{name}.yaml": declared(shop, name) for name in CASES}
    many = {f"many-files/{number}.txt": "" for number in range(3_000)}
    sha = commit(shop.repository.state.path, "main", {**files, **many, "good/zz.yaml": config_map("good-good", A="c")})
    shop.repository.point("feature", sha)
    number = shop.repository.open_pull_request("feature", title=ODD.partition("\n")[0]).number
    assert shop.await_preview(number) == "failure"
    return "\n".join(comment.body for comment in shop.repository.comments(number))


@pytest.mark.parametrize("name", CASES)
def test_each_case_is_answered_in_words(told: str, name: str) -> None:
    assert CASES[name][1] in told.replace("`", "")


def test_an_application_beside_them_is_predicted(told: str) -> None:
    assert "-  A: b\n+  A: c" in told


def test_names_and_values_do_nothing_in_markdown(told: str) -> None:
    prose = re.sub(r"^[> ]*(`{3,})\w*\n.*?\n[> ]*\1$", "", told, flags=re.DOTALL | re.MULTILINE)
    prose = re.sub(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)|<code>[^<]*</code>", "", prose)

    for markup in ("@acme/team", "<img", "](https://evil", "\u202e", "**bold**", ":tada:"):
        assert markup not in prose


def test_nothing_is_lost_and_the_next_push_is_previewed(shop: Shop, told: str) -> None:
    assert told
    shop.repository.push("repaired", {"good/zz.yaml": config_map("good-good", A="d")}, onto="main")
    number = shop.repository.open_pull_request("repaired").number

    assert shop.await_preview(number) == "success"
    assert "-  A: b\n+  A: d" in shop.body(number)


def test_the_worker_that_did_it_is_alive_and_has_kept_its_bounds(shop: Shop, told: str) -> None:
    connection = connect(shop.stage.redis.url)

    assert told
    assert _peak(shop.stage) < MEMORY
    assert [rq.Queue(name, connection=connection).failed_job_registry.count for name in QUEUES] == [0] * len(QUEUES)
    assert shop.stage.foresail is not None
    assert "Traceback" not in shop.stage.foresail.log("preview")


def test_every_status_has_a_length_that_forges_take(shop: Shop, told: str) -> None:
    sent = [one.body for one in shop.stage.github.requests if one.method == "POST" and "/check-runs" in one.path]

    assert told
    assert sent
    assert max(len(body["output"]["title"]) for body in sent) <= STATUS_LENGTH


def declared(shop: Shop, path: str) -> str:
    found = application(shop, path=path)
    return found.replace(f"name: {shop.name}\n", f"name: {shop.name}-{path}\n", 1)


def _peak(stage: Stage) -> int:
    """Return the most memory that the worker of previews has held, in kilobytes."""
    assert stage.foresail is not None
    text = Path(f"/proc/{stage.foresail.pid('preview')}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+)", text)
    return int(found[1]) if found else 0


def commit(git: Path, onto: str, files: Files) -> str:
    """Write a commit whose files may have any names and content; `->` at the beginning of one makes it a link."""

    def run(*arguments: str, stdin: bytes = b"") -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=git,
            input=stdin,
            capture_output=True,
            check=True,
            timeout=60,
            env={
                "GIT_DIR": str(git),
                "GIT_INDEX_FILE": str(git / "index-of-test"),
                "PATH": "/usr/bin:/bin:/usr/local/bin",
                **{
                    f"GIT_{who}_{what}": "a@example.com"
                    for who in ("AUTHOR", "COMMITTER")
                    for what in ("NAME", "EMAIL")
                },
            },
        )
        return done.stdout.decode().strip()

    run("read-tree", onto)
    rows = b""
    for path, text in files.items():
        content = text.removeprefix("->").encode(errors="surrogateescape")
        blob = run("hash-object", "-w", "--stdin", stdin=content)
        mode = "120000" if text.startswith("->") else "100644"
        rows += f"{mode} {blob}\t{path}\0".encode(errors="surrogateescape")
    run("update-index", "-z", "--index-info", stdin=rows)
    return run("commit-tree", run("write-tree"), "-p", run("rev-parse", onto), "-m", "bad")

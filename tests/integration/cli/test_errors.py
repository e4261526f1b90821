"""What people are told when a preview cannot be made: a sentence and what to do, never a trace."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.processes import free_port
from tests.integration.cli.conftest import Work, settings


@pytest.fixture
def folder(work: Work) -> Work:
    work.write("deploy/settings.yaml", settings())
    work.publish()
    return work


def kubeconfig(work: Work, **changes: str) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "away", "cluster": {"server": changes.get("server", "https://127.0.0.1:1")}}],
        "users": [{"name": "me", "user": {"token": "not-a-token"}}],
        "contexts": [{"name": "away", "context": {"cluster": "away", "user": "me"}}],
        "current-context": "away",
    }
    return str(work.write("../kubeconfig", document))


def test_outside_of_a_repository(work: Work, tmp_path: Path) -> None:
    done = Work(tmp_path, work.environment).foresail("preview")
    assert (done.code, done.out) == (1, "")
    assert "is not in a Git repository" in done.err


def test_without_a_kubeconfig(folder: Work) -> None:
    done = folder.foresail("preview", "--path", "deploy")
    assert (done.code, done.out) == (1, "")
    assert "no cluster to ask" in done.err
    assert "KUBECONFIG" in done.err


def test_with_a_kubeconfig_that_is_not_there(folder: Work) -> None:
    done = folder.foresail("preview", "--path", "deploy", "--kubeconfig", "/missing/config")
    assert (done.code, done.out) == (1, "")
    assert "no cluster to ask: /missing/config: there is no such file" in done.err


@pytest.mark.parametrize("command", [["preview", "--prune"], ["preview", "-n", "shop"], ["render", "--recurse"]])
def test_an_option_about_a_folder_without_one_is_not_passed_over(folder: Work, command: list[str]) -> None:
    done = folder.foresail(*command)
    assert (done.code, done.out) == (1, "")
    assert "Name it: --path FOLDER" in done.err


def test_a_folder_and_an_application_exclude_each_other(folder: Work) -> None:
    done = folder.foresail("preview", "--path", "deploy", "--app", "shop")
    assert (done.code, done.out) == (1, "")
    assert "--path and --app exclude each other" in done.err


@pytest.mark.parametrize("content", ["{", "a: 1", "[]", "", "contexts: 5"])
def test_with_a_damaged_kubeconfig(folder: Work, content: str) -> None:
    damaged = folder.write("../kubeconfig", content)
    done = folder.foresail("preview", "--path", "deploy", "--kubeconfig", str(damaged))
    assert (done.code, done.out) == (1, "")
    assert "no cluster to ask" in done.err


def test_with_an_unknown_context(folder: Work) -> None:
    done = folder.foresail("preview", "--path", "deploy", "--kubeconfig", kubeconfig(folder), "--context", "nope")
    assert done.code == 1
    assert "no context 'nope'" in done.err
    assert "away" in done.err


def test_with_a_cluster_that_does_not_answer(folder: Work) -> None:
    away = kubeconfig(folder, server=f"https://127.0.0.1:{free_port()}")
    done = folder.foresail("preview", "--path", "deploy", "--kubeconfig", away)
    assert (done.code, done.out) == (1, "")
    assert "cannot reach away: no connection is made: Connection refused" in done.err


def test_with_credentials_that_are_not_accepted(folder: Work, control_plane: ControlPlane) -> None:
    wrong = folder.write("../kubeconfig", control_plane.kubeconfig.read_text().replace(control_plane.token, "wrong"))
    done = folder.foresail("preview", "--path", "deploy", "--kubeconfig", str(wrong))
    assert (done.code, done.out) == (1, "")
    assert "does not accept our credentials" in done.err


def test_with_a_wrong_option_the_code_is_not_that_of_changes(folder: Work) -> None:
    done = folder.foresail("preview", "--nope")
    assert done.code == 1
    assert "--nope" in done.err
    assert "See: foresail preview --help" in done.err


def test_with_a_wrong_setting(folder: Work) -> None:
    folder.environment["FORESAIL_CONCURRENCY"] = "many"
    done = folder.foresail("preview")
    assert done.code == 1
    assert "FORESAIL_CONCURRENCY" in done.err


def test_what_a_terminal_would_obey_is_shown_instead(folder: Work) -> None:
    done = folder.foresail("preview", "--base", "\x1b[2J")
    assert done.code == 1
    assert "\x1b" not in done.err


@pytest.mark.parametrize(
    ("revision", "words"), [("HEAD", "it lacks commit"), ("HEAD^{tree}", "or its tree"), ("HEAD:deploy", "not found")]
)
def test_in_a_damaged_repository(folder: Work, revision: str, words: str) -> None:
    name = folder.git("rev-parse", revision)
    (folder.folder / ".git" / "objects" / name[:2] / name[2:]).unlink()
    folder.write("deploy/settings.yaml", settings(COLOUR="red"))
    done = folder.foresail("preview")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("foresail: ")
    assert words in done.err

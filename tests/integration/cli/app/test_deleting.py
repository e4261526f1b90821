"""Deleting Applications: what is asked for, what is asked of a person, and what is told until they are gone."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from bot.errors import Rejected
from tests.integration.cli.app.conftest import Desk

CASCADE = "resources-finalizer.argocd.argoproj.io"
FOREIGN = "example.com/kept"


def is_there(desk: Desk, name: str = "shop") -> bool:
    found = desk.plane.kubectl("get", "applications", f"--namespace={desk.namespace}", "--output=name")
    return f"application.argoproj.io/{name}\n" in found


def finalizers(desk: Desk) -> list[str]:
    return list(desk.read("shop")["metadata"].get("finalizers", []))


def let_go(desk: Desk) -> None:
    desk.merge("shop", {"metadata": {"finalizers": None}})


def test_an_application_goes_alone_where_that_is_asked_for(desk: Desk) -> None:
    desk.has("shop", metadata={"finalizers": [CASCADE]})
    done = desk.app("delete", "shop", "--no-cascade", "--wait", "--timeout", "60")
    assert (done.code, done.out) == (0, "shop: is being deleted\n")
    assert not is_there(desk)


@pytest.mark.parametrize(
    ("options", "finalizer"), [((), CASCADE), (("--background",), f"{CASCADE}/background")], ids=["usual", "background"]
)
def test_its_objects_go_with_it_as_its_finalizer_says(desk: Desk, options: tuple[str, ...], finalizer: str) -> None:
    desk.has("shop", metadata={"finalizers": [FOREIGN, f"{CASCADE}/foreground"]})
    assert desk.app("delete", "shop", "--yes", *options).code == 0
    assert finalizers(desk) == [FOREIGN, finalizer]
    assert desk.read("shop")["metadata"]["deletionTimestamp"]
    let_go(desk)


def test_nothing_is_deleted_where_nobody_can_be_asked(desk: Desk) -> None:
    desk.has("shop")
    done = desk.app("delete", "shop")
    assert done.code == 20
    assert "--yes" in done.err
    assert "deletionTimestamp" not in desk.read("shop")["metadata"]


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_a_person_is_asked(desk: Desk, answer: str, code: int) -> None:
    desk.has("shop", metadata={"finalizers": [FOREIGN]})
    master, terminal = pty.openpty()
    words = [sys.executable, "-m", "bot.cli.main", "app", "delete", "shop"]
    with subprocess.Popen(
        words, cwd=desk.work.folder, env=desk.work.environment, stdin=terminal, stderr=subprocess.PIPE, text=True
    ) as process:
        os.write(master, f"{answer}\n".encode())
        told = process.communicate()[1]
    os.close(master)
    os.close(terminal)
    assert "Delete Application shop with its " in told
    assert process.returncode == code
    assert ("deletionTimestamp" in desk.read("shop")["metadata"]) is (answer == "y")
    let_go(desk)


def test_who_waits_hears_how_far_it_has_come_until_it_is_gone(desk: Desk) -> None:
    desk.has("shop")
    waiting = desk.begin("delete", "shop", "--yes", "--wait")
    said = {"type": "DeletionInProgress", "message": "waiting for deletion of ConfigMap shop/a; 2 left"}
    desk.merge("shop", {"status": {"conditions": [said]}})
    waiting.await_line("shop  waiting for deletion of ConfigMap shop/a; 2 left")
    desk.merge("shop", {"status": {"conditions": [{**said, "message": "its objects are gone"}]}})
    let_go(desk)
    done = waiting.end()
    assert done.code == 0
    assert "shop  its objects are gone" in done.err
    assert not is_there(desk)


def test_what_is_not_gone_in_time_is_told(desk: Desk) -> None:
    desk.has("shop")
    done = desk.app("delete", "shop", "--yes", "--wait", "--timeout", "0.2")
    assert done.code == 1
    assert "not deleted within 0.2 s" in done.err
    let_go(desk)


def test_one_that_does_not_go_is_let_go(desk: Desk) -> None:
    desk.has("shop")
    assert desk.app("delete", "shop", "--yes").code == 0
    assert desk.app("delete", "shop", "--yes").code == 0
    assert finalizers(desk) == [CASCADE]
    assert desk.app("delete", "shop", "--no-cascade").code == 0
    assert not is_there(desk)


def test_what_asks_for_a_persons_approval_can_be_given_that(desk: Desk) -> None:
    desk.has("shop")
    assert desk.app("delete", "shop", "--yes", "--approve").code == 0
    metadata = desk.read("shop")["metadata"]
    assert metadata["annotations"]["argocd.argoproj.io/deletion-approved"] >= metadata["deletionTimestamp"]
    let_go(desk)


def test_one_that_is_left_alone_would_never_go_with_its_objects(desk: Desk) -> None:
    desk.has("shop", metadata={"annotations": {"argocd.argoproj.io/skip-reconcile": "true"}})
    done = desk.app("delete", "shop", "--yes")
    assert done.code == 20
    assert "is left alone" in done.err
    assert desk.app("delete", "shop", "--no-cascade").code == 0


def test_several_go_though_one_is_not_there(desk: Desk) -> None:
    for name in ("bank", "shop"):
        desk.has(name, metadata={"labels": {"team": "ada"}})
    assert desk.app("delete", "-l", "team=ada", "--no-cascade").code == 0
    with pytest.raises(Rejected, match="NotFound"):
        desk.read("bank")
    assert "no Application 'bank'" in desk.app("delete", "bank", "--yes").err

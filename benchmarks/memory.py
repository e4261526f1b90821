"""Peak memory of the processes of a Foresail that previews through its queue."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from benchmarks.workload import REPOSITORY
from bot.model.jobs import QUEUES
from bot.sandbox.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.workload import Workload
    from bot.sandbox.control_plane.cluster import ControlPlane
    from bot.sandbox.github.people import HostedRepository
    from bot.sandbox.installation import Foresail
    from bot.sandbox.toolchain import Programs

_NAMESPACE: Final = "memory"
_CHANGES: Final = 3
_PATIENCE: Final = 300.0


def measure(
    workloads: Sequence[Workload], programs: Programs, plane: ControlPlane, directory: Path
) -> dict[str, float]:
    """Preview changes of all objects of a workload, then of one more and so on; return megabytes by name.

    The workloads are in `plane` already. `worker_mb` is the highest peak of the processes that take jobs after the
    first workload, `worker_all_mb` after all of them, `renderers_mb` the sum of what that process started.
    """
    with Stage.set_up(programs, directory, plane, control_namespace=_NAMESPACE) as stage:
        repository = stage.github.create_repository(REPOSITORY, files={"README.md": "Fleet\n"})
        foresail = stage.open(repository)
        repository.push("main", _files(workloads, repository))
        expected = sum(workload.applications for workload in workloads)
        stage.until(lambda: _applications(stage) > expected, what="the Applications", deadline=_PATIENCE)
        found: dict[str, float] = {}
        for count in range(1, len(workloads) + 1):
            for round_ in range(1, _CHANGES + 1):
                _preview(stage, repository, workloads[:count], round_)
            found.setdefault("worker_mb", _highest(foresail)[0])
        highest, pid = _highest(foresail)
        renderers = sum(peaks(pid)[1:])
        return found | {
            "worker_all_mb": highest,
            "renderers_mb": round(renderers, 1),
            "controller_mb": peak(foresail.pid("controller")),
        }


def peak(pid: int) -> float:
    """Return the peak of a process's resident memory (VmHWM) in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return round(int(kilobytes) / 1024, 1)


def peaks(pid: int) -> list[float]:
    """Return the peaks of a process and of everything it started, in MB."""
    return [peak(one) for one in family(pid)]


def family(pid: int) -> list[int]:
    """Return a process and everything it started; none where it has ended."""
    try:
        return [pid, *(one for child in _children(pid) for one in family(child))]
    except (FileNotFoundError, ProcessLookupError):
        return []


def share(pids: Iterable[int]) -> float:
    """Return the memory of processes and of everything they started in MB, pages that several have divided by them."""
    return sum(_share(one) for pid in pids for one in family(pid))


def _share(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0  # it has ended
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0) / 1024


def _children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for thread in threads for child in (thread / "children").read_text(encoding="ascii").split()]


def _highest(foresail: Foresail) -> tuple[float, int]:
    return max((peak(foresail.pid(queue)), foresail.pid(queue)) for queue in QUEUES if queue in foresail.names)


def _files(workloads: Sequence[Workload], repository: HostedRepository) -> dict[str, str]:
    """Return the workloads' files and their Applications; those are synced by nobody unasked."""
    files: dict[str, str] = {}
    for workload in workloads:
        manifests = workload.manifests()
        for manifest in manifests:
            manifest["metadata"]["namespace"] = _NAMESPACE
            manifest["spec"]["source"]["repoURL"] = repository.clone_url
            manifest["spec"]["syncPolicy"] = {}
        files[f".foresail/{workload.control_namespace}.yaml"] = yaml.safe_dump_all(manifests)
        files |= workload.files(0, changed=False)
    return files


def _applications(stage: Stage) -> int:
    listed = stage.get("applications", namespace=_NAMESPACE) or {}
    return len(listed.get("items", []))


def _preview(stage: Stage, repository: HostedRepository, workloads: Sequence[Workload], round_: int) -> None:
    """Open a pull request that changes every object, and wait until its status is told."""
    files: dict[str, str] = {}
    for workload in workloads:
        files |= workload.files(round_, changed=True)
    branch = f"change-{len(workloads)}-{round_}"
    sha = repository.push(branch, files, onto="main")
    repository.open_pull_request(branch)
    objects = sum(workload.objects for workload in workloads)

    def told() -> bool:
        status = repository.statuses(sha).get("foresail/preview")
        if status is None or status.state == "pending":
            return False
        if f"changes {objects} resources" not in (status.description or ""):
            raise AssertionError(f"not what was to be predicted: {status.description}")
        return True

    stage.until(told, what=f"the preview of {branch}", deadline=_PATIENCE)

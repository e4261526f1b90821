"""Start and stop a control plane: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kwok."""

from __future__ import annotations

import os
import secrets
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import orjson
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.errors import Rejected, Temporary
from bot.sandbox.processes import Process, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from bot.sandbox.toolchain import Programs

STAGES: Final = Path(__file__).parent / "stages"
_READY: Final = 60.0
_KUBECTL: Final = 60.0
_ESTABLISHED: Final = 60.0
_PAUSE: Final = 0.05

_ALL: Final = ("*",)
_STILL: Final = (
    "garbage-collector-controller",
    "namespace-controller",
    "persistentvolumeclaim-protection-controller",
    "persistentvolume-protection-controller",
    "resourcequota-controller",
)

_AUDIT_POLICY: Final = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    verbs: [get, list, watch]
  - level: {level}
"""
_AUDIT_MEGABYTES: Final = 4096
"""From there on the API server would begin another file; it takes 100 where nobody says so."""


class ControlPlane:
    """A running control plane; a context manager.

    >>> with ControlPlane.start(programs(), directory) as cluster:
    ...     cluster.kubectl("get", "nodes")
    """

    def __init__(self, programs: Programs, directory: Path) -> None:
        self._programs = programs
        self._directory = directory
        self._processes: list[Process] = []
        self._answering: tuple[Process, tuple[str | Path, ...]] | None = None
        """The API server, and what it is started with."""
        self._etcd: Process | None = None
        self.server = f"https://127.0.0.1:{free_port()}"
        self.token = secrets.token_urlsafe(24)
        """Of a user who may do everything."""
        self.kubeconfig = directory / "kubeconfig"
        self.audit_log = directory / "audit.jsonl"
        """Every write the API server answered, one JSON line each; only where `start` is told so."""

    @classmethod
    def start(cls, programs: Programs, directory: Path, *, nodes: int = 2, audit: str = "") -> Self:
        """Start a control plane that keeps its files in `directory`; it answers and has nodes when this returns.

        Without nodes nothing is scheduled, and only the controllers that finish deletions and count quotas run: what
        nobody writes to stays as it is. `audit` is how much of each write is logged: `Metadata`, or `RequestResponse`.
        """
        directory.mkdir(parents=True, exist_ok=True)
        plane = cls(programs, directory)
        try:
            plane._start_servers(audit=audit)
            plane._start_controller_manager(_ALL if nodes else _STILL)
            if nodes:
                plane._start_scheduling()
                plane._add_nodes(nodes)
        except BaseException:
            plane.stop()
            raise
        return plane

    def kubectl(self, *args: str, stdin: str = "") -> str:
        """Run kubectl as an administrator and return what it prints; Rejected with its words when it fails."""
        done = subprocess.run(
            [self._programs.kubectl, "--kubeconfig", self.kubeconfig, *args],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=_KUBECTL,
            check=False,
        )
        if done.returncode:
            raise Rejected(f"kubectl {' '.join(args)}: {done.stderr.strip()}")
        return done.stdout

    def await_established(self, *which: str) -> None:
        """Return once definitions are served, named as kubectl is told; Temporary when that takes a minute.

        `kubectl wait` ends with an error where one of them has no conditions yet.
        """
        end = time.monotonic() + _ESTABLISHED
        while not self._are_established(which):
            if time.monotonic() > end:
                raise Temporary(f"not established within {_ESTABLISHED:.0f} s: {' '.join(which)}")
            time.sleep(_PAUSE)

    def _are_established(self, which: Sequence[str]) -> bool:
        found = orjson.loads(self.kubectl("get", *which, "--output=json"))
        conditions = [one.get("status", {}).get("conditions") or () for one in found.get("items", [found])]
        return all(any(one["type"] == "Established" and one["status"] == "True" for one in each) for each in conditions)

    def kill_server(self) -> None:
        """End the API server at once; what it keeps stays in etcd."""
        if self._answering is not None:
            self._answering[0].kill()

    def restart_server(self) -> None:
        """Start the API server anew, on the same data and address; it answers when this returns."""
        if self._answering is not None:
            ended, argv = self._answering
            ended.stop()
            self._processes.remove(ended)
            server = self._run(*argv)
            self._answering = (server, argv)
            server.wait_until(self._is_ready, deadline=_READY)

    @property
    def authority(self) -> Path:
        """PEM of who signed the API server's certificate."""
        return self._directory / "certificates" / "apiserver.crt"

    @contextmanager
    def paused_storage(self) -> Iterator[None]:
        """Stop etcd where it is (SIGSTOP), as a disk or a host does that hangs, and let it go on at the end."""
        assert self._etcd is not None  # noqa: S101 - it runs since `start`
        os.kill(self._etcd.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self._etcd.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End every process, servers last."""
        for process in reversed(self._processes):
            process.stop()
        self._processes.clear()

    def __enter__(self) -> Self:
        """Return the control plane, which runs already."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.stop()

    def _run(self, *argv: str | Path) -> Process:
        name = Path(str(argv[0])).name
        process = Process.start(argv, log=self._directory / f"{name}.log")
        self._processes.append(process)
        return process

    def _start_servers(self, *, audit: str) -> None:
        etcd, peers = free_port(), free_port()
        url, peer_url = f"http://127.0.0.1:{etcd}", f"http://127.0.0.1:{peers}"
        self._etcd = self._run(
            self._programs.etcd,
            f"--data-dir={self._directory / 'etcd'}",
            f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}",
            f"--listen-peer-urls={peer_url}",
            f"--initial-advertise-peer-urls={peer_url}",
            f"--initial-cluster=default={peer_url}",
            "--unsafe-no-fsync",
        )
        self._write_identities()
        argv: tuple[str | Path, ...] = (
            self._programs.kube_apiserver,
            f"--etcd-servers={url}",
            f"--secure-port={self.server.rpartition(':')[2]}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={self._directory / 'certificates'}",
            f"--token-auth-file={self._directory / 'tokens.csv'}",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self._directory / 'sa.key'}",
            f"--service-account-signing-key-file={self._directory / 'sa.key'}",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--disable-admission-plugins=ServiceAccount",
            *(self._audit_flags(audit) if audit else ()),
        )
        server = self._run(*argv)
        self._answering = (server, argv)
        server.wait_until(self._is_ready, deadline=_READY)

    def _audit_flags(self, level: str) -> tuple[str, ...]:
        policy = self._directory / "audit-policy.yaml"
        policy.write_text(_AUDIT_POLICY.format(level=level), encoding="ascii")
        return (
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.audit_log}",
            "--audit-log-mode=blocking",
            f"--audit-log-maxsize={_AUDIT_MEGABYTES}",
        )

    def _write_identities(self) -> None:
        """Write the administrator's token, the service accounts' key, and the kubeconfig."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
        (self._directory / "sa.key").write_bytes(pem)
        tokens = self._directory / "tokens.csv"
        tokens.write_text(f"{self.token},sandbox-admin,1,system:masters\n", encoding="ascii")
        tokens.chmod(0o600)
        # The server makes its certificate at start, and the authority that signed it stands in the same file.
        authority = str(self.authority)
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": self.server, "certificate-authority": authority}}],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "admin"}}],
            "current-context": "sandbox",
        }
        self.kubeconfig.write_text(yaml.safe_dump(document), encoding="ascii")
        self.kubeconfig.chmod(0o600)

    def _is_ready(self) -> bool:
        request = urllib.request.Request(f"{self.server}/readyz", headers={"Authorization": f"Bearer {self.token}"})  # noqa: S310 - an https address of our own
        context = ssl._create_unverified_context()  # noqa: S323, SLF001 - the certificate is made by the server we wait for
        try:
            with urllib.request.urlopen(request, timeout=2.0, context=context) as answer:  # noqa: S310 - as above
                return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's "OK"
        except (urllib.error.URLError, OSError):
            return False

    def _start_controller_manager(self, controllers: tuple[str, ...]) -> None:
        self._run(
            self._programs.kube_controller_manager,
            f"--kubeconfig={self.kubeconfig}",
            "--leader-elect=false",
            f"--service-account-private-key-file={self._directory / 'sa.key'}",
            "--bind-address=127.0.0.1",
            f"--secure-port={free_port()}",
            f"--cert-dir={self._directory / 'controller-manager'}",
            "--concurrent-deployment-syncs=5",
            # By default it asks 20 times a second, and 200 rollouts then take over a minute whoever has begun them.
            "--kube-api-qps=500",
            "--kube-api-burst=1000",
            # What is created while a quota is first counted is missed until the next round: by default after 5 minutes.
            "--resource-quota-sync-period=5s",
            f"--controllers={','.join(controllers)}",
        )

    def _start_scheduling(self) -> None:
        self._run(
            self._programs.kube_scheduler,
            f"--kubeconfig={self.kubeconfig}",
            "--leader-elect=false",
            "--bind-address=127.0.0.1",
            f"--secure-port={free_port()}",
            f"--cert-dir={self._directory / 'scheduler'}",
        )
        stages = self._directory / "stages.yaml"
        parts = [path.read_text(encoding="utf-8") for path in sorted(STAGES.glob("*.yaml"))]
        stages.write_text("\n---\n".join(parts), encoding="utf-8")
        self._run(
            self._programs.kwok,
            f"--kubeconfig={self.kubeconfig}",
            "--manage-all-nodes=true",
            f"--server-address=127.0.0.1:{free_port()}",
            "--node-lease-duration-seconds=40",
            f"--config={stages}",
        )

    def _add_nodes(self, count: int) -> None:
        capacity = {"cpu": "64", "memory": "256Gi", "pods": "1000"}
        nodes = [
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": f"node-{number}", "labels": {"kubernetes.io/hostname": f"node-{number}"}},
                "status": {"allocatable": capacity, "capacity": capacity},
            }
            for number in range(count)
        ]
        self.kubectl("create", "-f", "-", stdin=yaml.safe_dump_all(nodes))

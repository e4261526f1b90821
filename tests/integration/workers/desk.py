"""A desk at which jobs are done one by one, in this process, on real parts; what they ask for is counted."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rq
from rq.serializers import JSONSerializer

from bot.model.applications import Application
from bot.model.jobs import JobRequest, Task
from bot.model.resources import JsonObject
from bot.sandbox.github.people import HostedRepository
from bot.sandbox.stage import Stage
from bot.services import Services
from bot.store.connection import connect


@dataclass
class Desk:
    """Services, the world around them, and a git that writes down what it is called for."""

    stage: Stage
    services: Services
    repository: HostedRepository
    git_log: Path

    def declare(self, name: str, *, source: str = "", revision: str = "main") -> Application:
        """Put an Application into the control cluster; `source` is a repository's URL, by default the desk's own."""
        spec = {
            "project": "default",
            "source": {"repoURL": source or self.repository.clone_url, "path": "deploy", "targetRevision": revision},
            "destination": {"name": "in-cluster", "namespace": self.stage.control_namespace},
            "syncPolicy": {"automated": {}},
        }
        metadata = {"name": name, "namespace": self.stage.control_namespace}
        manifest = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata}
        applications = self.services.applications
        return applications.parsed(applications.apply({**manifest, "spec": spec}))

    def do(self, work: Callable[..., Any], request: JobRequest) -> None:
        """Do a job's work with the desk's services."""
        inspect.unwrap(work)(self.services, request.payload)

    def waiting(self, task: Task) -> list[JsonObject]:
        """Return the payloads of the jobs of a task that wait."""
        queue = rq.Queue("sync", connection=connect(self.stage.redis.url), serializer=JSONSerializer)
        return [job.args[0] for job in queue.jobs if job.func_name == task]

    def fetches(self) -> int:
        """Return how often git fetched until now."""
        lines = self.git_log.read_text("utf-8").splitlines() if self.git_log.exists() else []
        return sum(" fetch " in line for line in lines)

    def asked(self, end: str) -> int:
        """Return how many requests to the forge had a path with this end."""
        return sum(one.path.endswith(end) for one in self.stage.github.requests)

    def application(self, name: str) -> JsonObject:
        """Return an Application as it is now."""
        return self.stage.get("application", name, namespace=self.stage.control_namespace) or {}


def written_down(directory: Path, log: Path) -> Path:
    """Make a folder with a git in it that writes its arguments down and is the real one for the rest."""
    real = shutil.which("git")
    directory.mkdir()
    script = directory / "git"
    script.write_text(f'#!/bin/sh\necho "$*" >> {log}\nexec {real} "$@"\n', "utf-8")
    script.chmod(0o755)
    return directory

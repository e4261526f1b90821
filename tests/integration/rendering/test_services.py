"""Who renders is a setting, and one that cannot work is refused at the start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import Rejected
from bot.rendering.queued import Queued
from bot.rendering.shared import Shared
from bot.repository.render import Renderer
from bot.sandbox.installation import ROOT
from bot.services import RenderServices, Services
from bot.settings import Settings
from tests.integration.rendering.conftest import SECRET
from tests.integration.workers.crew import KUBECONFIG


def services(directory: Path, **settings: str) -> Services:
    kubeconfig = directory / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG)
    given = {"github_token": "s3cret", "kubeconfig": str(kubeconfig), "data_directory": str(directory), **settings}
    return Services.build(Settings.model_validate(given))


@pytest.mark.parametrize(
    ("settings", "kind"),
    [({}, Renderer), ({"cache_key": SECRET}, Shared), ({"cache_key": SECRET, "render": "queue"}, Queued)],
)
def test_who_renders_is_a_setting(tmp_path: Path, settings: dict[str, str], kind: type) -> None:
    built = services(tmp_path, **settings)
    assert type(built.renderer) is kind
    built.close()


def test_renders_go_through_redis_sealed_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(Rejected, match="FORESAIL_CACHE_KEY"):
        services(tmp_path, render="queue")
    with pytest.raises(Rejected, match="FORESAIL_CACHE_KEY"):
        RenderServices.build(Settings())


def test_a_key_that_could_be_guessed_is_refused_without_being_told() -> None:
    with pytest.raises(Rejected, match="FORESAIL_CACHE_KEY") as error:
        Settings.from_environment({"FORESAIL_CACHE_KEY": "hunter2"})
    assert "hunter2" not in str(error.value)


def test_a_renderer_without_a_key_says_so_in_one_line() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "workers", "run", "render"],
        env={"PATH": os.environ["PATH"]},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert "openssl rand -hex 32" in ended.stderr

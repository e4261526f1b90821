"""The demo: the whole story on real parts, told on a terminal; what it says of the cluster it reads there."""

from __future__ import annotations

import signal
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

from bot.errors import ForesailError
from bot.sandbox.demo.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNALLED: Final = 128
"""Added to a signal's number, as shells do, for the exit code of what it ended."""


def run(keep: bool = False, *, gitlab: bool = False) -> int:  # noqa: FBT001, FBT002 - what the command line's switch is
    """Tell the story and return an exit code; with `keep`, leave everything running until Ctrl-C.

    Everything that it starts has ended, and its folder is gone, when it returns; only the folder of a run that failed
    with `keep` stays. `gitlab`: on GitLab instead of GitHub.
    """
    screen = Screen()
    screen.title(
        f"Foresail: from a {'merge' if gitlab else 'pull'} request to a healthy cluster",
        "A real Kubernetes control plane and a real Redis on this machine. Two things are simulated: pods have no "
        f"kubelet (kwok moves them), and a stand-in speaks {'GitLab' if gitlab else 'GitHub'}'s API, Git and webhooks.",
    )
    # The heading stands before the parts are loaded: whoever starts this sees at once that it works.
    from bot.sandbox.demo.scene import Folder
    from bot.sandbox.demo.story import tell

    with _ends_when_told(), Folder(keep=keep) as folder:
        try:
            tell(screen, folder.path, keep=keep, gitlab=gitlab)
        except KeyboardInterrupt:
            screen.note("Interrupted; everything is being stopped.")
            return _SIGNALLED + signal.SIGINT
        except (ForesailError, OSError, subprocess.SubprocessError) as error:
            _explain(screen, error)
            screen.note(folder.keep_for_a_look() if keep else "With --keep the folder with all logs stays.")
            return 1
        except Exception:
            screen.failure(f"This step failed: {screen.step_words}")
            raise
    return 0


def _explain(screen: Screen, error: Exception) -> None:
    screen.failure(f"This step failed: {screen.step_words}")
    screen.say(str(error))
    if remedy := getattr(error, "remedy", ""):
        screen.say(remedy)
    if tail := screen.log_tail():
        screen.note(f"The end of {screen.log}:")
        screen.raw(tail)


@contextmanager
def _ends_when_told() -> Iterator[None]:
    """Let a SIGTERM and a closed terminal unwind as everything else does, so that nothing stays behind."""

    def end(number: int, _frame: object) -> NoReturn:
        raise SystemExit(_SIGNALLED + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

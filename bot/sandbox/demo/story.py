"""The chapters of the demo, in order; each acts, and shows what the forge and the cluster then say."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bot.errors import Rejected
from bot.sandbox.demo import cluster, shop
from bot.sandbox.demo.keeping import stay
from bot.sandbox.demo.scene import started

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.sandbox.demo.scene import Scene
    from bot.sandbox.demo.screen import Screen
    from bot.sandbox.seats import Remark

_DEADLINE: Final = 90.0
_DRIFT: Final = "Drift that was there before"


def tell(screen: Screen, directory: Path, *, keep: bool, gitlab: bool) -> None:
    """Start everything, tell the story, and stay if wanted."""
    began = time.monotonic()
    with started(screen, directory, gitlab=gitlab) as scene:
        story = _Story(scene)
        story.first_push()
        number = story.pull_request()
        story.repair(number)
        story.by_hand(number)
        story.merge(number)
        story.crash()
        screen.chapter("The end")
        screen.say(
            f"That took {time.monotonic() - began:.0f} s. Every status, comment and object above was read from the "
            f"{scene.stage.seat.forge} stand-in or the API server."
        )
        if keep:
            stay(scene)
        else:
            _look_next(scene)
        screen.note("Everything is being stopped.")


def _look_next(scene: Scene) -> None:
    screen, on_gitlab = scene.screen, scene.stage.seat.forge == "GitLab"
    again = "make demo KEEP=1 FORGE=gitlab" if on_gitlab else "make demo KEEP=1"
    screen.say("Where to look next:")
    for command, words in (
        (again, "the same, and everything stays up for you to push, merge and break things"),
        ("foresail preview", "what merging your own checkout would do, asked of the cluster of your kubeconfig"),
        ("docs/gitlab.md", "how to set Foresail up on a real GitLab")
        if on_gitlab
        else ("README.md", "how to install the App on a real GitHub, and every setting"),
    ):
        screen.pointer(command, words)


@dataclass
class _Story:
    scene: Scene

    def __post_init__(self) -> None:
        self.screen, self.stage, self.repository = self.scene.screen, self.scene.stage, self.scene.repository
        self.noun, self.mark = self.stage.seat.noun, self.stage.seat.mark

    def first_push(self) -> None:
        """Declare two applications and watch them come up."""
        self._chapter("1 · The first push: two applications declared in Git", log="sync")
        self.screen.say(
            f"{self.repository.full_name} declares shop-web (a plain folder) and shop-db (a kustomize overlay) in "
            "its folder .foresail. Pushing it is all that is needed:"
        )
        files = shop.first_files(self.repository.clone_url, self.stage.control_namespace)
        began = time.monotonic()
        sha = self.repository.push("main", files, message="Declare the shop", author=shop.DEVELOPER)
        self.screen.happened(began, f"{shop.DEVELOPER} pushed {sha[:7]} to main: {len(files)} files")
        self._follow(sha, "foresail/sync", began=began)
        self.screen.say("The cluster now:")
        self.screen.table(
            ("application", "sync", "health"), cluster.applications(self.stage, self.stage.control_namespace)
        )
        self.screen.table(("object", ""), cluster.rows(cluster.look(self.stage)))

    def pull_request(self) -> int:
        """Open a change with something in it that the API server refuses; return its number."""
        self._chapter(f"2 · A {self.noun}: what would merging it do?", log="preview")
        self.screen.say(
            "It wants a newer image and three replicas, removes a ConfigMap, changes a password, and adds a Service "
            "of a type that this cluster refuses."
        )
        began = time.monotonic()
        self.repository.push("busy-season", shop.busy_season(), message="Prepare for the season", author=shop.DEVELOPER)
        pull = self.repository.open_pull_request("busy-season", title="Prepare for the season", user=shop.DEVELOPER)
        self.screen.happened(
            began, f"{shop.DEVELOPER} opened {self.mark}{pull.number} {pull.title}: {pull.head_sha[:7]} into main"
        )
        self._follow(pull.head_sha, "foresail/preview", began=began, state="failure")
        self._show_comment(pull.number, unfolds=lambda _title: True)
        return pull.number

    def repair(self, number: int) -> None:
        """Push again, and see the same comment tell something else."""
        earlier = self._comment(number)
        before = earlier.id, earlier.updated_at
        self._chapter("3 · A second push repairs it, and the same comment is edited", log="preview")
        began = time.monotonic()
        sha = self.repository.push("busy-season", shop.repaired(), message="Keep metrics inside", author=shop.DEVELOPER)
        self.screen.happened(began, f"{shop.DEVELOPER} pushed {sha[:7]} to busy-season")
        self._follow(sha, "foresail/preview", began=began)
        self._await(lambda: self._comment(number).updated_at > before[1], "the edited comment")
        comments = len(self.repository.comments(number))
        self._show_comment(number, unfolds=lambda title: "metrics" in title)
        same = "the same" if self._comment(number).id == before[0] else "another"
        has = f"{self.mark}{number} has {_counted(comments, 'comment')}"
        self.screen.note(f"It is {same} comment {before[0]}, edited in place; {has}.")

    def by_hand(self, number: int) -> None:
        """Let somebody change the cluster, and see it told apart from the change's own doing."""
        self._chapter("4 · Meanwhile, somebody changes the cluster by hand", log="preview")
        self.screen.command(f"kubectl --namespace {shop.NAMESPACE} scale deployment/web --replicas=5")
        scaled = self.stage.plane.kubectl("--namespace", shop.NAMESPACE, "scale", "deployment/web", "--replicas=5")
        self.screen.say(scaled.strip())
        sha = self.repository.pull(number).head_sha
        past = len(self.repository.status_history(sha))
        began = time.monotonic()
        asked = self.repository.comment(number, "/foresail preview", user=shop.DEVELOPER)
        self.screen.happened(began, f"{shop.DEVELOPER} commented on {self.mark}{number}: {asked.body}")
        self._follow(sha, "foresail/preview", began=began, past=past)
        for reaction in asked.reactions:
            self.screen.happened(began, f"{reaction.user.login} reacted to that with {reaction.content}")
        self._await(lambda: "-  replicas: 5\n+  replicas: 2" in self._drift(number), "the drift in the comment")
        self._show_comment(number, unfolds=lambda title: title.startswith(_DRIFT) or "Deployment" in title)
        self.screen.say(
            f"The {self.noun}'s own doing is 2 → 3 replicas; 5 → 2 is drift that a sync would undo even without it. "
            "Two different things, so they stand apart."
        )

    def merge(self, number: int) -> None:
        """Merge, and watch the cluster get there."""
        self._chapter("5 · Merge, and watch the cluster get there", log="sync")
        before = cluster.look(self.stage)
        began = time.monotonic()
        sha = self.repository.merge(number, user=shop.DEVELOPER)
        self.screen.happened(began, f"{shop.DEVELOPER} merged {self.mark}{number} as {sha[:7]}")
        self._follow(sha, "foresail/sync", began=began)
        self.screen.say("The cluster before and after:")
        self.screen.table(("object", "before", "after", ""), cluster.changes(before, cluster.look(self.stage)))
        self._await(lambda: "healthy in" in self._comment(number).body, "the comment's epilogue")
        self._show_comment(number, unfolds=lambda _title: False)

    def crash(self) -> None:
        """Merge what the API server takes and the pods do not survive."""
        self._chapter("6 · A change that only fails once it runs", log="sync")
        self.screen.say(
            "A release candidate whose pods crash. The API server has nothing against it, so the preview is green; "
            "the commit does not turn green before its pods do."
        )
        began = time.monotonic()
        self.repository.push("candidate", shop.crashing(), message="Try the candidate", author=shop.DEVELOPER)
        pull = self.repository.open_pull_request("candidate", title="Try the candidate", user=shop.DEVELOPER)
        self.screen.happened(
            began, f"{shop.DEVELOPER} opened {self.mark}{pull.number} {pull.title}: {pull.head_sha[:7]} into main"
        )
        self._follow(pull.head_sha, "foresail/preview", began=began)
        sha = self.repository.merge(pull.number, user=shop.DEVELOPER)
        self.screen.happened(began, f"{shop.DEVELOPER} merged {self.mark}{pull.number} as {sha[:7]}")
        self._follow(sha, "foresail/sync", began=began, state="failure")
        self._await(lambda: "failed after" in self._comment(pull.number).body, "the comment's epilogue")
        self._show_comment(pull.number, unfolds=lambda _title: False)
        self.screen.say("The pods, as the API server has them: the old ones still serve.")
        self.screen.table(
            ("pod", "image", "state"), [row for row in cluster.pods(self.stage) if row[0].startswith("web")]
        )

    def _chapter(self, words: str, *, log: str) -> None:
        self.screen.chapter(words)
        self.screen.log = self.scene.logs / f"{log}.log"

    def _follow(self, sha: str, context: str, *, began: float, state: str = "success", past: int = 0) -> None:
        """Write the statuses of a commit, beyond the first `past`, as they change until `context` is final.

        Rejected when that is another state than the story is about. Of `context` itself, which sums up the others, only
        changes of state are written.
        """
        read = past
        shown = ""

        def final() -> bool:
            nonlocal read, shown
            new = self.repository.status_history(sha)[read:]
            read += len(new)
            for status in new:
                if status.context != context or status.state != shown:
                    self.screen.status(began, status)
                shown = status.state if status.context == context else shown
            return shown not in {"", "pending"}

        self._await(final, f"a final {context} of {sha[:7]}")
        if shown != state:
            raise Rejected(f"{context} of {sha[:7]} is {shown}, and the story was to tell of a {state}")

    def _await(self, holds: Callable[[], bool], what: str) -> None:
        self.stage.until(holds, what=what, deadline=_DEADLINE)

    def _comment(self, number: int) -> Remark:
        """Return Foresail's comment on a change, which has one by now."""
        found: list[Remark] = []

        def there() -> bool:
            found.extend(one for one in self.repository.comments(number) if one.user.login == self.stage.seat.login)
            return bool(found)

        self._await(there, f"Foresail's comment on {self.mark}{number}")
        return found[0]

    def _drift(self, number: int) -> str:
        return self._comment(number).body.partition(_DRIFT)[2]

    def _show_comment(self, number: int, *, unfolds: Callable[[str], bool]) -> None:
        where = f"{self.repository.full_name}{self.mark}{number}"
        self.screen.comment(self._comment(number), where=where, unfolds=unfolds)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

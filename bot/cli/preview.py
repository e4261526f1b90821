"""One preview in one checkout: what is asked, what is selected, and the report."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import pygit2

from bot.cli.applications import our_applications
from bot.cli.checkout import Base, Checkout, Head
from bot.cli.folder import Folder, folder_report
from bot.cli.kubectl import KubectlCluster
from bot.cli.local import connected
from bot.errors import Rejected
from bot.model.changes import repository_identity
from bot.model.reports import Report
from bot.prediction.generated import KnownSets
from bot.prediction.preview import ChangeWords
from bot.prediction.selection import ROOT_FOLDER, Grounds, Selection, select
from bot.prediction.trees import Sides, Tree
from bot.prediction.verdicts import Reads, reads
from bot.preview.affected import Branch
from bot.repository.mirrors import Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.cli.applications import Ours
    from bot.cli.asked import Asked
    from bot.cli.local import Local
    from bot.preview.affected import Candidate
    from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Explained:
    """Why an application was selected, or was not."""

    application: str
    affected: bool
    words: str
    reads: Reads | None = None
    """What it is rendered from; only of one that was asked for by its name."""


@dataclass(frozen=True, slots=True)
class _Question:
    """The two sides of a preview, with the words for them."""

    checkout: Checkout
    sides: Sides
    base: Base
    head: Head

    def named(self, url: str) -> _Question:
        """Return the same with the repository named as `url` does."""
        identity = repository_identity(url)
        base, head = (replace(tree, repository=identity) for tree in (self.sides.base, self.sides.head))
        return replace(self, sides=Sides(base, head))

    @property
    def branch(self) -> Branch:
        tree, name = self.sides.base, self.base.branch
        return Branch(tree.repository, name, default=self.base.default, rivals=tree.mirror.rivals(name))

    @property
    def words(self) -> ChangeWords:
        return ChangeWords("", base_branch=self.base.words, base_sha=self.base.commit, head_sha=self.head.sha)


def preview(asked: Asked, settings: Settings, *, say: Callable[[str], None]) -> Report:
    """Predict what merging the checkout does; `say` is told what takes time.

    Raises Rejected for what the person can mend and Temporary when the cluster cannot be reached now.
    """
    with readable():
        say("reading the checkout")
        question = _question(asked)
        if isinstance(question, Report):
            return question
        with connected(settings, context=asked.context, tracks=asked.folder is None) as local:
            if asked.folder is not None:
                return _folder(asked, question, local, say=say)
            return _applications(asked, question, local, say=say)


def explain(asked: Asked, settings: Settings, *, say: Callable[[str], None]) -> list[Explained]:
    """Say of each application of the repository why a preview shows it, or does not; raises as `preview` does."""
    with readable():
        say("reading the checkout")
        question = _question(asked)
        if isinstance(question, Report):
            raise Rejected(question.headline, remedy=f"Merge {question.base_branch} into this branch first.")
        with connected(settings, context=asked.context) as local:
            named, selection, _ = _selected(asked, question, local, say=say)
            reading, looked_at = local.sources.reading, selection.looked_at
        found = {name: reads(reading, looked_at[name], named.sides, named.branch) for name in asked.only}
    verdicts = sorted(selection.verdicts.items())
    return [Explained(name, one.affected, one.words, found.get(name)) for name, one in verdicts]


def _question(asked: Asked) -> _Question | Report:
    """Return both sides; or the report that they cannot be merged."""
    checkout = Checkout.around(Path.cwd())
    head = checkout.head(asked.head)
    base = _base(asked, checkout, head)
    merged = checkout.mirror.merge(base.commit, head.commit)
    if isinstance(merged, Conflict):
        return _conflict(merged, base, head)
    identity = repository_identity(checkout.urls[0])
    sides = Sides(
        base=Tree(identity, checkout.mirror, checkout.mirror.tree_of(base.commit), base.commit),
        head=Tree(identity, checkout.mirror, merged.tree_id, head.commit),
    )
    return _Question(checkout, sides, base, head)


def _base(asked: Asked, checkout: Checkout, head: Head) -> Base:
    try:
        return checkout.base(asked.base, head)
    except Rejected:
        if asked.base or asked.folder is None:
            raise
        # A folder can be held against the cluster alone.
        return Base(head.commit, words="itself", branch="", default=True)


def _conflict(conflict: Conflict, base: Base, head: Head) -> Report:
    return Report(
        change="",
        base_branch=base.words,
        base_sha=base.commit,
        head_sha=head.sha,
        applications=(),
        considered=0,
        plan="",
        clusters=(),
        seconds=0.0,
        conflict=conflict.paths,
        notes=head.notes,
    )


def _applications(asked: Asked, question: _Question, local: Local, *, say: Callable[[str], None]) -> Report:
    named, selection, notes = _selected(asked, question, local, say=say)
    report = _predicted(selection.candidates, named, local, say=say, considered=selection.considered)
    return replace(report, notes=(*report.notes, *notes))


def _selected(
    asked: Asked, question: _Question, local: Local, *, say: Callable[[str], None]
) -> tuple[_Question, Selection, tuple[str, ...]]:
    """Return the question as the applications name the repository, what it selects, and notes for the report."""
    say(f"looking for applications in {local.cluster.name} and {ROOT_FOLDER}")
    ours = our_applications(local, question.sides, urls=question.checkout.urls)
    if not ours.candidates:
        raise Rejected(_none_found(ours, question, local), remedy="Preview a folder by itself: --path <folder>.")
    named = question.named(ours.url)
    grounds = Grounds(
        known={candidate.either.name: candidate.either for candidate in ours.candidates},
        homes=local.applications.homes,
        sets=KnownSets.survey(local.cluster, local.applications.homes.control),
    )
    selection = select(local.sources, ours.candidates, named.sides, named.branch, grounds)
    named = replace(named, sides=selection.sides)
    return named, _only(selection, asked.only), (*ours.notes, *selection.notes)


def _only(selection: Selection, names: Sequence[str]) -> Selection:
    """Keep the named applications, all without any name; Rejected for one that was not looked at."""
    for name in names:
        if name not in selection.verdicts:
            near = get_close_matches(name, selection.verdicts, n=3) or sorted(selection.verdicts)[:10]
            raise Rejected(
                f"no application {name!r} comes from this repository", remedy=f"There is: {', '.join(near)}."
            )
    if not names:
        return selection
    return replace(
        selection,
        candidates=tuple(candidate for candidate in selection.candidates if candidate.either.name in names),
        verdicts={name: verdict for name, verdict in selection.verdicts.items() if name in names},
    )


def _none_found(ours: Ours, question: _Question, local: Local) -> str:
    remotes = ", ".join(sorted(question.checkout.identities))
    where = f"namespace {local.applications.homes.control} of {local.cluster.name}"
    words = f"no application comes from this repository ({remotes}): none in {ROOT_FOLDER}, none in {where}"
    if ours.elsewhere:
        words += f", where applications come from {', '.join(ours.elsewhere[:5])}"
    return "; ".join([words, *ours.notes])


def _folder(asked: Asked, question: _Question, local: Local, *, say: Callable[[str], None]) -> Report:
    folder = Folder.asked(asked, question.checkout, namespace=local.context_namespace)
    candidate, notes = folder.candidate(question.sides, local, against_base=bool(asked.base))
    report = _predicted([candidate], question, local, say=say, considered=1)
    cluster = local.cluster
    seen = cluster.seen if isinstance(cluster, KubectlCluster) else {}
    return folder_report(replace(report, notes=(*report.notes, *notes)), seen, prune=asked.prune)


def _predicted(
    candidates: Sequence[Candidate], question: _Question, local: Local, *, say: Callable[[str], None], considered: int
) -> Report:
    say(f"asking {local.cluster.name} what merging does")
    predicted = local.predictor.predict(candidates, question.sides, words=question.words, considered=considered)
    return replace(predicted.report, notes=(*predicted.report.notes, *question.head.notes))


@contextmanager
def readable() -> Iterator[None]:
    """Put words on a repository that Git itself cannot read: shallow, partial or damaged."""
    try:
        yield
    except pygit2.GitError as error:
        raise Rejected(
            f"Git cannot read this repository: {error}", remedy="Fetch what is missing: git fetch --refetch."
        ) from error

"""What a sync would change now: predicted as a preview predicts it, with the newest of Git on both of its sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.cli.app.control import Control
from bot.cli.output import write_coloured
from bot.engine.diff.lines import visible
from bot.errors import Rejected
from bot.model.applications import Application
from bot.model.reports import Action, counted
from bot.prediction.preview import ChangeWords
from bot.prediction.trees import Sides, Tree, has_several
from bot.preview import words
from bot.preview.affected import Branch, Candidate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.cli.app.git import Git
    from bot.cli.local import Local
    from bot.model.reports import ApplicationReport

_SHORT: Final = 10


def difference(git: Git, name: str, revision: str, *, say: Callable[[str], None]) -> ApplicationReport:
    """Return what a sync of the Application would do, as *drift*: from what is live to what Git wants.

    Without `revision` each source counts as it is now. Raises Rejected where that cannot be told, Temporary when
    something cannot be reached now.
    """
    with git.reached() as local:
        seen = Control(local.cluster, local.applications).one(name)
        application = Application.parse(seen.obj, home=seen.home)
        say(f"reading the repository of {name}")
        tree = _tree(git, local, application, revision)
        say(f"asking {local.clusters.name_of(application.spec.destination)} what a sync does")
        said = ChangeWords("", tree.commit, tree.commit, tree.commit)
        candidate = Candidate(application, application)
        report = local.predictor.predict([candidate], Sides(tree, tree), words=said, considered=1).report
    (found,) = report.applications
    if found.failure:
        raise Rejected(f"{name} at {tree.commit[:_SHORT]}: {found.failure}")
    return found


def write_difference(report: ApplicationReport) -> None:
    """Write each object that differs, with what a sync would change of it."""
    write_coloured(visible("".join(f"{line}\n" for line in _lines(report))).replace("\t", "    "))


def in_words(report: ApplicationReport) -> str:
    """Return what is told beside the differences, empty when there is nothing to add."""
    refused = [f"{one.key}: {one.failure}" for one in report.resources if one.failure]
    return visible("\n".join([*report.notes, *(f"predicted to fail: {one}" for one in refused)]))


def _tree(git: Git, local: Local, application: Application, revision: str) -> Tree:
    source, trees, project = application.spec.effective_sources[0], local.sources.trees, application.spec.project
    if revision:
        return trees.at(source, git.revision(application, revision), project=project)
    tree = trees.look().newest(source, project=project)
    if not has_several(application.spec):
        return tree
    target = source.target_revision or "HEAD"
    branch = Branch(tree.repository, target, default=target == "HEAD")  # so that the others are at their own
    return Tree(tree.repository, tree.mirror, tree.tree_id, tree.commit, branch)


def _lines(report: ApplicationReport) -> Iterator[str]:
    differing = [one for one in report.resources if one.drift is not Action.NOTHING]
    for one in differing:
        yield f"{words.SIGNS[one.drift]} {one.key}"
        yield one.drift_diff.rstrip("\n") or f"# {one.note or words.drift(one)}"
        yield ""
    if differing:
        yield f"A sync changes {counted(len(differing), 'resource')}."

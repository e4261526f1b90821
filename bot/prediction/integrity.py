"""Whether what is rendered is signed as its project demands; asked before anything of it is rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.engine.projects import DEFAULT
from bot.engine.signatures import demanded
from bot.errors import Rejected
from bot.repository.transport import without_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.model.applications import ApplicationSpec, Source
    from bot.model.projects import AppProject
    from bot.model.signatures import Keyring
    from bot.prediction.trees import Tree
    from bot.repository.signatures import Signatures


class Distrusted(Rejected):
    """What is to be rendered is not signed as it has to be."""


@dataclass(frozen=True, slots=True)
class Integrity:
    """Holds sources against what their projects demand."""

    signatures: Signatures
    keyring: Callable[[], Keyring]
    """Returns the keys that are known now."""
    project_of: Callable[[str], AppProject | None]
    """Finds a project by name; None when there is none."""

    def refuse_distrusted(self, project: str, states: Iterable[tuple[Source, Tree]]) -> None:
        """Raise Distrusted for a source whose commit, or the annotated tag that it follows, nobody signed who may.

        Charts and artifacts are signed in ways of their own: as with Argo CD they are not looked at.
        """
        found = self.project_of(project or DEFAULT)
        for source, tree in states:
            if not source.is_packaged:
                self._refuse_distrusted(found, source, tree)

    def _refuse_distrusted(self, project: AppProject | None, source: Source, tree: Tree) -> None:
        try:
            demand = demanded(project, source.repo_url)
            if demand is None:
                return
            name = tree.mirror.signed_as(source, tree.commit)
            signature = self.signatures.of(tree.mirror, name, self.keyring())
        except Rejected as error:
            raise Distrusted(error.message, remedy=error.remedy) from error
        what = f"commit {name[:7]}" if name == tree.commit else f"the tag on commit {tree.commit[:7]}"
        if words := demand.refusal(signature, of=f"{what} of {without_user(source.repo_url)}"):
            raise Distrusted(words)

    def foretold(self, spec: ApplicationSpec, merged: Tree) -> list[str]:
        """Return what is certain, before a merge, about how the commit that it makes has to be signed.

        Who makes that commit, and whether it is signed, is the forge's to decide and known only afterwards.
        """
        project, branch = self.project_of(spec.project or DEFAULT), merged.branch
        sources = [one for one in spec.effective_sources if not one.is_packaged]
        ours = [one for one in sources if branch is None or branch.is_source_of(one)]
        return list(dict.fromkeys(filter(None, (self._foretold(project, one) for one in ours))))

    def _foretold(self, project: AppProject | None, source: Source) -> str:
        try:
            demand = demanded(project, source.repo_url)
        except Rejected as error:
            return f"the merge will be refused: {error.message}"
        try:
            return "" if demand is None else demand.foretold(self.signatures.known(self.keyring()))
        except Rejected as error:
            return f"how the merge has to be signed cannot be told: {error.message}"

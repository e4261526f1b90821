"""One repository's changes for newer images and charts: opened once, brought up to date, closed when overtaken."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

import structlog

from bot.engine.updates.images import parsed
from bot.engine.updates.scalars import edited
from bot.errors import ForesailError, Rejected
from bot.forges.port import Opening
from bot.model.changes import ChangeState, repository_identity
from bot.preview import updating as words
from bot.preview.configuration import FILE, read
from bot.repository.mirrors import Conflict
from bot.repository.publishing import Move, Signed, began_here, is_own, parent_of, written
from workers.changes.pushing import pushed
from workers.updating.merging import land

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.forges.port import Proposals
    from bot.model import updates
    from bot.model.changes import Change, Repository
    from bot.repository.charts.available import Available
    from bot.repository.mirrors import Mirror
    from bot.services import Services

_log = structlog.get_logger()
_MOST_OPENED: Final = 100
"""Changes that are opened in one repository in a round: some minutes, and more than forges have room for."""


@dataclass(frozen=True)
class Proposing:
    """What is known of one repository in one round."""

    services: Services
    available: Available
    repository: Repository
    mirror: Mirror
    open_changes: tuple[Change, ...]
    """Those from branches of the repository itself whose names are as ours are."""
    branches: Mapping[str, str]
    """Those whose names are as ours are, with their heads."""
    attempts: list[str] = field(default_factory=list)
    """Branches for which a change was to be opened in this round."""

    @classmethod
    def of(cls, services: Services, available: Available, repository: Repository) -> Self:
        """Fetch the repository and list its open changes; one request for each 100 of them."""
        auth = services.sources.trees.auth_for(repository.clone_url, "")
        mirror = services.mirrors.refresh(repository.clone_url, auth=auth)
        ours = f"{services.settings.instance}/"
        found = services.forge.open_changes(repository)
        like_ours = tuple(one for one in found if not one.from_fork and one.head_branch.startswith(ours))
        branches = {name: head for name, head in mirror.branches().items() if name.startswith(ours)}
        return cls(services, available, repository, mirror, like_ours, branches)

    def check(self, groups: Sequence[updates.Group]) -> None:
        """Raise Rejected when something is to be written here and may not be."""
        identity = repository_identity(self.repository.clone_url)
        if any(repository_identity(change.url) == identity for group in groups for change in group.changes):
            self._proposals.push_credentials(self.repository)

    @property
    def _proposals(self) -> Proposals:
        return self.services.forge.proposals

    @property
    def _instance(self) -> str:
        return self.services.settings.instance

    def bring(self, group: updates.Group) -> None:
        """Have a group's changes be what it wants; Rejected says what stands in the way."""
        identity = repository_identity(self.repository.clone_url)
        wanted = {one.branch: one for one in group.changes if repository_identity(one.url) == identity}
        before = [one for one in self.open_changes if one.head_branch.startswith(words.prefix(self._instance, group))]
        # One that a person has retargeted is still for these versions.
        exact = {words.branch(self._instance, group, one) for one in wanted.values()}
        for change in wanted.values():
            branch = words.branch(self._instance, group, change)
            if group.waits and any(one.base_branch == change.branch and one.head_branch != branch for one in before):
                continue  # which may be for what is wanted, once everybody answers again
            current = self._current(group, change, before)
            if current is not None:
                self._close(group, [one for one in before if _is_overtaken(one, current)], by=current)
        if group.certain:
            over = [one for one in before if one.base_branch not in wanted and one.head_branch not in exact]
            self._close(group, over, by=None)
        self._tidy(words.prefix(self._instance, group), exact)

    def _tidy(self, prefix: str, wanted: set[str]) -> None:
        """Remove branches that were left when a change of ours was closed, or never opened: somebody died just then."""
        busy = wanted | {one.head_branch for one in self.open_changes}
        for branch, head in self.branches.items():
            key = f"{self.repository.full_name} {branch}"
            if not branch.startswith(prefix) or branch in busy or self.services.memory.is_refused(key):
                continue
            changes = self._proposals.of_branch(self.repository, branch)
            if is_own(self.mirror, head) and all(self._closed_by_us(one) for one in changes):
                self._moved(Move(branch, "", head))
            else:
                self.services.memory.keep_refused(key)  # whoever closed it may open it again

    def _current(self, group: updates.Group, change: updates.Change, before: list[Change]) -> Change | None:
        """Return the open change for exactly these versions, opened if need be; None where nobody wants it."""
        branch = words.branch(self._instance, group, change)
        current = next((one for one in before if one.head_branch == branch), None)
        if current is None:
            return self._opened(group, change, branch)
        if current.base_branch != change.branch:
            return None  # a person has retargeted it
        head = self._renewed(group, change, current)
        configuration = read(self.mirror.read(self.mirror.tree_of(self.mirror.tip(change.branch)), FILE)).configuration
        if configuration.updates.automerge == "routine" and group.may_land and head == current.head_sha:
            before_it = self.mirror.tree_of(parent_of(self.mirror, head))
            if land(self.services, self.mirror, current, self._files(change, before_it)):
                self._moved(Move(current.head_branch, "", head))
        return current

    def _opened(self, group: updates.Group, change: updates.Change, branch: str) -> Change | None:
        key = f"{self.repository.full_name} {branch}"
        if self.services.memory.is_refused(key) or len(self.attempts) >= _MOST_OPENED:
            return None
        self.attempts.append(branch)
        earlier = self._proposals.of_branch(self.repository, branch)
        if found := [one for one in earlier if one.state is ChangeState.OPEN]:
            return found[0]
        if not all(self._closed_by_us(one) for one in earlier):
            self.services.memory.keep_refused(key)
            return None
        self._push(group, change, branch)
        opening = Opening(branch, change.branch, words.title(group, change), self._body(group, change))
        opened = self._proposals.open(self.repository, opening)
        _log.info("update proposed", change=str(opened), title=opening.title)
        return opened

    def _closed_by_us(self, change: Change) -> bool:
        """Whether a change that is over was closed because another took its place, and not by a person or a merge."""
        if change.state is ChangeState.MERGED:
            return False
        mark = words.superseded(self._instance)
        return bool(self.services.forge.own_comments(self.repository, change.number, marker=mark))

    def _renewed(self, group: updates.Group, change: updates.Change, current: Change) -> str:
        """Return the head of an open change, made anew where it is ours alone and cannot be merged any more."""
        tip = self.mirror.tip(change.branch)
        if not is_own(self.mirror, current.head_sha):
            return current.head_sha
        if not isinstance(self.mirror.merge(tip, current.head_sha), Conflict):
            return current.head_sha
        self._push(group, change, current.head_branch)
        return ""

    def _push(self, group: updates.Group, change: updates.Change, branch: str) -> None:
        """Have a branch hold the change on top of its base; Rejected where somebody else has pushed to it."""
        tip, there = self.mirror.tip(change.branch), self.branches.get(branch, "")
        signed = Signed(words.commit_message(group, change), self._instance, f"{self._instance}@foresail.dev")
        commit = written(self.mirror, tip, self._files(change, self.mirror.tree_of(tip)), signed)
        if there and there != commit and not is_own(self.mirror, there):
            raise Rejected(f"somebody else has pushed to {branch} of {self.repository.full_name}")
        if there != commit and not self._moved(Move(branch, commit, there)):
            raise Rejected(f"{branch} of {self.repository.full_name} has just been moved; the next round looks again")

    def _files(self, change: updates.Change, tree_id: str) -> dict[str, bytes]:
        files = {}
        for path, edits in change.edits.items():
            content = self.mirror.read(tree_id, path)
            if content is None:
                raise Rejected(f"{path} is not there any more")
            files[path] = edited(content, edits)
        return files

    def _moved(self, move: Move) -> bool:
        return pushed(self.services, self.repository, self.mirror, move)

    def _close(self, group: updates.Group, overtaken: list[Change], *, by: Change | None) -> None:
        """Close changes of ours with words; the branch goes where nobody else has pushed to it."""
        for one in overtaken:
            if not began_here(self.mirror, one.head_sha, self.mirror.tip(one.base_branch)):
                continue  # somebody else's, with a name like ours
            ours = is_own(self.mirror, one.head_sha)
            successor = "" if by is None else f"{self.repository.mark}{by.number}"
            farewell = words.farewell(self._instance, successor=successor, kept=not ours)
            mark = words.superseded(self._instance)
            if not self.services.forge.own_comments(self.repository, one.number, marker=mark):
                self.services.forge.add_comment(self.repository, one.number, farewell)
            self._proposals.close(self.repository, one.number)
            if ours:
                self._moved(Move(one.head_branch, "", one.head_sha))
            _log.info("update closed", change=str(one), group=group.name, successor=successor)

    def _body(self, group: updates.Group, change: updates.Change) -> str:
        links = {}
        for bump in change.bumps:
            image = parsed(bump.thing)
            tag = bump.new.partition("@")[0]
            if image is not None and not tag.startswith("sha256:"):
                try:
                    links[bump.thing] = self.available.source(image.full_name, tag, group.project)
                except ForesailError as error:
                    _log.info("no source known", image=bump.thing, reason=str(error))
        return words.body(group, change, {thing: link for thing, link in links.items() if link})


def _is_overtaken(earlier: Change, current: Change) -> bool:
    return earlier.number != current.number and earlier.base_branch == current.base_branch

"""What events from a forge call for."""

from __future__ import annotations

from bot.model.commands import PREFIX, commands_in
from bot.model.events import (
    BranchPushed,
    ChangeClosed,
    ChangeMarked,
    ChangeReviewed,
    ChangeUpdated,
    CheckPressed,
    CommentWritten,
    Event,
    InstallationChanged,
    MergeGroupFormed,
    MergeGroupGone,
    RepositoryMoved,
    TagPushed,
)
from bot.model.jobs import (
    JobRequest,
    check,
    check_gone,
    command,
    deliver,
    generate_from,
    moved,
    notify,
    press,
    preview,
    preview_marked,
    preview_reviewed,
    recover,
)


def called_for(event: Event, *, prefix: str = PREFIX) -> tuple[JobRequest, ...]:
    """Return the jobs that an event from a forge calls for; commands begin with `prefix`."""
    jobs: tuple[JobRequest, ...] = ()
    match event:
        case ChangeUpdated() | ChangeMarked() | ChangeReviewed():
            jobs = _previewed(event)
        case ChangeClosed(repository=repository, number=number, merge_sha=merge_sha):
            # What its preview said may still stand in the way of another change with the same head.
            told = (notify(repository.full_name, merge_sha),) if merge_sha else ()
            jobs = (*told, preview(repository, number), generate_from(repository, changes=True))
        case BranchPushed() | TagPushed() | RepositoryMoved():
            jobs = _pushed(event)
        case CheckPressed() as pressed:
            jobs = (press(pressed),)
        case MergeGroupFormed() | MergeGroupGone():
            jobs = (_of_merge_group(event),)
        case CommentWritten(repository=repository) as comment if found := commands_in(comment.body, prefix=prefix):
            jobs = (command(repository, comment, [one.text for one in found]),)
        case InstallationChanged(added=added):
            jobs = tuple(recover(full_name) for full_name in added)
        case _:
            pass
    return jobs


def _of_merge_group(event: MergeGroupFormed | MergeGroupGone) -> JobRequest:
    if isinstance(event, MergeGroupGone):
        return check_gone(event.repository, event.head_sha)
    commits = {"base_branch": event.base_branch, "base": event.base_sha, "head": event.head_sha}
    return check(event.repository, **commits, pipeline=event.pipeline)


def _previewed(event: ChangeUpdated | ChangeMarked | ChangeReviewed) -> tuple[JobRequest, ...]:
    if isinstance(event, ChangeReviewed):
        return (preview_reviewed(event.repository, event.number, event.author),)
    again = (
        preview_marked(event.repository, event.number)
        if isinstance(event, ChangeMarked)
        else preview(event.repository, event.number, retargeted=event.retargeted)
    )
    return (again, generate_from(event.repository, changes=True))


def _pushed(event: BranchPushed | TagPushed | RepositoryMoved) -> tuple[JobRequest, ...]:
    if isinstance(event, RepositoryMoved):
        return (moved(event.urls),)
    if isinstance(event, TagPushed):
        return (recover(event.repository.full_name), generate_from(event.repository))
    if not event.after.strip("0"):
        return ()
    known = event.before if event.before.strip("0") else ""
    delivery = deliver(event.repository, branch=event.branch, before=known, commit=event.after)
    return (delivery, generate_from(event.repository))

"""Jobs: which events call for which, and how each is named."""

from __future__ import annotations

import importlib
import json
import re

import pytest

from bot.model import jobs
from bot.model.calls import called_for
from bot.model.changes import Repository
from bot.model.checks import Button
from bot.model.events import (
    BranchPushed,
    ChangeClosed,
    ChangeMarked,
    ChangeReviewed,
    ChangeUpdated,
    CheckPressed,
    CommentWritten,
    Event,
    Ignored,
    InstallationChanged,
    MergeGroupFormed,
    MergeGroupGone,
    Ping,
    TagPushed,
)
from bot.model.jobs import JobRequest, Task

SHOP = Repository("acme/shop", "https://github.example/acme/shop.git", installation=7)
LOOK, CHANGES = jobs.generate_from(SHOP), jobs.generate_from(SHOP, changes=True)
OLD, NEW, ZERO = "1" * 40, "2" * 40, "0" * 40

PRESSED = CheckPressed(SHOP, NEW, "jo", "foresail/sync", button=Button.RETRY, id=-5)
CALLED_FOR: list[tuple[Event, tuple[JobRequest, ...]]] = [
    (ChangeUpdated(SHOP, 12, NEW), (jobs.preview(SHOP, 12), CHANGES)),
    (ChangeUpdated(SHOP, 12, NEW, retargeted=True), (jobs.preview(SHOP, 12, retargeted=True), CHANGES)),
    (ChangeMarked(SHOP, 12), (jobs.preview_marked(SHOP, 12), CHANGES)),
    (ChangeReviewed(SHOP, 12, "jo"), (jobs.preview_reviewed(SHOP, 12, "jo"),)),
    (ChangeClosed(SHOP, 12, NEW), (jobs.notify("acme/shop", NEW), jobs.preview(SHOP, 12), CHANGES)),
    (ChangeClosed(SHOP, 12, ""), (jobs.preview(SHOP, 12), CHANGES)),
    (BranchPushed(SHOP, "main", OLD, NEW), (jobs.deliver(SHOP, branch="main", before=OLD, commit=NEW), LOOK)),
    (BranchPushed(SHOP, "main", ZERO, NEW), (jobs.deliver(SHOP, branch="main", before="", commit=NEW), LOOK)),
    (BranchPushed(SHOP, "main", OLD, ZERO), ()),
    (TagPushed(SHOP), (jobs.recover(SHOP.full_name), LOOK)),
    (PRESSED, (jobs.press(PRESSED),)),
    (MergeGroupFormed(SHOP, "main", OLD, NEW), (jobs.check(SHOP, base_branch="main", base=OLD, head=NEW),)),
    (
        MergeGroupFormed(SHOP, "main", "", NEW, 7),
        (jobs.check(SHOP, base_branch="main", base="", head=NEW, pipeline=7),),
    ),
    (MergeGroupGone(SHOP, NEW), (jobs.check_gone(SHOP, NEW),)),
    (CommentWritten(SHOP, 12, 5, "jo", "looks good"), ()),
    (InstallationChanged(7, ("acme/a", "acme/b"), removed=()), (jobs.recover("acme/a"), jobs.recover("acme/b"))),
    (InstallationChanged(7, added=(), removed=("acme/shop",)), ()),
    (Ping(), ()),
    (Ignored("of no use"), ()),
]

ALPHABETS = ["acme/shop#1", "a/b@main", "значение", "x" * 5000, "\N{PILE OF POO}", "", "a\0b", "../../etc", "a:b"]


@pytest.mark.parametrize(("event", "called"), CALLED_FOR, ids=lambda value: type(value).__name__)
def test_an_event_calls_for_its_jobs(event: Event, called: tuple[JobRequest, ...]) -> None:
    assert called_for(event) == called


@pytest.mark.parametrize("body", ["/foresail sync", "  \n/foresail  sync", "fine by me\n\n/foresail sync\nthanks"])
def test_a_comment_with_a_command_calls_for_it(body: str) -> None:
    comment = CommentWritten(SHOP, 12, 5, "jo", body)
    assert called_for(comment) == (jobs.command(SHOP, comment, ["/foresail sync"]),)


def test_a_command_begins_as_the_operator_wants() -> None:
    comment = CommentWritten(SHOP, 12, 5, "jo", "/gitops sync")
    assert called_for(comment) == ()
    assert called_for(comment, prefix="/gitops") == (jobs.command(SHOP, comment, ["/gitops sync"]),)


@pytest.mark.parametrize("identity", ALPHABETS)
def test_an_id_is_one_that_rq_takes_whatever_it_is_about(identity: str) -> None:
    job_id = JobRequest(Task.ADVANCE, {}, identity).job_id
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,200}", job_id)


def test_different_jobs_have_different_ids() -> None:
    requests = [
        JobRequest(task, {}, identity) for task in Task for identity in [*ALPHABETS, "acme/shop-1", "acme-shop#1"]
    ]
    assert len({request.job_id for request in requests}) == len(requests)


def test_the_same_job_has_the_same_id_whatever_else_is_known_about_it() -> None:
    early = jobs.deliver(SHOP, branch="main", before="", commit=NEW)
    late = jobs.deliver(SHOP, branch="main", before=OLD, commit=NEW)
    assert early.job_id == late.job_id


def test_a_start_that_need_not_wait_is_not_served_by_one_that_has_to() -> None:
    held = jobs.start("shop", NEW, {}, configured="waits for a person")
    assert held.job_id != jobs.start("shop", NEW, {}).job_id


@pytest.mark.parametrize("task", Task)
def test_every_job_has_a_queue_and_something_that_does_it(task: Task) -> None:
    module, _, function = task.rpartition(".")
    assert JobRequest(task, {}, "any").queue in jobs.QUEUES
    assert callable(getattr(importlib.import_module(module), function))


@pytest.mark.parametrize(("event", "called"), CALLED_FOR, ids=lambda value: type(value).__name__)
def test_what_a_job_is_given_survives_the_queue(event: Event, called: tuple[JobRequest, ...]) -> None:
    del event
    assert all(json.loads(json.dumps(job.payload)) == job.payload for job in called)

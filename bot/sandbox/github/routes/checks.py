"""Check runs and suites: written by Apps only, each App its own."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any, Literal

from pydantic import Field

from bot.sandbox.forge.repositories import BareRepository
from bot.sandbox.github import events
from bot.sandbox.github.http import Answer, Call, Form, Refusal, Route, invalid, not_found
from bot.sandbox.github.payloads import checks
from bot.sandbox.github.state import App, CheckRun, CheckSuite

_READ, _WRITE = ("checks:read",), ("checks:write",)
_MOST_ANNOTATIONS = 50
"""A request may carry no more: https://docs.github.com/en/rest/checks/runs"""
_LONGEST_TEXT = 65_535
_MOST_ACTIONS = 3


class AnnotationForm(Form):
    """One annotation."""

    path: str
    start_line: int
    end_line: int
    annotation_level: Literal["notice", "warning", "failure"]
    message: str
    title: str | None = None
    raw_details: str | None = None
    start_column: int | None = None
    end_column: int | None = None


class OutputForm(Form):
    """What a check run reports."""

    summary: str
    title: str | None = None
    text: str | None = None
    annotations: list[AnnotationForm] = Field(default_factory=list)


class ActionForm(Form):
    """One button: https://docs.github.com/en/rest/checks/runs#create-a-check-run."""

    label: str = Field(max_length=20)
    description: str = Field(max_length=40)
    identifier: str = Field(max_length=20)


class CheckRunChangeForm(Form):
    """Body that changes a check run; a field that is not sent stays."""

    name: str | None = None
    details_url: str | None = None
    status: Literal["queued", "in_progress", "completed"] | None = None
    conclusion: (
        Literal["success", "failure", "neutral", "cancelled", "skipped", "timed_out", "action_required"] | None
    ) = None
    started_at: str | None = None
    completed_at: str | None = None
    output: OutputForm | None = None
    external_id: str | None = None
    actions: list[ActionForm] = Field(default_factory=list, max_length=_MOST_ACTIONS)


class CheckRunForm(CheckRunChangeForm):
    """Body that creates a check run."""

    name: str
    head_sha: str


def create_run(call: Call) -> Answer:
    """Create a check run, in the App's suite for the commit."""
    form, app, repository = call.form(CheckRunForm), _app(call), call.repository
    if BareRepository(repository.path).resolve(form.head_sha) != form.head_sha:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"No commit found for SHA: {form.head_sha}")
    run = CheckRun(
        id=call.world.next_id(),
        suite=_suite(call, app, form.head_sha),
        name=form.name,
        fields={},
        annotations=[],
        started_at=call.world.clock.now(),
    )
    _apply(call, run, form)
    repository.check_runs[run.id] = run
    return Answer(checks.check_run(call.world, repository, run), HTTPStatus.CREATED)


def update_run(call: Call) -> Answer:
    """Change a check run; another App's is refused."""
    form, run = call.form(CheckRunChangeForm), _run(call)
    if run.suite.app is not _app(call):
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            "Invalid app_id `" + str(_app(call).id) + "` - check run can only be "
            "modified by the GitHub App that created it.",
        )
    _apply(call, run, form)
    return Answer(checks.check_run(call.world, call.repository, run))


def get_run(call: Call) -> Answer:
    """Answer with a check run."""
    return Answer(checks.check_run(call.world, call.repository, _run(call)))


def list_annotations(call: Call) -> Answer:
    """Answer with a check run's annotations."""
    run = _run(call)
    return call.page([checks.annotation(call.world, call.repository, run, one) for one in run.annotations])


def list_runs(call: Call) -> Answer:
    """Answer with a commit's check runs: the newest of each name and App, unless all are asked for."""
    runs = [run for run in call.repository.check_runs.values() if run.suite.head_sha == _sha(call)]
    if (name := call.query.get("check_name")) is not None:
        runs = [run for run in runs if run.name == name]
    if (app_id := call.query.get("app_id")) is not None:
        runs = [run for run in runs if str(run.suite.app.id) == app_id]
    if call.query.get("filter", "latest") == "latest":
        runs = list({(run.suite.app.id, run.name): run for run in runs}.values())
    shown = [checks.check_run(call.world, call.repository, run) for run in reversed(runs)]
    return call.page(shown, wrap=lambda items: {"total_count": len(shown), "check_runs": items})


def list_suites(call: Call) -> Answer:
    """Answer with a commit's check suites."""
    sha = _sha(call)
    suites = [one for one in call.repository.check_suites.values() if one.head_sha == sha]
    shown = [checks.check_suite(call.world, call.repository, one) for one in suites]
    return call.page(shown, wrap=lambda items: {"total_count": len(shown), "check_suites": items})


def get_suite(call: Call) -> Answer:
    """Answer with a check suite."""
    suite = call.repository.check_suites.get(call.number("check_suite_id"))
    if suite is None:
        raise not_found()
    return Answer(checks.check_suite(call.world, call.repository, suite))


def rerequest_run(call: Call) -> Answer:
    """Ask a check run's App to run it again."""
    events.check_run(call.world, call.repository, _run(call), sender=call.account)
    return Answer({}, HTTPStatus.CREATED)


ROUTES = (
    Route("POST", "/repos/{owner}/{repo}/check-runs", create_run, _WRITE),
    Route("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}", get_run, _READ),
    Route("PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}", update_run, _WRITE),
    Route("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations", list_annotations, _READ),
    Route("POST", "/repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest", rerequest_run, _WRITE),
    Route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs", list_runs, _READ),
    Route("GET", "/repos/{owner}/{repo}/commits/{ref}/check-suites", list_suites, _READ),
    Route("GET", "/repos/{owner}/{repo}/check-suites/{check_suite_id}", get_suite, _READ),
)


def _app(call: Call) -> App:
    if call.actor.app is None:
        raise Refusal(HTTPStatus.FORBIDDEN, "You must authenticate via a GitHub App.")
    return call.actor.app


def _run(call: Call) -> CheckRun:
    found = call.repository.check_runs.get(call.number("check_run_id"))
    if found is None:
        raise not_found()
    return found


def _sha(call: Call) -> str:
    found = BareRepository(call.repository.path).resolve(call.params["ref"])
    if found is None:
        raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"No commit found for SHA: {call.params['ref']}")
    return found


def _suite(call: Call, app: App, sha: str) -> CheckSuite:
    for suite in call.repository.check_suites.values():
        if suite.app is app and suite.head_sha == sha:
            return suite
    now = call.world.clock.now()
    made = CheckSuite(id=call.world.next_id(), app=app, head_sha=sha, created_at=now, updated_at=now)
    call.repository.check_suites[made.id] = made
    return made


def _apply(call: Call, run: CheckRun, form: CheckRunChangeForm) -> None:
    said: dict[str, Any] = form.model_dump(exclude_unset=True, exclude={"head_sha", "started_at", "completed_at"})
    now = call.world.clock.now()
    if form.output is not None:
        _check_output(form.output)
        run.annotations += [one.model_dump(exclude_unset=True) for one in form.output.annotations]
        said["output"].pop("annotations", None)
    if form.status == "completed" and form.conclusion is None and run.fields.get("conclusion") is None:
        raise invalid("CheckRun", "conclusion", code="missing_field")
    if form.conclusion is not None:
        said["status"] = "completed"
        run.completed_at = now
    elif form.status is not None and form.status != "completed":
        said["conclusion"], run.completed_at = None, None
    if form.started_at is not None:
        run.started_at = datetime.fromisoformat(form.started_at).timestamp()
    run.name = form.name or run.name
    run.fields.update(said)
    run.suite.updated_at = now
    call.repository.said_by_runs.append(checks.as_status(run, number=call.world.next_id(), now=now))


def _check_output(output: OutputForm) -> None:
    if len(output.annotations) > _MOST_ANNOTATIONS:
        message = f"No more than {_MOST_ANNOTATIONS} annotations are allowed per request."
        raise invalid("CheckRun", "output.annotations", message=message)
    for name in ("summary", "text"):
        if len((getattr(output, name) or "").encode()) > _LONGEST_TEXT:
            message = f"{name} exceeds a maximum bytesize of {_LONGEST_TEXT}"
            raise invalid("CheckRun", f"output.{name}", code="custom", message=message)

"""What somebody writes into the record of their own Application gives them nothing of what is another's."""

from __future__ import annotations

import uuid
from typing import Any

import yaml

from bot.cluster.objects import Apply
from bot.engine.tracking import TRACKING_ID
from bot.model.jobs import advance, notify
from bot.model.operations import Occasion, Operation, OperationState, Phase
from bot.model.resources import JsonObject
from bot.services import Services
from bot.settings import Settings
from bot.store.connection import connect
from tests.functional.conftest import config_map
from tests.integration.workers.desk import Desk
from workers import advance as advancing
from workers import notify as notifying
from workers.changes.landscape import Clone

WHILE_IT_RUNS = {"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}}
ONCE_IT_HAS_RUN = {"apiVersion": "v1", "kind": "ConfigMap"}


def theirs(desk: Desk, manifest: JsonObject) -> None:
    """Put an object into the cluster that another application has, and declares as a hook."""
    place = desk.stage.control_namespace
    tracked = f"another:/{manifest['kind']}:{place}/theirs"
    annotations = {TRACKING_ID: tracked, "argocd.argoproj.io/hook-delete-policy": "HookSucceeded"}
    metadata = {"name": "theirs", "namespace": place, "annotations": annotations}
    desk.services.control.apply(Apply({**manifest, "metadata": metadata}))


def record(desk: Desk, phase: str, kind: str, hook_phase: str) -> None:
    """Write into the record of the Application that an operation runs, and that it has begun a hook."""
    application = desk.services.applications.get("shop")
    assert application is not None
    place, operation = desk.stage.control_namespace, {"sync": {"revision": desk.repository.head()}}
    hook = {"group": "", "version": "v1", "kind": kind, "namespace": place, "name": "theirs", "hookType": "PreSync"}
    state = {"phase": phase, "startedAt": "2026-01-01T00:00:00Z", "finishedAt": None, "operation": operation}
    results = [{**hook, "hookPhase": hook_phase, "syncPhase": "PreSync"}]
    status: dict[str, Any] = {"operationState": {**state, "syncResult": {"resources": results}}}
    desk.services.applications.update(application, {"operation": operation, "status": status})


def test_what_is_recorded_as_a_hook_is_not_deleted_where_it_is_anothers(desk: Desk) -> None:
    desk.declare("shop")
    cases = (("Terminating", WHILE_IT_RUNS, "Running"), ("Running", ONCE_IT_HAS_RUN, "Succeeded"))
    for phase, manifest, hook_phase in cases:
        kind = str(manifest["kind"])
        theirs(desk, manifest)
        record(desk, phase, kind, hook_phase)
        desk.do(advancing.run, advance("shop"))
        assert "operation" not in desk.application("shop")
        assert desk.stage.get(kind.lower(), "theirs", namespace=desk.stage.control_namespace) is not None


def test_nothing_is_told_of_a_commit_that_only_an_application_names(desk: Desk) -> None:
    desk.declare("shop")
    desk.repository.push("proposal", {"deploy/settings.yaml": config_map("settings", COLOUR="red")})
    head = desk.repository.head("proposal")
    number = desk.repository.open_pull_request(head="proposal", title="Not merged").number
    repository, forge = desk.services.forge.repository("acme/shop"), desk.services.forge
    Clone.fetched(desk.services, repository, wanted=[forge.head_ref(number)])
    desk.do(notifying.run, notify("acme/shop", head))
    assert desk.repository.statuses(head) == {}


def test_what_a_tenant_records_of_a_commit_counts_as_far_as_git_bears_it_out(desk: Desk) -> None:
    tenant, place, hosted = f"tenant-{uuid.uuid4().hex[:8]}", desk.stage.control_namespace, desk.repository
    desk.declare("shop")
    before = hosted.head()
    hosted.push("main", {"deploy/more.yaml": config_map("more", COLOUR="red")})
    commit = hosted.head()
    project = {"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "*"}], "sourceNamespaces": [tenant]}
    team = {"name": "team", "namespace": place}
    theirs = {**desk.application("shop")["spec"], "project": "team"}
    api = "argoproj.io/v1alpha1"
    objects = (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": tenant}},
        {"apiVersion": api, "kind": "AppProject", "metadata": team, "spec": project},
        {"apiVersion": api, "kind": "Application", "metadata": {"name": "eve", "namespace": tenant}, "spec": theirs},
    )
    desk.stage.plane.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump_all(objects))
    opened = {**desk.stage.settings(hosted), "FORESAIL_APPLICATION_NAMESPACES": tenant}
    services = Services.build(Settings.from_environment(opened))
    clone, name = Clone.fetched(services, services.forge.repository("acme/shop")), f"{tenant}/eve"

    def expected(occasion: Occasion) -> set[str]:
        """Return where the commit is expected when Redis has forgotten, and a tenant has recorded this about it."""
        operation = Operation(commit, prune=False, info=occasion.to_info())
        state = OperationState(operation, Phase.SUCCEEDED, "", started_at="2026-01-01T00:00:00Z")
        application = services.applications.get(name)
        assert application is not None
        services.applications.update(application, {"status": {"operationState": state.to_wire()}})
        connect(desk.stage.redis.url).flushall()
        return set(notifying.expected_of(clone, commit).parents)

    for branch, earlier in (("main", before), ("nowhere", before), ("main", commit), ("main", "f" * 40)):
        assert expected(Occasion("acme/shop", branch, commit, earlier)) == {"shop", name}, (branch, earlier)
    services.close()
    desk.stage.plane.kubectl("delete", "applications", "--all", "--wait=false", "-n", tenant)

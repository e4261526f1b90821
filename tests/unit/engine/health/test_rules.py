from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bot.engine.health import assess
from bot.engine.health.rules import BUILT_IN
from bot.model.health import Health, HealthStatus
from bot.model.resources import JsonObject

STATES = Path(__file__).parent / "testdata"

HEALTHY, SUSPENDED, PROGRESSING = Health.HEALTHY, Health.SUSPENDED, Health.PROGRESSING
DEGRADED, UNKNOWN = Health.DEGRADED, Health.UNKNOWN

EXPECTED = {
    "apiservice-available": (HEALTHY, "Passed: all checks passed"),
    "apiservice-no-status": (PROGRESSING, "Waiting for the API to be available"),
    "apiservice-unavailable": (PROGRESSING, "MissingEndpoints: no endpoints"),
    "configmap-deleted": (PROGRESSING, "Pending deletion"),
    "crd-established": (HEALTHY, "Definition is established"),
    "crd-installing": (PROGRESSING, "Definition is being installed"),
    "crd-names-not-accepted": (DEGRADED, 'Names are not accepted: "Ship" is already in use'),
    "crd-no-status": (PROGRESSING, "Waiting for the API server to look at the definition"),
    "crd-non-structural": (DEGRADED, "Schema is not structural: spec.type: Required value"),
    "crd-not-established": (DEGRADED, "Definition is not established"),
    "crd-terminating": (PROGRESSING, "Definition is being deleted: CustomResource deletion is in progress"),
    "cronjob-active": (HEALTHY, "A run is under way"),
    "cronjob-healthy": (HEALTHY, "The run of 2026-01-02T00:00:00Z succeeded"),
    "cronjob-last-run-failed": (DEGRADED, "The run of 2026-01-02T00:00:00Z did not succeed"),
    "cronjob-never-due": (HEALTHY, "No run was due yet"),
    "cronjob-never-succeeded": (HEALTHY, "No run has succeeded yet"),
    "cronjob-no-status": (PROGRESSING, "Waiting for the controller to see the CronJob"),
    "cronjob-suspended": (HEALTHY, "CronJob is suspended"),
    "daemonset-healthy": (HEALTHY, "4 of 4 pods are available"),
    "daemonset-on-delete": (HEALTHY, "1 of 4 pods are updated; the others when they are deleted"),
    "daemonset-unavailable": (PROGRESSING, "3 of 4 pods are available"),
    "daemonset-unobserved": (PROGRESSING, "Waiting for the controller to see the last change"),
    "daemonset-updating": (PROGRESSING, "1 of 4 pods are updated"),
    "deployment-deadline": (DEGRADED, "No progress within the deadline of 600 s: 1 of 3 replicas are updated"),
    "deployment-deleted": (PROGRESSING, "Pending deletion"),
    "deployment-healthy": (HEALTHY, "3 of 3 replicas are available"),
    "deployment-no-status": (PROGRESSING, "Waiting for the controller to see the last change"),
    "deployment-over-quota": (PROGRESSING, "1 of 3 replicas are updated: exceeded quota: pods"),
    "deployment-paused": (SUSPENDED, "Deployment is paused"),
    "deployment-scaled-to-zero": (HEALTHY, "Scaled to 0 replicas"),
    "deployment-terminating-old": (PROGRESSING, "1 old replica still to end"),
    "deployment-unavailable": (PROGRESSING, "1 of 3 replicas are available"),
    "deployment-unobserved": (PROGRESSING, "Waiting for the controller to see the last change"),
    "deployment-updating": (PROGRESSING, "1 of 3 replicas are updated"),
    "deployment-wrong-types": (UNKNOWN, "Health cannot be judged: spec.replicas is not a whole number"),
    "hpa-v1-degraded": (DEGRADED, "bad selector"),
    "hpa-v1-healthy": (HEALTHY, "ready"),
    "hpa-v1-not-json": (
        UNKNOWN,
        "Health cannot be judged: the annotation autoscaling.alpha.kubernetes.io/conditions is not JSON",
    ),
    "hpa-v1-waiting": (PROGRESSING, "Waiting for the autoscaler's first decision"),
    "hpa-v2-failed-metric": (DEGRADED, "no metrics from the cpu"),
    "hpa-v2-failed-silently": (DEGRADED, "FailedGetScale"),
    "hpa-v2-healthy": (HEALTHY, "at its maximum"),
    "hpa-v2-waiting": (PROGRESSING, "Waiting for the autoscaler's first decision"),
    "hpa-v2beta2-healthy": (HEALTHY, "The autoscaler is at work"),
    "ingress-extensions": (PROGRESSING, "Waiting for a load balancer's address"),
    "ingress-no-address": (HEALTHY, "A load balancer is assigned"),
    "ingress-ready": (HEALTHY, "Reachable at lb.example.com, 203.0.113.8"),
    "ingress-waiting": (PROGRESSING, "Waiting for a load balancer's address"),
    "job-complete": (HEALTHY, "Reached expected number of succeeded pods"),
    "job-conditions-wrong-type": (UNKNOWN, "Health cannot be judged: status.conditions is not a list of mappings"),
    "job-failed-silently": (DEGRADED, "Job failed"),
    "job-failed": (DEGRADED, "Job has reached the specified backoff limit"),
    "job-resumed": (PROGRESSING, "0 of 1 completions so far"),
    "job-running": (PROGRESSING, "1 of 3 completions so far"),
    "job-suspended": (SUSPENDED, "Job suspended"),
    "job-work-queue": (PROGRESSING, "0 completions so far"),
    "pdb-failed-silently": (DEGRADED, "Condition DisruptionAllowed is False"),
    "pdb-healthy": (HEALTHY, "1 disruption is allowed now"),
    "pdb-insufficient-pods": (HEALTHY, "0 disruptions are allowed now"),
    "pdb-no-status": (PROGRESSING, "Waiting for the controller to see the budget"),
    "pdb-sync-failed": (DEGRADED, "SyncFailed: found no controllers for pod web-1"),
    "pod-crash-loop-no-end": (DEGRADED, "Back-off restarting failed container web (CrashLoopBackOff)"),
    "pod-crash-loop": (DEGRADED, "Back-off restarting failed container web (CrashLoopBackOff), last exit code 1"),
    "pod-failed-exit-code": (DEGRADED, "Container migrate failed with exit code 3"),
    "pod-failed-message": (DEGRADED, "The node was low on resource memory."),
    "pod-failed-out-of-memory": (
        DEGRADED,
        "Container migrate failed with exit code 137 (out of memory): killed at row 7",
    ),
    "pod-failed-reason": (DEGRADED, "NodeAffinity"),
    "pod-failed-silently": (DEGRADED, "Failed without a reported reason"),
    "pod-finite-image-back-off": (PROGRESSING, "Waiting for container migrate (ImagePullBackOff)"),
    "pod-finite-judged-as-long-running": (DEGRADED, "Container migrate cannot start (ImagePullBackOff)"),
    "pod-finite-running": (PROGRESSING, "Waiting for the pod to end"),
    "pod-hook-deleted": (HEALTHY, "Ran to completion"),
    "pod-hook-keeps-restart-policy": (PROGRESSING, "Waiting for container migrate (ImagePullBackOff)"),
    "pod-init-waiting": (PROGRESSING, "Waiting for container wait (CrashLoopBackOff)"),
    "pod-no-restart-policy": (UNKNOWN, "No restart policy is reported"),
    "pod-no-status": (UNKNOWN, "No phase is reported"),
    "pod-pending-message": (PROGRESSING, "Waiting for the sandbox"),
    "pod-pending": (PROGRESSING, "Waiting to start"),
    "pod-ready": (HEALTHY, "1 of 1 containers are ready"),
    "pod-restarted": (DEGRADED, "Container web is not ready, last exit code 0"),
    "pod-starting": (PROGRESSING, "1 of 2 containers are ready"),
    "pod-succeeded": (HEALTHY, "Ran to completion"),
    "pod-two-stuck": (
        DEGRADED,
        "Container web cannot start (ErrImagePull): no such tag; Container side cannot start (CreateContainerError)",
    ),
    "pod-unknown-phase": (UNKNOWN, "Phase is Unknown"),
    "pod-unschedulable": (PROGRESSING, "Not scheduled: 0/3 nodes are available: 3 Insufficient cpu."),
    "pvc-bound": (HEALTHY, "Bound to pv-7"),
    "pvc-lost": (DEGRADED, "The volume it was bound to is lost"),
    "pvc-no-status": (UNKNOWN, "No phase is reported"),
    "pvc-odd-phase": (UNKNOWN, "Phase is Odd"),
    "pvc-pending": (PROGRESSING, "Waiting for a volume"),
    "replicaset-failing": (DEGRADED, "1 of 2 replicas are available: exceeded quota: pods"),
    "replicaset-healthy": (HEALTHY, "2 of 2 replicas are available"),
    "replicaset-unavailable": (PROGRESSING, "1 of 2 replicas are available"),
    "replicaset-unobserved": (PROGRESSING, "Waiting for the controller to see the last change"),
    "service-cluster-ip": (HEALTHY, "Service exists"),
    "service-load-balancer-ready": (HEALTHY, "Reachable at 203.0.113.7"),
    "service-load-balancer-waiting": (PROGRESSING, "Waiting for a load balancer's address"),
    "statefulset-healthy": (HEALTHY, "3 of 3 pods are ready"),
    "statefulset-never-observed": (PROGRESSING, "Waiting for the controller to see the last change"),
    "statefulset-on-delete": (HEALTHY, "3 of 3 pods are ready; they are updated when they are deleted"),
    "statefulset-partition-beyond": (HEALTHY, "0 of 0 pods are updated"),
    "statefulset-partition-done": (HEALTHY, "2 of 2 pods are updated"),
    "statefulset-partition-updating": (PROGRESSING, "1 of 2 pods are updated"),
    "statefulset-revision-updating": (PROGRESSING, "2 of 3 pods are updated"),
    "statefulset-unobserved": (PROGRESSING, "Waiting for the controller to see the last change"),
    "statefulset-unready": (PROGRESSING, "1 of 3 pods are ready"),
}


def load(state: str) -> JsonObject:
    obj: JsonObject = yaml.safe_load((STATES / f"{state}.yaml").read_text())
    return obj


@pytest.mark.parametrize("state", EXPECTED)
def test_an_object_is_judged_by_its_state(state: str) -> None:
    assert assess(load(state)) == HealthStatus(*EXPECTED[state])


def test_every_state_on_file_is_expected_to_be_something() -> None:
    assert {path.stem for path in STATES.iterdir()} == set(EXPECTED)


def test_every_rule_has_a_healthy_state() -> None:
    judged = {(obj["apiVersion"].rpartition("/")[0], obj["kind"]) for obj in map(load, EXPECTED)}
    assert {(family.group, kind) for family in BUILT_IN for kind in family.kinds} <= judged


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret", "Namespace", "Anything"])
def test_a_kind_without_a_rule_has_no_health(kind: str) -> None:
    assert assess({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}}) is None


def test_a_kind_of_another_group_is_not_taken_for_a_known_one() -> None:
    assert assess({"apiVersion": "example.com/v1", "kind": "Service", "metadata": {"name": "x"}}) is None

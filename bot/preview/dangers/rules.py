"""The table in which all rules about dangers meet, and what applies them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeAlias

from bot.model.dangers import Danger
from bot.model.predictions import ResourceStates
from bot.model.reports import ApplicationReport, ResourceReport
from bot.preview.dangers import (
    apis,
    application,
    destruction,
    images,
    networking,
    permissions,
    pods,
    references,
    scaling,
)
from bot.preview.dangers.routine import is_routine
from bot.preview.dangers.scene import Scene, Subject
from bot.preview.dangers.sorts import ranked

if TYPE_CHECKING:
    from bot.model.resources import JsonObject

Rule: TypeAlias = Callable[[Subject], Iterable[Danger]]
"""Finds what is dangerous about one object that the change or a sync does something to."""

EVERY_KIND: Final[tuple[Rule, ...]] = (
    destruction.destroyed,
    destruction.orphaned,
    destruction.taken_over,
    destruction.finalizer_removed,
    references.still_used,
    scaling.scaled_to_zero,
    scaling.workload_fights,
    pods.privileges,
    images.mutable_tags,
    apis.removed_api,
)

BY_KIND: Final[Mapping[tuple[str, str], tuple[Rule, ...]]] = {
    ("", "Namespace"): (pods.enforcement,),
    ("", "Service"): (networking.selector_changed,),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (destruction.definition_version_removed,),
    ("autoscaling", "HorizontalPodAutoscaler"): (scaling.autoscaler_fights,),
    ("batch", "CronJob"): (scaling.suspended,),
    ("batch", "Job"): (scaling.suspended,),
    ("networking.k8s.io", "NetworkPolicy"): (networking.policy_removed, networking.selector_changed),
    ("policy", "PodDisruptionBudget"): (networking.selector_changed,),
    ("rbac.authorization.k8s.io", "ClusterRole"): (permissions.role,),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): (permissions.binding,),
    ("rbac.authorization.k8s.io", "Role"): (permissions.role,),
    ("rbac.authorization.k8s.io", "RoleBinding"): (permissions.binding,),
}

OF_APPLICATIONS: Final[tuple[Callable[[Scene], Iterable[Danger]], ...]] = (
    application.mass_deletion,
    application.empty_render,
    networking.without_endpoints,
    networking.hosts_claimed_twice,
    scaling.budgets_that_block,
)


def judged(scene: Scene) -> ApplicationReport:
    """Return the application's report with every danger there is, the most severe first."""
    found = {subject.key: dangers_of(subject) for subject in scene.subjects}
    own = ranked(danger for rule in OF_APPLICATIONS for danger in rule(scene))
    everything = [*own, *(danger for dangers in found.values() for danger in dangers)]
    resources = (replace(one, dangers=found.get(one.key, one.dangers)) for one in scene.report.resources)
    return replace(
        scene.report,
        resources=tuple(resources),
        dangers=own,
        images=images.changed_images(scene),
        routine=is_routine(scene, everything),
    )


def of_deletion(report: ResourceReport, live: JsonObject) -> tuple[Danger, ...]:
    """Return what is dangerous about the deletion of an object of which only the live one is known."""
    states = ResourceStates(report.key, live, base=None, head=None)
    alone = ApplicationReport("", "", "", report.key.namespace, (report,))
    return dangers_of(Subject(states, report, Scene(alone, {report.key: states})))


def dangers_of(subject: Subject) -> tuple[Danger, ...]:
    """Return what is dangerous about one object, the most severe first."""
    rules = (*EVERY_KIND, *BY_KIND.get(subject.kind, ()))
    return ranked(danger for rule in rules for danger in rule(subject))

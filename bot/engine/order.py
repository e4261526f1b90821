"""The order of a sync: phases, waves, kinds, names, as in Argo CD.

Source: https://github.com/argoproj/argo-cd/blob/master/gitops-engine/pkg/sync/sync_tasks.go
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bot.engine.hooks import hooks_of, is_hook, is_skipped
from bot.model.resources import JsonObject, ResourceKey, annotations_of, group_of, options_of

SYNC_WAVE: Final = "argocd.argoproj.io/sync-wave"
HELM_HOOK_WEIGHT: Final = "helm.sh/hook-weight"
SYNC_OPTIONS: Final = "argocd.argoproj.io/sync-options"
PRUNE_LAST: Final = "PruneLast=true"


class SyncPhase(StrEnum):
    """Argo CD's phases of a sync, in their order; the last only runs when the sync failed."""

    PRE_SYNC = "PreSync"
    SYNC = "Sync"
    POST_SYNC = "PostSync"
    SYNC_FAIL = "SyncFail"


KIND_ORDER: Final = (
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
)
"""Kinds of any group in the order they are applied within a wave; every other kind comes after all of them."""

_RANK: Final[Mapping[str, int]] = MappingProxyType({kind: rank for rank, kind in enumerate(KIND_ORDER)})
_PHASES: Final = tuple(SyncPhase)
_INTEGER: Final = re.compile(r"([+-]?)0*([0-9]{1,19})", re.ASCII)
_INT64: Final = range(-(2**63), 2**63)


@dataclass(frozen=True, slots=True)
class Task:
    """One object's turn in a sync."""

    phase: SyncPhase
    wave: int
    key: ResourceKey
    obj: JsonObject = field(hash=False, repr=False)
    """The manifest to apply, or the live object to prune."""
    prune: bool = False


def wave_of(obj: JsonObject) -> int:
    """Return the wave of `obj`: its own annotation, else its Helm hook weight, else 0.

    What is not an integer counts as absent, as in Argo CD: refusing it would stop syncs that run today.
    """
    annotations = annotations_of(obj)
    waves = (_integer(annotations.get(name)) for name in (SYNC_WAVE, HELM_HOOK_WEIGHT))
    return next((wave for wave in waves if wave is not None), 0)


def phases_of(obj: JsonObject) -> tuple[SyncPhase, ...]:
    """Return the phases in which `obj` is applied, in their order: Sync for a managed object, none for one skipped."""
    if is_skipped(obj):
        return ()
    if not is_hook(obj):
        return (SyncPhase.SYNC,)
    types = {str(kind) for kind in hooks_of(obj)}
    return tuple(phase for phase in SyncPhase if phase in types)


def prune_waves(waves: Iterable[int]) -> dict[int, int]:
    """Mirror the distinct `waves` of the objects to prune: what was created last goes first."""
    distinct = sorted(set(waves))
    return dict(zip(distinct, reversed(distinct), strict=True))


def order(targets: Iterable[JsonObject], *, pruned: Iterable[JsonObject] = (), prune_last: bool = False) -> list[Task]:
    """Return the turns of a sync that applies `targets` and prunes the live objects `pruned`.

    Objects are expected with the namespace they will have. A hook of several types has a turn in each of its phases, a
    skipped object none. `prune_last` is the application's sync option; an object may carry its own.
    Raises Rejected for an object without kind or name.
    """
    applied = [Task(phase, wave_of(obj), ResourceKey.of(obj), obj) for obj in targets for phase in phases_of(obj)]
    tasks = sorted([*applied, *_prunes(pruned, applied, all_last=prune_last)], key=_sort_key)
    tasks = _lift(tasks, provided=_namespace_provided, needed=_namespace_needed)
    return _lift(tasks, provided=_kind_provided, needed=_kind_needed)


def _prunes(pruned: Iterable[JsonObject], applied: list[Task], *, all_last: bool) -> list[Task]:
    live = [(obj, wave_of(obj)) for obj in pruned if not is_hook(obj) and not is_skipped(obj)]
    mirrored = prune_waves(wave for _, wave in live)
    tasks = [Task(SyncPhase.SYNC, mirrored[wave], ResourceKey.of(obj), obj, prune=True) for obj, wave in live]
    last = max([0, *(task.wave for task in (*applied, *tasks) if task.phase is SyncPhase.SYNC)]) + 1
    return [
        replace(task, wave=last) if all_last or PRUNE_LAST in options_of(task.obj, SYNC_OPTIONS) else task
        for task in tasks
    ]


def _sort_key(task: Task) -> tuple[int, int, int, str, str, str, str]:
    key = task.key
    rank = _RANK.get(key.kind, len(KIND_ORDER))
    # Argo CD ends with the name; the rest makes the order the same for every input order.
    return _PHASES.index(task.phase), task.wave, rank, key.name, key.namespace, key.kind, key.group


def _lift(tasks: list[Task], *, provided: Callable[[Task], str], needed: Callable[[Task], str]) -> list[Task]:
    """Move what an earlier task needs (its namespace, its kind) directly before the first such task, into its wave."""
    lifted: list[Task] = []
    needs: list[str] = []  # of the tasks in `lifted`; what is pruned or itself provides something waits for nothing
    for task in tasks:
        thing = "" if task.prune else provided(task)
        if thing and thing in needs:
            at = needs.index(thing)
            lifted.insert(at, replace(task, phase=lifted[at].phase, wave=lifted[at].wave))
            needs.insert(at, "")
        else:
            lifted.append(task)
            needs.append("" if thing or task.prune else needed(task))
    return lifted


def _namespace_provided(task: Task) -> str:
    return task.key.name if (task.key.group, task.key.kind) == ("", "Namespace") else ""


def _namespace_needed(task: Task) -> str:
    return task.key.namespace


def defines(obj: JsonObject) -> str | None:
    """Return `group/kind` of what a CustomResourceDefinition defines; None for everything else."""
    if (group_of(str(obj.get("apiVersion"))), obj.get("kind")) != ("apiextensions.k8s.io", "CustomResourceDefinition"):
        return None
    spec = obj.get("spec")
    names = spec.get("names") if isinstance(spec, dict) else None
    return f"{spec.get('group')}/{names.get('kind')}" if isinstance(spec, dict) and isinstance(names, dict) else None


def _kind_provided(task: Task) -> str:
    return defines(task.obj) or ""


def _kind_needed(task: Task) -> str:
    return f"{task.key.group}/{task.key.kind}"


def _integer(text: object) -> int | None:
    found = _INTEGER.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    value = int(found[1] + found[2])
    return value if value in _INT64 else None

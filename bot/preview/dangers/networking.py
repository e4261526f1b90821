"""Who reaches whom: Services without pods, selectors, lifted NetworkPolicies, hosts claimed twice."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from bot.model.dangers import Danger, Severity
from bot.model.reports import Action
from bot.model.resources import ResourceKey
from bot.preview.dangers import sorts
from bot.preview.dangers.fields import labels, mapping, mappings, namespace_of, text, texts
from bot.preview.dangers.scene import is_custom
from bot.preview.dangers.selectors import contains, selects, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.model.resources import JsonObject
    from bot.preview.dangers.scene import Scene, Subject, World
    from bot.preview.dangers.workloads import Workload

_NAMED: Final = 3
_INGRESS: Final = ("networking.k8s.io", "Ingress")


def selector_changed(subject: Subject) -> Iterator[Danger]:
    """Tell of an object in place that means other pods than before."""
    before, after = subject.before, subject.after
    if before is None or after is None or subject.comes_back:
        return
    old, new = (_selector(obj) for obj in (before, after))
    if old and new and old != new:
        yield sorts.SELECTOR_CHANGED.danger(f"selects other pods: {_shown(new)} instead of {_shown(old)}")


def policy_removed(subject: Subject) -> Iterator[Danger]:
    """Tell what a NetworkPolicy that goes away leaves open, as far as the application's own pods show."""
    live = subject.live
    if live is None or subject.report.action is not Action.PRUNE:
        return
    selected = [each for each in subject.scene.after.running(subject.key.namespace) if _applies(live, each)]
    others = [
        policy for _, policy in subject.scene.after.of(*subject.kind) if namespace_of(policy) == subject.key.namespace
    ]
    open_to = [
        f"{direction} {'to' if direction == 'ingress' else 'of'} {_names(left)}"
        for direction in _directions(live)
        if (left := [each for each in selected if not _restricted(each, others, direction)])
    ]
    if open_to:
        yield sorts.POLICY_REMOVED.danger(f"no longer restricts {' and '.join(open_to)}, and nothing else here does")
    elif selected:
        words = "is gone; what it allowed is no longer allowed, since other policies restrict the same pods"
        yield sorts.POLICY_REMOVED.danger(words)
    else:
        pods = _shown(mapping(live, "spec", "podSelector")) or "all pods of its namespace"
        yield sorts.POLICY_REMOVED.danger(f"no longer restricts {pods}, which may be open now")


def unserved(scene: Scene) -> Iterator[tuple[ResourceKey, dict[str, str], bool]]:
    """Yield the Services for which the application runs no pod any more, their labels, and whether it did before.

    A Service that is new, or that selects something new, counts unless some custom resource may make its pods.
    """
    if not scene.pods_change:
        return
    custom = any(map(is_custom, scene.states))
    for key, service in scene.after.of("", "Service"):
        selector = _service_selector(service)
        if not selector or scene.after.serves(key.namespace, selector):
            continue
        earlier = scene.before.get(key)
        selected = _service_selector(earlier) if earlier is not None else {}
        had = bool(selected) and scene.before.serves(key.namespace, selected)
        if had or (selected != selector and not custom):
            yield key, selector, had


def without_endpoints(scene: Scene) -> Iterator[Danger]:
    """Tell of Services that send traffic nowhere after the merge and did not, or were not there, before."""
    for key, selector, had in unserved(scene):
        pods = scene.knowledge.pods.get(key)
        if any(_stays(scene, key.namespace, given) for given in pods or ()) or _arrives(scene, key, selector):
            continue
        unknown = "" if pods is not None else ", as far as is known: its pods in the cluster could not be read"
        if had:
            words = f"has no endpoints any more: nothing runs pods with {written(selector)}{unknown}"
            yield sorts.NO_ENDPOINTS.danger(words, subject=str(key))
        else:
            words = f"has no endpoints: nothing runs pods with {written(selector)}{unknown}"
            yield sorts.NO_ENDPOINTS.danger(words, severity=Severity.WARNING, subject=str(key))


def hosts_claimed_twice(scene: Scene) -> Iterator[Danger]:
    """Tell of hosts and paths that several Ingresses of the application claim since this change."""
    if not scene.touches(*_INGRESS):
        return
    before = _claims(scene.before)
    for (_, host, path), claiming in _claims(scene.after).items():
        if len(claiming) > 1 and len(before.get((_, host, path), ())) <= 1:
            first, *others = claiming
            words = f"claims {host or 'every host'}{path}, as {', '.join(map(str, others))} does"
            yield sorts.HOST_TWICE.danger(words, subject=str(first))


def _selector(obj: JsonObject) -> JsonObject:
    """Return what an object selects pods by: labels of a Service, or a LabelSelector."""
    spec = mapping(obj, "spec")
    if obj.get("kind") == "Service":
        return {"matchLabels": labels(spec.get("selector"))} if spec.get("selector") else {}
    return mapping(spec, "podSelector") or mapping(spec, "selector")


def _shown(selector: JsonObject) -> str:
    expressions = mappings(selector.get("matchExpressions"))
    said = [written(labels(selector.get("matchLabels")))] if selector.get("matchLabels") else []
    said += [
        " ".join([text(each.get("key")), text(each.get("operator")), *texts(each.get("values"))[:_NAMED]])
        for each in expressions[:_NAMED]
    ]
    return " and ".join(said)


def _service_selector(service: JsonObject) -> dict[str, str]:
    """Return the labels a Service selects; nothing for one whose endpoints are made by hand or elsewhere."""
    spec = mapping(service, "spec")
    return {} if spec.get("type") == "ExternalName" else labels(spec.get("selector"))


def _stays(scene: Scene, namespace: str, given: object) -> bool:
    """Tell whether a live pod is of nobody in this application, and so stays whatever the change does."""
    ours = [*scene.before.running(namespace), *scene.after.running(namespace)]
    return not any(each.labels and contains(labels(given), each.labels) for each in ours)


def _arrives(scene: Scene, key: ResourceKey, selector: dict[str, str]) -> bool:
    return any(place == key.namespace and contains(given, selector) for place, given in scene.knowledge.arriving)


def _applies(policy: JsonObject, workload: Workload) -> bool:
    return selects(mapping(policy, "spec", "podSelector"), workload.labels)


def _restricted(workload: Workload, policies: list[JsonObject], direction: str) -> bool:
    return any(direction in _directions(policy) and _applies(policy, workload) for policy in policies)


def _directions(policy: JsonObject) -> list[str]:
    """Return what a policy restricts; a server that defaults has written it down, a manifest may not have."""
    spec = mapping(policy, "spec")
    said = texts(spec.get("policyTypes")) or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    return [direction.lower() for direction in said if direction in {"Ingress", "Egress"}]


def _names(workloads: list[Workload]) -> str:
    shown = ", ".join(str(each.key) for each in workloads[:_NAMED])
    return shown if len(workloads) <= _NAMED else f"{shown} and {len(workloads) - _NAMED} more"


def _claims(world: World) -> dict[tuple[str, str, str], list[ResourceKey]]:
    found: dict[tuple[str, str, str], list[ResourceKey]] = defaultdict(list)
    for key, ingress in world.of(*_INGRESS):
        spec = mapping(ingress, "spec")
        for rule in mappings(spec.get("rules")):
            for path in mappings(mapping(rule, "http").get("paths")):
                place = text(spec.get("ingressClassName")), text(rule.get("host")), text(path.get("path")) or "/"
                if key not in found[place]:
                    found[place].append(key)
    return found

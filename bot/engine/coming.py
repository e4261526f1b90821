"""What a change itself brings along, and what that makes uncertain about the API server's answers.

A dry run is answered by the cluster as it is now. What a sync applies before an object (its namespace, its definition,
the class its pod asks for) is not there yet when the object is tried, and rules that the same sync changes (quotas,
admission policies) are not in force yet.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from bot.engine.loosening import lets_through
from bot.engine.order import defines, order
from bot.engine.structural import schema_of, unknown_fields, with_defaults
from bot.model.resources import JsonObject, ResourceKey, annotations_of, group_of, metadata_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.model.predictions import Refusal

_NAMESPACE: Final = re.compile(r'namespaces? "(?P<name>[^"]+)" not found')
_LACKS: Final = {
    "PriorityClass": re.compile(r"no PriorityClass with name (?P<name>\S+) was found"),
    "RuntimeClass": re.compile(r'RuntimeClass "(?P<name>[^"]+)" not found'),
    "ServiceAccount": re.compile(r'serviceaccount "(?P<name>[^"]+)" not found'),
}
"""What the API server says when an object needs another that is not there, by the kind of the other."""
_UNBOUND: Final = re.compile(r'rolebindings\.rbac\.authorization\.k8s\.io "(?P<name>[^"]+)" not found')
"""What it says of a binding whose role is not there, by the role's name, where it looks the role up: whoever may not
bind any role has to have all of its rights."""

_RULES_OF_A_NAMESPACE: Final = frozenset({("", "ResourceQuota"), ("", "LimitRange")})
_RULES_OF_ALL: Final = frozenset(
    {
        ("admissionregistration.k8s.io", kind)
        for kind in (
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
            "MutatingWebhookConfiguration",
        )
    }
)
_NAMESPACES: Final = ("", "Namespace")
_STORAGE: Final = ("storage.k8s.io", "StorageClass")
_CLAIMS: Final = ("", "PersistentVolumeClaim")
_IS_DEFAULT: Final = "storageclass.kubernetes.io/is-default-class"
_SECURITY: Final = "pod-security.kubernetes.io/"
_REFUSED: Final = {"Namespace": "violates PodSecurity", "StorageClass": "must support resize"}
_LIMITS: Final = re.compile(r" (usage|limit to request ratio) per (Container|Pod|PersistentVolumeClaim)\b")
"""What a LimitRange forbids is told without its name: kubernetes `plugin/pkg/admission/limitranger`."""
_UNDER_QUOTA: Final = frozenset({("", "Pod"), ("", "PersistentVolumeClaim")})
"""Kinds that a LimitRange or a quota of what pods request is about, whatever the quota counts besides."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An object that the change brings or alters."""

    key: ResourceKey
    obj: JsonObject
    application: str
    turn: int
    """Its place in the order of its application's sync."""
    today: JsonObject | None = None
    """What the cluster has of it now."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What stands in for an answer of the API server."""

    obj: JsonObject
    why: str


@dataclass(frozen=True, slots=True)
class Coming:
    """Everything that the applications of a change bring to one cluster."""

    providers: dict[tuple[str, str, str, str], Provider] = field(default_factory=dict)
    """By group, kind, namespace and name; definitions also by the kind they define."""
    rules: tuple[Provider, ...] = ()
    """Rules about other objects that the change adds or alters."""
    turns: dict[tuple[str, ResourceKey], int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        wanted: Mapping[str, Iterable[JsonObject]],
        altered: frozenset[tuple[str, ResourceKey]],
        live: Mapping[ResourceKey, JsonObject],
    ) -> Coming:
        """Look at what each application wants with the change, and which of that the change adds or alters."""
        providers: dict[tuple[str, str, str, str], Provider] = {}
        rules: list[Provider] = []
        turns: dict[tuple[str, ResourceKey], int] = {}
        for application, objects in wanted.items():
            for turn, task in enumerate(order(objects)):
                key = task.key
                provider = Provider(key, task.obj, application, turn, live.get(key))
                turns[application, key] = turn
                providers[key.group, key.kind, key.namespace, key.name] = provider
                if kind := defines(task.obj):
                    providers[_definition(*kind.split("/", 1))] = provider
                if (application, key) in altered and is_rule(task.obj):
                    rules.append(provider)
        return cls(providers, tuple(rules), turns)

    def instead_of(self, refusal: Refusal, manifest: JsonObject, application: str) -> Estimate | None:
        """Return what an object becomes once what it lacks is there; None when the refusal stands."""
        key = ResourceKey.of(manifest)
        if refusal.reason == "UnknownKind":
            return self._by_definition(key, manifest, application)
        lacks = self._lacking(refusal, key, manifest)
        if lacks is None:
            return None
        why = self._on_time(lacks, key, application)
        return Estimate(manifest, f"{why}; shown as it is in Git") if why else None

    def doubt(self, manifest: JsonObject, application: str, *, is_new: bool) -> str:
        """Return why the API server may answer otherwise once the change is carried out; empty when nothing says so."""
        key = ResourceKey.of(manifest)
        rules = (one for one in self.rules if one.key != key and _is_about(one, key, is_new=is_new))
        rule = next((one for one in rules if _concerns(one, manifest, is_new=is_new)), None)
        if rule is None:
            return ""
        return self._changes(rule, application)

    def overtaken(self, refusal: Refusal, manifest: JsonObject, application: str) -> Estimate | None:
        """Return what an object becomes when what refuses it is loosened before; None when it is not, or may not be."""
        rule = next((one for one, passes in self._judged(refusal, manifest, application) if passes), None)
        if rule is None:
            return None
        schema = schema_of(rule.obj, str(manifest.get("apiVersion"))) if defines(rule.obj) else None
        obj = manifest if schema is None else with_defaults(manifest, schema)
        return Estimate(obj, f"refused today ({refusal.message}), but {self._changes(rule, application)}")

    def questioned(self, refusal: Refusal, manifest: JsonObject, application: str) -> str:
        """Return why a refusal may not stand once the change is carried out, though nothing proves that it will not."""
        judged = self._judged(refusal, manifest, application)
        return next((self._changes(rule, application) for rule, passes in judged if passes is None), "")

    def _judged(
        self, refusal: Refusal, manifest: JsonObject, application: str
    ) -> Iterator[tuple[Provider, bool | None]]:
        """Yield the rules that the refusal is about and that change before, and whether they let the object through."""
        key = ResourceKey.of(manifest)
        for rule in self.rules:
            if rule.today is None or rule.key == key or not _refuses(rule, rule.today, key, refusal):
                continue
            if self._on_time(rule, key, application):
                yield rule, lets_through(rule.key.kind, refusal.message, rule.today, rule.obj, manifest)

    def _changes(self, rule: Provider, application: str) -> str:
        others = "" if rule.application == application else f" of application {rule.application}"
        return f"{rule.key}{others} changes with the same merge, and then the API server may answer otherwise"

    def _by_definition(self, key: ResourceKey, manifest: JsonObject, application: str) -> Estimate | None:
        definition = self.providers.get(_definition(key.group, key.kind))
        why = "" if definition is None else self._on_time(definition, key, application)
        if definition is None or not why:
            return None
        schema = schema_of(definition.obj, str(manifest.get("apiVersion")))
        if schema is None:
            return None  # the definition does not serve this version, so nobody will
        unknown = unknown_fields(manifest, schema)
        doubt = f"; its definition has no {', '.join(unknown[:3])}" if unknown else ""
        return Estimate(with_defaults(manifest, schema), f"{why}; filled in by the schema of its definition{doubt}")

    def _lacking(self, refusal: Refusal, key: ResourceKey, manifest: JsonObject) -> Provider | None:
        missing = _NAMESPACE.search(refusal.message)
        if missing and missing["name"] == key.namespace:
            return self.providers.get(("", "Namespace", "", missing["name"]))
        role = manifest.get("roleRef")
        needed = {**_LACKS, str(role.get("kind")): _UNBOUND} if isinstance(role, dict) else _LACKS
        for kind, pattern in needed.items():
            found = pattern.search(refusal.message)
            if found:
                return next((one for one in self.providers.values() if _is_named(one, kind, found["name"], key)), None)
        return None

    def _on_time(self, provider: Provider, key: ResourceKey, application: str) -> str:
        """Say when what an object needs will be there; empty when it comes too late."""
        if provider.application != application:
            return f"its {provider.key} comes with application {provider.application}, which is synced on its own"
        turn = self.turns.get((application, key))
        if turn is not None and turn < provider.turn:
            return ""
        return f"its {provider.key} does not exist yet"


def is_rule(obj: JsonObject) -> bool:
    """Whether an object may decide about what others may be: a quota, an admission policy, a definition, a class."""
    kind = group_of(str(obj.get("apiVersion"))), str(obj.get("kind"))
    by_kind = kind in _RULES_OF_A_NAMESPACE or kind in _RULES_OF_ALL or kind in {_NAMESPACES, _STORAGE}
    return by_kind or defines(obj) is not None


def decides(obj: JsonObject | None) -> JsonObject | None:
    """Return what an object says about others, whatever it is called and labelled; None when it says nothing."""
    if obj is None or not is_rule(obj):
        return None
    if obj.get("kind") == "Namespace":
        labels = metadata_of(obj).get("labels")
        secured = {name: value for name, value in labels.items() if str(name).startswith(_SECURITY)} if labels else {}
        return secured or None
    if obj.get("kind") == "StorageClass":
        return {name: True for name, is_so in zip(("default", "expands"), _storage(obj), strict=True) if is_so} or None
    return {name: value for name, value in obj.items() if name != "metadata"}


def _definition(group: str, kind: str) -> tuple[str, str, str, str]:
    return "definition", kind, "", group


def _is_named(provider: Provider, kind: str, name: str, needed_by: ResourceKey) -> bool:
    key = provider.key
    return (key.kind, key.name) == (kind, name) and key.namespace in {"", needed_by.namespace}


def _is_about(rule: Provider, key: ResourceKey, *, is_new: bool) -> bool:
    if (rule.key.group, rule.key.kind) in _RULES_OF_ALL:
        return _may_match(rule.obj, key)
    if kind := defines(rule.obj):
        return kind == f"{key.group}/{key.kind}"
    if (rule.key.group, rule.key.kind) == _STORAGE:
        return (key.group, key.kind) == _CLAIMS
    if (rule.key.group, rule.key.kind) == _NAMESPACES:
        return (key.group, key.kind, key.namespace) == ("", "Pod", rule.key.name)
    return rule.key.namespace == key.namespace and (is_new or (key.group, key.kind) in _UNDER_QUOTA)


def _concerns(rule: Provider, manifest: JsonObject, *, is_new: bool) -> bool:
    """Whether a rule about an object's kind is about the object: of a class only what it decides of this claim."""
    if (rule.key.group, rule.key.kind) != _STORAGE:
        return True
    spec = manifest.get("spec")
    name = spec.get("storageClassName") if isinstance(spec, dict) else None
    before, after = ((False, False) if one is None else _storage(one) for one in (rule.today, rule.obj))
    if is_new:  # a claim without a class is given the default one when it is created
        return name is None and before[0] is not after[0]
    return name in {None, rule.key.name} and before[1] is not after[1]


def _storage(obj: JsonObject) -> tuple[bool, bool]:
    """Return whether a StorageClass is the default one, and whether its volumes may grow."""
    return annotations_of(obj).get(_IS_DEFAULT) == "true", obj.get("allowVolumeExpansion") is True


def _refuses(rule: Provider, today: JsonObject, key: ResourceKey, refusal: Refusal) -> bool:
    """Whether it is this rule, as it is now, that the words of a refusal are about."""
    if refusal.immutable_fields or not _is_about(replace(rule, obj=today), key, is_new=True):
        return False
    if defines(rule.obj):
        return refusal.reason in {"Invalid", "BadRequest"}
    match rule.key.kind:
        case "ResourceQuota":
            return f"exceeded quota: {rule.key.name}," in refusal.message
        case "LimitRange":
            return _LIMITS.search(refusal.message) is not None
        case "Namespace" | "StorageClass" as kind:
            return _REFUSED[kind] in refusal.message
    names = [rule.key.name, *(str(one.get("name")) for one in today.get("webhooks") or [] if isinstance(one, dict))]
    return any(f"'{name}'" in refusal.message or f'"{name}"' in refusal.message for name in names)


def _may_match(rule: JsonObject, key: ResourceKey) -> bool:
    """Whether an admission rule can be about a kind; a binding does not say, and can."""
    spec = rule.get("spec")
    constraints = spec.get("matchConstraints") if isinstance(spec, dict) else None
    holders = [constraints, *(rule.get("webhooks") or [])]
    listed = [holder.get("resourceRules") or holder.get("rules") for holder in holders if isinstance(holder, dict)]
    rules = [one for entries in listed if isinstance(entries, list) for one in entries if isinstance(one, dict)]
    return not rules or any(_covers(one, key) for one in rules)


def _covers(rule: JsonObject, key: ResourceKey) -> bool:
    groups, resources = (rule.get(name) or [] for name in ("apiGroups", "resources"))
    # A rule names the plural, which begins like the kind: `Ingress`, `ingresses`; `Policy`, `policies`.
    stem = key.kind.lower().removesuffix("y")
    named = any(str(resource).startswith(("*", stem)) for resource in resources)
    return named and any(group in {"*", key.group} for group in groups)

"""Hooks: objects that run at a moment of a sync instead of being managed, as Argo CD and Helm declare them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bot.model.resources import JsonObject, annotations_of, metadata_of

HOOK: Final = "argocd.argoproj.io/hook"
HOOK_DELETE_POLICY: Final = "argocd.argoproj.io/hook-delete-policy"
HELM_HOOK: Final = "helm.sh/hook"
HELM_HOOK_DELETE_POLICY: Final = "helm.sh/hook-delete-policy"
OPERATION_ANNOTATION: Final = "foresail.dev/operation"
"""On every hook we create: which operation, or deletion, made it, so that a resumed one recognises its own."""
HOOK_FINALIZER: Final = "argocd.argoproj.io/hook-finalizer"
"""Keeps a hook that someone deletes visible until its result is recorded."""


_SHOWN: Final = 60
"""Characters of an annotation's value that are shown."""


class HookType(StrEnum):
    """Argo CD's moments for a hook to run, in the order of a sync; then those outside of one."""

    PRE_SYNC = "PreSync"
    SYNC = "Sync"
    POST_SYNC = "PostSync"
    SYNC_FAIL = "SyncFail"
    PRE_DELETE = "PreDelete"
    POST_DELETE = "PostDelete"
    SKIP = "Skip"
    """Never applied."""


class HookDeletePolicy(StrEnum):
    """Argo CD's moments for a hook to be deleted."""

    BEFORE_HOOK_CREATION = "BeforeHookCreation"
    HOOK_SUCCEEDED = "HookSucceeded"
    HOOK_FAILED = "HookFailed"


HELM_HOOK_TYPES: Final[Mapping[str, HookType]] = MappingProxyType(
    {
        "pre-install": HookType.PRE_SYNC,
        "pre-upgrade": HookType.PRE_SYNC,
        "post-install": HookType.POST_SYNC,
        "post-upgrade": HookType.POST_SYNC,
        "pre-delete": HookType.PRE_DELETE,
        "post-delete": HookType.POST_DELETE,
    }
)
"""Helm's hooks that a sync or a deletion knows; its tests and rollbacks never run.

Source: https://argo-cd.readthedocs.io/en/stable/user-guide/helm/#helm-hooks
"""

_OUTSIDE_OF_SYNCS: Final = frozenset({"test", "test-success", "test-failure", "pre-rollback", "post-rollback"})
"""Helm's hooks at moments that no sync has."""

HELM_DELETE_POLICIES: Final[Mapping[str, HookDeletePolicy]] = MappingProxyType(
    {
        "before-hook-creation": HookDeletePolicy.BEFORE_HOOK_CREATION,
        "hook-succeeded": HookDeletePolicy.HOOK_SUCCEEDED,
        "hook-failed": HookDeletePolicy.HOOK_FAILED,
    }
)


def hooks_of(obj: JsonObject) -> frozenset[HookType]:
    """Return when `obj` runs as a hook; empty for a managed object, and for a hook that never runs.

    Argo CD's own types make the Helm ones void. Words that no one knows are passed over, as Argo CD does.
    Source: argo-cd `gitops-engine/pkg/sync/hook/hook.go`, Types.
    """
    if annotations_of(obj).keys().isdisjoint({HOOK, HELM_HOOK}):
        return frozenset()
    known = {str(kind): kind for kind in HookType}
    if own := frozenset(known[word] for word in _words(obj, HOOK) if word in known):
        return own
    return frozenset(HELM_HOOK_TYPES[word] for word in _words(obj, HELM_HOOK) if word in HELM_HOOK_TYPES)


def is_skipped(obj: JsonObject) -> bool:
    """Tell whether `obj` is neither applied nor counted: its only hook is Skip."""
    return hooks_of(obj) == {HookType.SKIP}


def is_hook(obj: JsonObject) -> bool:
    """Tell whether `obj` is declared a hook, of whatever type; such an object is never a managed one.

    Helm 2's `crd-install` marks a definition to apply like any other object.
    """
    if HOOK in annotations_of(obj):
        return not is_skipped(obj)
    return HELM_HOOK in annotations_of(obj) and _words(obj, HELM_HOOK) != ("crd-install",)


def is_outside_of_syncs(obj: JsonObject) -> bool:
    """Tell whether `obj` is a hook of Helm's tests or rollbacks alone: charts have them, and no sync runs them."""
    if HOOK in annotations_of(obj) or HELM_HOOK not in annotations_of(obj):
        return False
    words = frozenset(_words(obj, HELM_HOOK))
    return bool(words) and words <= _OUTSIDE_OF_SYNCS


def hook_words(obj: JsonObject) -> str:
    """Return the types of a hook for a person, `unknown` when it has none that exists; nothing for what is no hook."""
    return ", ".join(sorted(hooks_of(obj))) or ("unknown" if is_hook(obj) else "")


def unknown_hook(obj: JsonObject) -> str:
    """Return why an object declared a hook never runs, nothing for any other: no word of it is a type that exists.

    Argo CD neither applies nor counts such an object, and says nothing; it usually is a misspelt `PreSync`.
    """
    if not is_hook(obj) or hooks_of(obj):
        return ""
    annotation = HOOK if HOOK in annotations_of(obj) else HELM_HOOK
    value = str(annotations_of(obj)[annotation])
    return f"is never applied: its annotation {annotation} has no type of hook that a sync knows: {value[:_SHOWN]!r}"


def delete_policies_of(obj: JsonObject) -> frozenset[HookDeletePolicy]:
    """Return when the hook `obj` is deleted; just before its next run when it does not say."""
    known = {str(policy): policy for policy in HookDeletePolicy}
    own = {known[word] for word in _words(obj, HOOK_DELETE_POLICY) if word in known}
    helms = {HELM_DELETE_POLICIES[w] for w in _words(obj, HELM_HOOK_DELETE_POLICY) if w in HELM_DELETE_POLICIES}
    return frozenset(own | helms) or frozenset({HookDeletePolicy.BEFORE_HOOK_CREATION})


def has_hook_finalizer(obj: JsonObject) -> bool:
    """Tell whether `obj` is a hook whose end is still to be recorded."""
    finalizers = metadata_of(obj).get("finalizers")
    return isinstance(finalizers, list) and HOOK_FINALIZER in finalizers


def _words(obj: JsonObject, annotation: str) -> tuple[str, ...]:
    value = annotations_of(obj).get(annotation)
    return tuple(word.strip() for word in value.split(",") if word.strip()) if isinstance(value, str) else ()

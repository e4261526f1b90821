"""Which kinds are left alone, and what becomes of an application that declares one."""

from __future__ import annotations

import pytest

from bot.engine.exclusions import NOTHING, Exclusions
from bot.engine.projects import Fence
from bot.engine.targets import Targets
from bot.errors import Rejected
from bot.model.resources import ResourceKey

PROD = ("prod", "https://prod.example.com")


def exclusions(excluded: str = "", included: str = "") -> Exclusions:
    return Exclusions.parse({"resource.exclusions": excluded, "resource.inclusions": included})


@pytest.mark.parametrize(
    ("entry", "left_alone"),
    [
        ("{apiGroups: [apps], kinds: [Deployment]}", True),
        ("{apiGroups: ['ap*'], kinds: ['*'], clusters: ['https://prod.*']}", True),
        ("{kinds: [Deployment]}", True),
        ("{apiGroups: [apps]}", True),
        ("{}", True),
        ("{kinds: ['Deploy*']}", False),
        ("{apiGroups: [''], kinds: [Deployment]}", False),
        ("{kinds: [Deployment], clusters: ['https://test.*']}", False),
    ],
)
def test_an_entry_excludes_by_group_kind_and_cluster(entry: str, left_alone: bool) -> None:  # noqa: FBT001 - a case
    assert exclusions(f"- {entry}").excludes("apps", "Deployment", PROD) is left_alone


def test_where_anything_is_included_nothing_else_counts() -> None:
    only = exclusions("- {kinds: [Secret]}", "- {apiGroups: [''], clusters: ['https://prod.*']}")
    assert not only.excludes("", "ConfigMap", PROD)
    assert only.excludes("apps", "Deployment", PROD)
    assert not only.excludes("apps", "Deployment", ("test",))
    assert only.excludes("", "Secret", PROD)


def test_nothing_is_excluded_unless_somebody_says_so() -> None:
    assert exclusions() == NOTHING
    assert not NOTHING.excludes("coordination.k8s.io", "Lease", PROD)


def test_what_is_declared_is_left_out_and_noted() -> None:
    lease = ResourceKey("coordination.k8s.io", "Lease", "shop", "one")
    config = ResourceKey("", "ConfigMap", "shop", "one")
    targets = Targets({lease: {}, config: {}}, ("odd",))
    words = "Resource coordination.k8s.io/Lease one is excluded in the settings"
    found = exclusions("- {kinds: [Lease]}").applied(targets, PROD)
    assert (list(found.objects), found.excluded, found.warnings) == ([config], (words,), ("odd", words))
    assert NOTHING.applied(targets, PROD) is targets


def test_a_fence_keeps_hands_off_it() -> None:
    """Or it would be pruned for having left Git."""
    fence = Fence(None, PROD, exclusions=exclusions("- {kinds: [Lease]}"))
    assert not fence.permits(ResourceKey("coordination.k8s.io", "Lease", "shop", "one"))
    assert fence.permits(ResourceKey("", "ConfigMap", "shop", "one"))


@pytest.mark.parametrize("text", ["a: b", "- a", "- {kinds: Secret}", "- {kinds: [1]}", "{", "3", "- [a]"])
def test_what_is_no_list_of_kinds_is_refused_by_its_key(text: str) -> None:
    for given in ({"resource.exclusions": text}, {"resource.inclusions": text}):
        with pytest.raises(Rejected, match=f"^{next(iter(given))}: must be a list"):
            Exclusions.parse(given)

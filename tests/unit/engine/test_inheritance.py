"""What a project has of global ones."""

from __future__ import annotations

from typing import Any

import pytest

from bot.engine.inheritance import GlobalProject, global_projects, inherited
from bot.errors import Rejected
from bot.model.projects import AppProject

PROD: dict[str, Any] = {"matchExpressions": [{"key": "opt", "operator": "In", "values": ["prod"]}]}
WINDOW = {"kind": "deny", "schedule": "0 0 * * *", "duration": "1h"}


def project(name: str = "shop", labels: dict[str, str] | None = None, **spec: Any) -> AppProject:
    return AppProject.parse({"metadata": {"name": name, "labels": labels or {"opt": "prod"}}, "spec": spec})


def merged(ours: AppProject, *others: AppProject, selector: dict[str, Any] | None = None) -> AppProject:
    known = {one.name: one for one in others}
    among = [GlobalProject(name, PROD if selector is None else selector) for name in known]
    return inherited(ours, among, known.get)


def test_everything_that_is_inherited_is_added_to_ones_own() -> None:
    secret, config = {"group": "", "kind": "Secret"}, {"group": "", "kind": "ConfigMap"}
    above = project(
        "all",
        sourceRepos=["https://b"],
        destinations=[{"server": "b", "namespace": "*"}],
        clusterResourceWhitelist=[secret],
        clusterResourceBlacklist=[secret],
        namespaceResourceBlacklist=[secret],
        syncWindows=[WINDOW],
        signatureKeys=[{"keyID": "A" * 16}],
    )
    own: dict[str, Any] = {
        "sourceRepos": ["https://a"],
        "clusterResourceWhitelist": [config],
        "namespaceResourceBlacklist": [config],
    }
    spec = merged(project(**own), above).spec
    assert (spec.source_repos, len(spec.destinations), len(spec.sync_windows)) == (("https://a", "https://b"), 1, 1)
    assert (spec.cluster_resource_whitelist, spec.cluster_resource_blacklist) == ([config, secret], [secret])
    assert spec.namespace_resource_blacklist == [config, secret]
    assert spec.signature_keys == ()


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [(None, None, None), (None, ["b"], ["b"]), (["a"], None, ["a"]), (["a"], ["b"], ["a", "b"])],
)
def test_where_nobody_lists_kinds_all_are_permitted(ours: Any, theirs: Any, found: Any) -> None:
    def listing(kinds: list[str] | None) -> dict[str, Any]:
        listed = {"namespaceResourceWhitelist": [{"group": "", "kind": kind} for kind in kinds or ()]}
        return {} if kinds is None else listed

    spec = merged(project(**listing(ours)), project("all", **listing(theirs))).spec
    kinds = spec.namespace_resource_whitelist
    assert (None if kinds is None else [one["kind"] for one in kinds]) == found


def test_only_whom_the_selector_fits_inherits_and_nobody_from_itself() -> None:
    above = project("all", sourceRepos=["https://b"])
    assert merged(project(labels={"opt": "test"}), above).spec.source_repos == ()
    assert merged(above, above) == above
    assert merged(project(labels={"a": "b"}), above, selector={}).spec.source_repos == ("https://b",)


def test_the_list_ends_at_the_first_that_is_not_there() -> None:
    above = project("all", sourceRepos=["https://b"])
    among = [GlobalProject("all", PROD), GlobalProject("gone", PROD), GlobalProject("all", PROD)]
    assert inherited(project(), among, {"all": above}.get).spec.source_repos == ("https://b",)
    broken = [GlobalProject("all", {"matchExpressions": ["odd"]}), GlobalProject("all", PROD)]
    assert inherited(project(), broken, {"all": above}.get).spec.source_repos == ()


def test_what_argocd_cm_says_is_read() -> None:
    text = "- projectName: all\n  labelSelector: {matchLabels: {opt: prod}}\n- projectName: more\n"
    assert global_projects(text) == (GlobalProject("all", {"matchLabels": {"opt": "prod"}}), GlobalProject("more", {}))
    assert global_projects("") == ()


@pytest.mark.parametrize(
    "text", ["a: b", "- a", "- {labelSelector: {}}", "- {projectName: a, labelSelector: 3}", "{", "3"]
)
def test_what_is_no_list_of_them_is_refused_by_its_key(text: str) -> None:
    with pytest.raises(Rejected, match=r"^globalProjects: "):
        global_projects(text)

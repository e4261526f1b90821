"""What is routine is folded, and counted."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from bot.engine.diff.folding import difference, shortened, without_routine
from bot.engine.diff.unified import unified


def config_map(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, **fields}


def deployment(
    *, annotations: dict[str, str] | None = None, labels: dict[str, str] | None = None, image: str = "a"
) -> dict[str, Any]:
    template = {"metadata": {"annotations": annotations or {}}, "spec": {"containers": [{"name": "a", "image": image}]}}
    metadata = {"name": "web", "labels": labels or {}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {"template": template}}


@pytest.mark.parametrize(
    "name",
    ["checksum/config", "x.io/checksum-secret", "checksum", "rollme", "config-hash", "x.io/values-hash", "a.sha256"],
)
def test_a_checksum_is_folded_and_counted(name: str) -> None:
    before, after = deployment(annotations={name: "1"}), deployment(annotations={name: "2"})
    assert difference(before, after) == "  … 1 checksum annotation changed"


@pytest.mark.parametrize(
    "name", ["hash", "description", "x.io/hashing", "nginx.ingress.kubernetes.io/upstream-hash-by"]
)
def test_another_annotation_is_shown(name: str) -> None:
    before, after = deployment(annotations={name: "1"}), deployment(annotations={name: "2"})
    assert difference(before, after) == unified(before, after) != ""


def test_chart_versions_are_folded_beside_what_is_shown() -> None:
    before = deployment(labels={"helm.sh/chart": "a-1", "app.kubernetes.io/version": "1", "app": "x"}, image="a:1")
    after = deployment(labels={"helm.sh/chart": "a-2", "app.kubernetes.io/version": "2", "app": "x"}, image="a:2")
    text = difference(before, after)
    assert "-      - name: a\n" not in text
    assert "image: a:2" in text
    assert text.endswith("\n  … 2 chart-version labels changed")
    assert "helm.sh/chart" not in text


@pytest.mark.parametrize(("before", "after"), [({}, {"checksum/a": "1"}), ({"checksum/a": "1"}, {})])
def test_a_checksum_that_comes_or_goes_is_shown(before: dict[str, str], after: dict[str, str]) -> None:
    assert "checksum/a" in difference(deployment(annotations=before), deployment(annotations=after))


def test_a_label_in_a_selector_is_no_routine() -> None:
    def selecting(version: str) -> dict[str, Any]:
        return config_map(spec={"selector": {"matchLabels": {"helm.sh/chart": version}}})

    assert "helm.sh/chart" in difference(selecting("1"), selecting("2"))


def test_checksums_in_a_list_are_found() -> None:
    def claims(value: str) -> dict[str, Any]:
        return config_map(spec={"volumeClaimTemplates": [{"metadata": {"labels": {"chart": value}}}]})

    assert difference(claims("1"), claims("2")) == "  … 1 chart-version label changed"


def test_binary_data_is_told_by_its_size() -> None:
    def holding(content: bytes) -> dict[str, Any]:
        return config_map(binaryData={"logo": base64.b64encode(content).decode()})

    text = difference(holding(b"a" * 3000), holding(b"b" * 3000))
    assert "-  logo: <3,000 bytes, sha256 " in text
    assert "+  logo: <3,000 bytes, sha256 " in text
    assert len(text) < 200


def test_hidden_binary_data_stays_hidden() -> None:
    assert "logo: <redacted 12345678>" in difference(None, config_map(binaryData={"logo": "<redacted 12345678>"}))


def test_a_long_line_is_cut_to_where_it_changes() -> None:
    def holding(word: str) -> dict[str, Any]:
        return config_map(data={"board": "x" * 3000 + word + "y" * 3000, "other": "1"})

    text = difference(holding("before"), holding("after!"))
    removed, added = (line for line in text.splitlines() if line[0] in "-+")
    assert removed.startswith("-  board: xxx")
    assert "xbeforey" in removed
    assert "xafter!y" in added
    assert "(6,015 characters, sha256 " in added
    assert len(added) < 400


def test_the_last_difference_in_a_long_line_is_shown_too_and_what_is_between_is_counted() -> None:
    def holding(one: str, other: str) -> dict[str, Any]:
        return config_map(data={"board": "x" * 2000 + one + "m" * 3000 + other + "y" * 2000, "other": "1"})

    text = difference(holding("first?", "last?"), holding("first!", "last, and longer!"))
    removed, added = (line for line in text.splitlines() if line[0] in "-+")
    assert "xfirst?m" in removed
    assert "mlast?y" in removed
    assert "xfirst!m" in added
    assert "mlast, and longer!y" in added
    assert " … 2,898 more characters … " in added
    assert len(added) < 500


def test_what_only_one_of_two_long_lines_has_is_shown_to_its_end() -> None:
    before, after = "x" * 2000, "x" * 110 + "begin" + "z" * 300 + "end" + "x" * 1890
    text = shortened(f"-{before}\n+{after}")
    assert "xbeginz" in text
    assert "zendx" in text


def test_a_long_line_without_counterpart_shows_its_beginning() -> None:
    text = difference(None, config_map(data={"board": "x" * 3000}))
    assert "+  board: xxx" in text
    assert len(text) < 400


def test_long_lines_that_differ_are_told_apart_by_their_digest() -> None:
    one, other = shortened(f"+{'a' * 5000}"), shortened(f"+{'a' * 4999}b")
    assert one != other


def test_a_definition_is_told_by_its_paths() -> None:
    def definition(kind: str) -> dict[str, Any]:
        schema = {"openAPIV3Schema": {"properties": {"size": {"type": kind}}}}
        spec = {"versions": [{"name": "v1", "schema": schema}]}
        return {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec}

    assert difference(definition("string"), definition("integer")) == "- v1 .size: string\n+ v1 .size: integer"
    assert "schema: 1 field" in difference(None, definition("string"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (config_map(data={"a": "1"}), config_map(data={"a": "2"})),
        (config_map(data={"a": 1}), config_map(data={"a": True})),
        (config_map(), config_map()),
        (None, config_map()),
        (config_map(), None),
        (None, None),
    ],
)
def test_without_anything_routine_it_is_the_plain_diff(before: Any, after: Any) -> None:
    assert difference(before, after) == unified(before, after)


def test_nothing_is_changed_in_place() -> None:
    before, after = deployment(annotations={"rollme": "1"}), deployment(annotations={"rollme": "2"})
    without_routine(before, after)
    assert before == deployment(annotations={"rollme": "1"})
    assert after == deployment(annotations={"rollme": "2"})

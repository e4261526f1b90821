"""Where an object is declared: found where the lines say so plainly, and nowhere else."""

from __future__ import annotations

import pytest

from bot.model.resources import ResourceKey
from bot.preview.places import Declaration, declarations

WEB = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 0\n"


def test_every_document_of_a_file_has_its_lines() -> None:
    text = f"# shop\n---\n{WEB}---\napiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: shop}} # x\n\n"
    assert declarations(text.encode()) == (
        Declaration("apps", "Deployment", "", "web", 3, 8),
        Declaration("", "Service", "shop", "web", 10, 12),
    )


@pytest.mark.parametrize(
    "metadata",
    [
        "metadata:\r\n  labels:\n    name: other\n  name: 'web' # the one\n",
        'metadata:\n    annotations: {a: b}\n    name: "web"\n    namespace: shop\n',
        "metadata: {labels: x, name: web}\n",
        "metadata:\n  annotations:\n    note: |\n      name: other\n  name: web\n",
    ],
)
def test_usual_ways_to_write_a_name_are_read(metadata: str) -> None:
    (found,) = declarations(f"apiVersion: v1\nkind: Service\n{metadata}".encode())
    assert found.may_be(ResourceKey("", "Service", "shop", "web"))


@pytest.mark.parametrize(
    "text",
    [
        WEB.replace("web", "{{ .Release.Name }}-web"),
        WEB.replace("name: web", "name: &n web"),
        WEB.replace("name: web", "generateName: web"),
        WEB.replace("  name: web", "  name: web\n  name: other"),
        WEB.replace("kind: Deployment", "kind: Deployment\nkind: Service"),
        WEB.replace("kind: Deployment", 'kind: "Deployment'),
        WEB.replace("metadata:", "metadata: *common"),
        WEB.replace("metadata:\n  name: web", "metadata: {labels: {name: web}}"),
        f"--- {{kind: x}}\n{WEB}",
        '{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}',
        "\xff\xfe",
        "",
    ],
)
def test_what_is_not_plain_is_not_found(text: str) -> None:
    assert declarations(text.encode("latin-1")) == ()


@pytest.mark.parametrize(
    ("group", "kind", "namespace", "name"),
    [("", "Deployment", "shop", "web"), ("apps", "StatefulSet", "shop", "web"), ("apps", "Deployment", "shop", "www")],
)
def test_another_object_is_another(group: str, kind: str, namespace: str, name: str) -> None:
    (found,) = declarations(WEB.encode())
    assert found.may_be(ResourceKey("apps", "Deployment", "anywhere", "web"))
    assert not found.may_be(ResourceKey(group, kind, namespace, name))


@pytest.mark.parametrize(
    "line", ["a" * 500_000, f"kind: a{' ' * 500_000}b", f"{' ' * 500_000}x", "- [" * 200_000, "---\n" * 250_000]
)
def test_a_hostile_file_is_read_to_its_end(line: str) -> None:
    text = f"{WEB}---\nmetadata: {line}\n{line}\n".encode()
    assert len(declarations(text)) == 1

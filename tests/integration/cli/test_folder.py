"""`foresail preview --path`: one folder, without any Application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.sandbox.control_plane.cluster import ControlPlane
from bot.sandbox.toolchain import Programs
from tests.integration.cli.conftest import Done, Work, apply, settings


@pytest.fixture
def folder(work: Work, control_plane: ControlPlane, programs: Programs) -> Work:
    """Return a published checkout with one folder that no Application knows."""
    work.environment |= {"KUBECONFIG": str(control_plane.kubeconfig), "FORESAIL_KUSTOMIZE": str(programs.kustomize)}
    work.write("deploy/settings.yaml", settings())
    work.publish()
    return work


def preview(work: Work, namespace: str, *args: str) -> Done:
    return work.foresail("preview", "--path", "deploy", "-n", namespace, "-o", "json", *args)


def only(done: Done) -> Any:
    assert done.out, done.err
    (application,) = done.report["report"]["applications"]
    (resource,) = application["resources"]
    return resource


def test_an_unchanged_folder_is_held_against_the_cluster(folder: Work, namespace: str) -> None:
    done = preview(folder, namespace)
    assert done.code == 2
    assert only(done)["action"] == "create"
    assert "deploy is the same on both sides" in done.report["report"]["notes"][0]


def test_what_the_cluster_has_already_changes_nothing(
    folder: Work, control_plane: ControlPlane, namespace: str
) -> None:
    apply(control_plane, settings(), namespace=namespace)
    done = preview(folder, namespace)
    assert done.code == 0
    assert done.report["report"]["applications"][0]["resources"] == []


def test_nothing_is_said_of_tracking_or_adoption(folder: Work, control_plane: ControlPlane, namespace: str) -> None:
    control_plane.kubectl("create", "configmap", "settings", "-n", namespace, "--from-literal=colour=red")
    done = folder.foresail("preview", "--path", "deploy", "-n", namespace)
    assert "-  colour: red\n+  colour: blue" in done.out
    assert "tracking-id" not in done.out
    assert "adopt" not in done.out
    assert "new application" not in done.out


def test_an_object_of_an_application_is_said_to_be_its(
    folder: Work, control_plane: ControlPlane, namespace: str
) -> None:
    apply(control_plane, settings(colour="red"), namespace=namespace, owner="shop")
    assert "belongs to application shop" in only(preview(folder, namespace))["note"]


def test_a_changed_folder_shows_the_change_and_drift_apart(
    folder: Work, control_plane: ControlPlane, namespace: str
) -> None:
    apply(control_plane, settings(size="huge"), namespace=namespace)
    folder.write("deploy/settings.yaml", settings(colour="green"))
    found = only(preview(folder, namespace))
    assert "+  colour: green" in found["effect_diff"]
    assert "+  size: small" in found["drift_diff"]


def test_a_field_that_kubectl_set_and_that_left_the_folder_goes(
    folder: Work, control_plane: ControlPlane, namespace: str
) -> None:
    apply(control_plane, settings(extra="here"), namespace=namespace, manager="kubectl")
    assert "-  extra: here" in only(preview(folder, namespace))["effect_diff"]


def test_a_field_of_an_older_client_side_apply_that_left_the_folder_goes_too(
    folder: Work, control_plane: ControlPlane, namespace: str
) -> None:
    folder.write("deploy/settings.yaml", settings(extra="here"))
    control_plane.kubectl("apply", "-n", namespace, "-f", str(folder.folder / "deploy"))
    folder.write("deploy/settings.yaml", settings())
    assert "-  extra: here" in only(preview(folder, namespace))["effect_diff"]


def test_what_left_the_folder_stays_unless_pruned(folder: Work, control_plane: ControlPlane, namespace: str) -> None:
    apply(control_plane, settings(), namespace=namespace)
    folder.write("deploy/settings.yaml", "")
    assert only(preview(folder, namespace))["action"] == "orphan"
    pruned = only(preview(folder, namespace, "--prune"))
    assert pruned["action"] == "prune"
    assert "-  colour: blue" in pruned["effect_diff"]


def test_a_secret_that_is_pruned_shows_no_value(folder: Work, control_plane: ControlPlane, namespace: str) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}, "stringData": {"p": "correct-horse"}}
    apply(control_plane, secret, namespace=namespace)
    folder.write("deploy/settings.yaml", secret)
    folder.publish()
    folder.write("deploy/settings.yaml", "")
    shown = preview(folder, namespace, "--prune").out
    assert '"prune"' in shown
    assert "Y29ycmVjdC1ob3JzZ" not in shown
    assert "correct-horse" not in shown


def test_a_kustomization_is_built(folder: Work, namespace: str) -> None:
    folder.write("deploy/kustomization.yaml", {"resources": ["settings.yaml"], "namePrefix": "my-"})
    assert {
        each["key"]["name"] for each in preview(folder, namespace).report["report"]["applications"][0]["resources"]
    } == {"my-settings", "settings"}


def test_folders_below_count_when_asked_for(folder: Work, namespace: str) -> None:
    folder.write("all/deep/settings.yaml", settings())
    assert folder.foresail("preview", "--path", "all", "-n", namespace).code == 0
    assert folder.foresail("preview", "--path", "all", "-n", namespace, "--recurse").code == 2


def test_the_path_is_read_from_where_one_stands(folder: Work, namespace: str) -> None:
    done = folder.foresail("preview", "--path", ".", "-n", namespace, below="deploy")
    assert "settings (deploy)" in done.out, done.err


def test_the_contexts_namespace_is_the_default(folder: Work, control_plane: ControlPlane, namespace: str) -> None:
    document = yaml.safe_load(control_plane.kubeconfig.read_text())
    document["contexts"][0]["context"]["namespace"] = namespace
    kubeconfig = folder.write("../kubeconfig", document)
    done = folder.foresail("preview", "--path", "deploy", "--kubeconfig", str(kubeconfig), "-o", "json")
    assert only(done)["key"]["namespace"] == namespace


def test_a_folder_before_the_first_commit_is_enough(folder: Work, namespace: str) -> None:
    folder.git("update-ref", "-d", "HEAD")
    folder.git("update-ref", "-d", "refs/remotes/origin/main")
    assert preview(folder, namespace).code == 2


def test_a_linked_worktree_is_rendered_too(folder: Work, tmp_path: Path, namespace: str) -> None:
    folder.git("worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "linked")
    linked = Work(tmp_path / "linked", folder.environment)
    linked.write("deploy/kustomization.yaml", {"resources": ["settings.yaml"]})
    linked.write("deploy/settings.yaml", settings(colour="green"))
    assert "+  colour: green" in only(preview(linked, namespace))["effect_diff"]


def test_a_folder_that_is_not_there_is_refused(folder: Work) -> None:
    done = folder.foresail("preview", "--path", "nowhere")
    assert done.code == 1
    assert "no folder nowhere" in done.err


def test_a_file_is_no_folder(folder: Work) -> None:
    assert folder.foresail("preview", "--path", "deploy/settings.yaml").code == 1

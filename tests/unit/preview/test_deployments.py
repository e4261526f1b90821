"""What is told as a deployment: what a sync has begun to bring, and that something else took its place."""

from __future__ import annotations

import pytest

from bot.model.applications import API_VERSION, Application
from bot.model.deliveries import Delivery, DeliveryState
from bot.model.deployments import Deployed, DeploymentState
from bot.preview.deployments import LINK, deployment, differs, state_of

SPEC = {"source": {"repoURL": "https://git.test/shop.git", "path": "."}, "destination": {"name": "prod"}}

HERE, LATER = "1" * 40, "2" * 40
QUEUED, IN_PROGRESS, SUCCESS, FAILURE, INACTIVE = DeploymentState


@pytest.mark.parametrize(
    ("state", "revision", "told"),
    [
        (DeliveryState.QUEUED, "", (QUEUED, False)),
        (DeliveryState.HELD, HERE, (QUEUED, False)),
        (DeliveryState.SYNCING, "", (IN_PROGRESS, False)),
        (DeliveryState.SYNCING, HERE, (IN_PROGRESS, True)),
        (DeliveryState.PROGRESSING, HERE, (IN_PROGRESS, True)),
        (DeliveryState.HEALTHY, HERE, (SUCCESS, True)),
        (DeliveryState.HEALTHY, LATER, (INACTIVE, False)),
        (DeliveryState.SYNCING, LATER, (INACTIVE, False)),
        (DeliveryState.FAILED, HERE, (FAILURE, True)),
        (DeliveryState.FAILED, "", (FAILURE, False)),
        (DeliveryState.SUPERSEDED, HERE, (INACTIVE, False)),
        (DeliveryState.DELETED, "", (INACTIVE, False)),
    ],
)
def test_a_delivery_is_a_deployment_once_a_sync_brings_it(
    state: DeliveryState, revision: str, told: tuple[DeploymentState, bool]
) -> None:
    assert state_of(Delivery("shop", "", state, revision=revision), commit=HERE) == told


@pytest.mark.parametrize("state", DeploymentState)
def test_the_same_is_told_once(state: DeploymentState) -> None:
    assert not differs(Deployed(7, state), state, begins=True)
    assert differs(Deployed(7, None), state, begins=False)
    assert differs(None, state, begins=True)
    assert not differs(None, state, begins=False)


def test_what_failed_stays_so_when_something_else_takes_its_place() -> None:
    assert not differs(Deployed(7, FAILURE), INACTIVE, begins=False)
    assert differs(Deployed(7, FAILURE), IN_PROGRESS, begins=True)
    assert differs(Deployed(7, SUCCESS), INACTIVE, begins=False)


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://shop.test/a", "https://shop.test/a"),
        ("The shop|https://shop.test", "https://shop.test"),
        ("javascript:alert(1)", ""),
        ("https://ann:secret@shop.test", ""),
        ("https://shop.test/a b", ""),
        ("https://[", ""),
        (f"https://shop.test/{'a' * 300}", ""),
    ],
)
def test_an_environment_leads_where_its_application_says(link: str, url: str) -> None:
    metadata = {"name": "shop", "namespace": "foresail", "annotations": {LINK: link}}
    one = Application.parse(
        {"apiVersion": API_VERSION, "kind": "Application", "metadata": metadata, "spec": SPEC}, home="foresail"
    )
    told = deployment(Delivery("shop", "", DeliveryState.HEALTHY), SUCCESS, one, commit=HERE, log_url="")
    assert told.url == url


@pytest.mark.parametrize(
    ("name", "where", "production"),
    [("shop-prod", "", True), ("shop", "production · web", True), ("products", "reproduction", False), ("", "", False)],
)
def test_production_is_what_is_called_so(name: str, where: str, production: bool) -> None:  # noqa: FBT001
    told = deployment(Delivery(name, where, DeliveryState.HEALTHY), SUCCESS, None, commit=HERE, log_url="")
    assert told.production is production

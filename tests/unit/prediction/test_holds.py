"""A prediction says what keeps it from coming true by itself."""

from __future__ import annotations

from bot.engine.sync.rollback import AUTO_ROLLBACK
from bot.model.applications import SKIP_RECONCILE, Application
from bot.model.holds import HELD, Hold
from bot.prediction.holds import holds_of

BAD = f"its annotation {AUTO_ROLLBACK} is no duration of up to 24h: nothing is taken back by itself"
BY_ANN = "held by ann until it is released: nothing of this is synced by itself"
ANN = Hold(by="ann").to_annotation()


def told(*, automated: bool = True, **annotations: str) -> list[str]:
    names = {"held": HELD, "rollback": AUTO_ROLLBACK, "skip": SKIP_RECONCILE}
    metadata = {"name": "shop", "annotations": {names[name]: value for name, value in annotations.items()}}
    spec = {
        "destination": {"name": "prod"},
        "source": {"repoURL": "https://x.example/a"},
        "syncPolicy": {"automated": {}} if automated else {},
    }
    return list(holds_of(Application.parse({"metadata": metadata, "spec": spec}, home="argocd")))


def test_a_hold_is_told() -> None:
    assert told() == []
    assert told(held=ANN) == [BY_ANN]
    assert told(held=ANN, automated=False) == []


def test_a_window_that_cannot_be_read_hides_no_hold() -> None:
    assert told(rollback="10m") == []
    assert told(rollback="soon") == [BAD]
    assert told(rollback="soon", held=ANN) == [BY_ANN, BAD]


def test_of_what_is_left_alone_nothing_else_is_said() -> None:
    skipped = [f"while its annotation {SKIP_RECONCILE} is there, nothing of this is synced"]
    assert told(skip="true", rollback="soon", held=ANN) == skipped

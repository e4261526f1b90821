"""What registries have is asked for once a round, and a slow or odd one is not everybody's."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import Rejected, Temporary
from bot.model.credentials import Credentials
from bot.repository.charts import available
from bot.repository.charts.available import Available
from bot.repository.charts.charts import Charts
from bot.repository.fetching import Client
from tests.integration.repository.charts.registry import RegistryStandIn

NOWHERE = Credentials(plain_http=True, proxy="http://127.0.0.1:1")
PLAIN = Credentials(plain_http=True)


@pytest.fixture
def asking(client: Client, tmp_path: Path) -> Available:
    return Available(client, Charts(tmp_path, client), lambda _url, project: NOWHERE if project == "odd" else PLAIN)


def test_a_project_whose_proxy_is_away_keeps_no_other_from_the_registry(asking: Available) -> None:
    with RegistryStandIn() as registry:
        registry.push("team/web", "1.0.0", [])
        name = f"{registry.host}/team/web"
        asking.ask_ahead([(name, "", "odd")])
        with pytest.raises(Temporary):
            asking.tags(name, "odd")
        assert asking.tags(name, "shop") == ["1.0.0"]


def test_a_round_ends_however_slow_registries_are(asking: Available, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(available, "_LONGEST", 0.0)
    with RegistryStandIn() as registry:
        for image in ("first", "second"):
            registry.push(f"team/{image}", "1.0.0", [])
        assert asking.tags(f"{registry.host}/team/first", "shop") == ["1.0.0"]
        with pytest.raises(Temporary, match="the next round does"):
            asking.tags(f"{registry.host}/team/second", "shop")
        assert asking.tags(f"{registry.host}/team/first", "shop") == ["1.0.0"]
        assert registry.asked("second") == 0


class Notebook(dict[str, bytes]):
    def noted(self, key: str) -> bytes | None:
        return self.get(key)

    def keep_note(self, key: str, value: bytes) -> None:
        self[key] = value


def test_nobodys_tags_fill_redis_or_a_worker(asking: Available, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = asking.notes = Notebook()
    with RegistryStandIn() as registry:
        for number in range(40):
            registry.push("team/many", f"1.{number}.0", [])
        registry.push("team/web", "1.0.0", [])
        monkeypatch.setattr(available, "_MOST_NOTED", 250)
        assert len(asking.tags(f"{registry.host}/team/many", "shop")) == 40
        assert not notes
        asking.tags(f"{registry.host}/team/web", "shop")
        assert len(notes) == 1
        registry.push("team/next", "1.0.0", [])
        monkeypatch.setattr(available, "_ROOM", 2900)
        with pytest.raises(Rejected, match="than there is room for"):
            asking.tags(f"{registry.host}/team/next", "shop")

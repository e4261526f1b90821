"""What an operation waits for is told in the end, however soon it follows on what was told before."""

from __future__ import annotations

import rq
from rq.serializers import JSONSerializer

from bot.model.jobs import advance
from bot.model.operations import Occasion
from bot.store.connection import connect
from tests.integration.workers.desk import Desk
from workers import advance as advancing
from workers import start as starting
from workers.operating.operations import Asked

READY = '{"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}'


def service(name: str, wave: int) -> str:
    metadata = f'{{name: {name}, annotations: {{argocd.argoproj.io/sync-wave: "{wave}"}}}}'
    return f"apiVersion: v1\nkind: Service\nmetadata: {metadata}\nspec: {{type: LoadBalancer, ports: [{{port: 80}}]}}\n"


def is_asked_to_tell(desk: Desk) -> bool:
    """Whether the commit is to be told; it is no longer."""
    jobs = rq.Queue("notify", connection=connect(desk.stage.redis.url), serializer=JSONSerializer).jobs
    for job in jobs:
        job.delete()
    return bool(jobs)


def words(desk: Desk) -> str:
    """Look at the operation once more, and return what it waits for."""
    desk.do(advancing.run, advance("shop"))
    return str(desk.application("shop")["status"]["operationState"]["message"])


def test_words_that_come_too_soon_are_told_later(desk: Desk) -> None:
    desk.repository.push("main", {"deploy/a.yaml": service("a", 0), "deploy/b.yaml": service("b", 1)})
    desk.declare("shop")
    desk.do(starting.run, Asked("shop", Occasion("acme/shop", "main", desk.repository.head())).request)
    assert "Service" in words(desk)
    assert is_asked_to_tell(desk)

    where = ("-n", desk.stage.control_namespace, "--subresource=status", "--type=merge", "-p", READY)
    desk.stage.plane.kubectl("patch", "service", "a", *where)
    assert "/b:" in words(desk)
    desk.stage.until(lambda: bool(words(desk)) and is_asked_to_tell(desk), what="the commit to be told")

    before = words(desk)
    assert (words(desk), is_asked_to_tell(desk)) == (before, False)

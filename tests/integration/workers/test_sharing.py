"""A place among the controllers, kept on a real API server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.cluster.connection import ApiServer
from bot.cluster.leases import PREFIX, Leases
from bot.model.shards import Seat
from bot.sandbox.control_plane.cluster import ControlPlane
from workers.watching.roster import Terms
from workers.watching.sharing import Shared
from workers.watching.vital import Vital

Kept = Callable[..., Shared]


@contextmanager
def kept(shared: Shared) -> Iterator[Shared]:
    stop = threading.Event()
    thread = threading.Thread(target=shared.run, args=(stop,))
    thread.start()
    try:
        yield shared
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def place(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Kept:
    def make(name: str = "one", **more: float) -> Shared:
        server = ApiServer.from_kubeconfig(str(control_plane.kubeconfig))
        leases = Leases(server, namespace=namespace, name=f"{PREFIX}{name}")
        return Shared(leases, Terms(4.0), Vital.sign(tmp_path, f"{PREFIX}{name}"), **more)

    return make


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_who_does_nothing_any_more_loses_its_place_and_has_it_back_when_it_does(place: Kept) -> None:
    with kept(place(patience=1.0)) as shared:
        until(lambda: shared.stands)
        until(lambda: not shared.stands)

        def beaten() -> bool:
            shared.beat()
            return shared.may("shop")

        until(beaten)


def test_who_comes_takes_a_share_and_gives_it_back_when_it_leaves(place: Kept) -> None:
    keys = [f"shop-{number}" for number in range(20)]
    with kept(place()) as one:
        until(lambda: all(map(one.may, keys)))
        with kept(place("two")) as two:
            until(lambda: any(map(one.may, keys)) and any(map(two.may, keys)))
            until(lambda: all(one.may(key) or two.may(key) for key in keys))
            assert not any(one.may(key) and two.may(key) for key in keys)
        assert not any(map(two.may, keys))
        until(lambda: all(map(one.may, keys)))
    assert not one.stands


def test_who_is_dead_stays_so_though_its_lease_cannot_be_deleted(
    control_plane: ControlPlane, namespace: str, place: Kept
) -> None:
    other = f"{PREFIX}dead"
    server = ApiServer.from_kubeconfig(str(control_plane.kubeconfig))
    leases = Leases(server, namespace=namespace, name=other)
    leases.write(Seat(other, 1, frozenset(), 4.0))
    lease = ("lease", other, "-n", namespace)
    patched = ("patch", *lease, "--type=merge", "-p")
    control_plane.kubectl(*patched, '{"metadata": {"finalizers": ["example.com/kept"]}}')

    def is_deleted() -> bool:
        return bool(control_plane.kubectl("get", *lease, "-o", "jsonpath={.metadata.deletionTimestamp}"))

    with kept(place(grace=0.0)) as shared:
        until(lambda: shared.view == {shared.me})
        until(is_deleted)
        turn = leases.all()[shared.me].turn
        until(lambda: leases.all()[shared.me].turn > turn)
        control_plane.kubectl(*patched, '{"metadata": {"labels": {"looked-at": "yes"}}}')
        until(lambda: shared.view != {shared.me} or leases.all()[shared.me].turn > turn + 2)
        assert shared.view == {shared.me}
    control_plane.kubectl(*patched, '{"metadata": {"finalizers": null}}')

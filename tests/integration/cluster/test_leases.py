"""Leases of controllers on a real API server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.cluster.errors import ApiRefused
from bot.cluster.leases import PREFIX, Leases
from bot.cluster.objects import Cluster
from bot.errors import Rejected
from bot.model.shards import Seat

ONE = Seat(f"{PREFIX}host-1-aaaaaa", 1, frozenset(), 12.0)
TWO = Seat(f"{PREFIX}host-2-bbbbbb", 1, frozenset({f"{PREFIX}host-2-bbbbbb"}), 12.0)


def leases(cluster: Cluster, namespace: str, seat: Seat = ONE) -> Leases:
    return Leases(cluster.server, namespace=namespace, name=seat.name)


def test_all_read_what_each_has_written_last(cluster: Cluster, namespace: str) -> None:
    one, two = leases(cluster, namespace), leases(cluster, namespace, TWO)
    one.write(ONE)
    two.write(TWO)
    moved = replace(ONE, turn=2, members=frozenset({ONE.name, TWO.name}))
    one.write(moved)
    assert two.all() == {ONE.name: moved, TWO.name: TWO}
    one.leave()
    assert two.all() == {TWO.name: TWO}


def test_one_that_was_thrown_away_is_written_anew(cluster: Cluster, namespace: str) -> None:
    one = leases(cluster, namespace)
    one.write(ONE)
    leases(cluster, namespace, TWO).throw_away(ONE.name, turn=ONE.turn)
    assert one.all() == {}
    one.write(replace(ONE, turn=2))
    assert one.all()[ONE.name].turn == 2


def test_one_that_has_moved_is_not_thrown_away(cluster: Cluster, namespace: str) -> None:
    one = leases(cluster, namespace)
    one.write(ONE)
    one.write(replace(ONE, turn=2))
    two = leases(cluster, namespace, TWO)
    two.throw_away(ONE.name, turn=1)
    two.throw_away(TWO.name, turn=1)
    assert one.all()[ONE.name].turn == 2


def test_what_was_sent_before_and_comes_late_is_refused(cluster: Cluster, namespace: str) -> None:
    late, one = leases(cluster, namespace), leases(cluster, namespace)
    late.write(ONE)
    one.write(replace(ONE, turn=2))
    with pytest.raises(ApiRefused, match="modified"):
        late.write(replace(ONE, turn=1))
    assert one.all()[ONE.name].turn == 2


def test_an_account_that_may_not_is_told_where_it_is_listed_what_it_needs(cluster: Cluster, namespace: str) -> None:
    nobody = Leases(cluster.server.acting_as("nobody"), namespace=namespace, name=ONE.name)
    with pytest.raises(Rejected, match="this account may not use them") as refused:
        nobody.write(ONE)
    assert "README" in refused.value.remedy


def test_leases_of_others_are_nobody(cluster: Cluster, namespace: str) -> None:
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "somebody-elses", "namespace": namespace, "labels": {"foresail.dev/lease": "controller"}},
    }
    cluster.create(lease)
    assert leases(cluster, namespace).all() == {}

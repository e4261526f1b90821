"""Who is somebody else to a claim."""

from __future__ import annotations

import os

from workers.operating.claims import Claim


def test_ones_own_claim_blocks_nothing() -> None:
    assert not Claim.mine(until=110.0).blocks(now=100.0, longest=60.0)


def test_a_claim_blocks_a_fork_of_who_made_it() -> None:
    claim = Claim.mine(until=110.0)
    child = os.fork()
    if not child:
        os._exit(0 if claim.blocks(now=100.0, longest=60.0) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_claim_blocks_nobody_once_it_has_run_out_nor_for_ever() -> None:
    claim = Claim.parse("somebody-1-abcdef01 110.000")
    assert claim is not None
    assert claim.blocks(now=100.0, longest=60.0)
    assert not claim.blocks(now=110.0, longest=60.0)
    assert not claim.blocks(now=40.0, longest=60.0)  # further away than anybody claims

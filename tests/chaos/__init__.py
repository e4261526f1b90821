"""Faults struck while Foresail syncs, and rules held against everything that the API server has been asked to write."""

"""GitHub's JSON from the stand-in's state: pure functions that change nothing and refuse nothing."""

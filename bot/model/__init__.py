"""Nouns as frozen values: no network, no files, no clock, and no rule that needs more than the value itself."""

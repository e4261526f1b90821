"""Forges: what Foresail needs from GitHub and GitLab, in Foresail's words, and the adapters that know theirs.

Parsing a delivery is pure; only the clients do I/O. Nothing here decides what to do about an event.
"""

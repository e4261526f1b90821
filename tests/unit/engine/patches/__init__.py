"""Patches of client-side apply; the integration tests hold them against kubectl's."""

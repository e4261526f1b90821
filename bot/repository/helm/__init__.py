"""Helm charts in folders of a repository: what they read, and the helm program that renders them."""

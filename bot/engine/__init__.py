"""GitOps rules as functions: no network, no clock, no files."""

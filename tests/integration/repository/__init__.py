"""The repository package on real repositories and programs."""

"""Config management plugins: commands that an operator declares, never a repository, run on a source in confinement."""

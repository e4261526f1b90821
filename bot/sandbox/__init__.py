"""What demo, tests and benchmarks stand on: a control plane and the forges; never part of a running Foresail."""

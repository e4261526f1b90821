"""Real parts for demo, tests and benchmarks: a control plane, Redis, a GitHub stand-in. Never used in production."""

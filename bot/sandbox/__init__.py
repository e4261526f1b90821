"""Real parts for demo, tests and benchmarks: a control plane, Redis, and a GitHub stand-in. Never used in production."""

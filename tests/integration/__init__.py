"""Real parts together: Redis, git, renderers, an API server, a forge."""

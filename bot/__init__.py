"""Foresail's parts, each layer seeing only those below it; `docs/architecture.md` draws them."""

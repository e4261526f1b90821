"""Health of well-known custom kinds: facts are from what each project documents, each module ends with its table.

Statuses are Argo CD's for the same state but where its rule would call something there that is not:
`docs/health.md` names those.
"""

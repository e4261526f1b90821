"""ApplicationSets as functions: the Applications that one generates, from facts that somebody else brings.

Follows Argo CD's `applicationset/` (v3.2), its oddities included: what is predicted is what its controller does.
"""

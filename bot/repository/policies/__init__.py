"""Users' own rules in Rego and CEL: where they are read, and how a confined child evaluates them.

`source` and `evaluator` are the parent's; the rest runs in the child and is never imported elsewhere, as the engines
take memory and one of them an address space of 256 GiB.
"""

"""From a change to words: what is affected, what happens to it, what must not be shown, and how a comment says it.

Pure: it never asks a cluster, a forge or a clock, and nothing it writes holds a secret or markup from outside.
"""

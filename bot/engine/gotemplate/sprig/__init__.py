"""The functions of `github.com/Masterminds/sprig/v3` that always give the same answer, with Argo CD's own.

What is random, reads a clock or makes keys is named as such instead: nobody can predict what it generates.
"""

"""The command line as people run it: a process of its own in a real checkout."""

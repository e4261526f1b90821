"""A GitHub to try Foresail against: state in memory, real Git repositories on disk; it never leaves loopback."""

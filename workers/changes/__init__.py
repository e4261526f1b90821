"""A change, and the applications that it may touch."""

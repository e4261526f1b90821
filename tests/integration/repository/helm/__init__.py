"""Charts in folders of a repository, rendered by the real helm program."""

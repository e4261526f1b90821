"""The GitHub stand-in, through the clients that use it: PyGithub and git."""

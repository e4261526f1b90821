"""The web process as it is served: gunicorn, sockets, Redis."""

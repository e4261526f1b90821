"""GitLab's objects as its API and its webhooks write them."""

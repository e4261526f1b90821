"""Through the front door: a webhook in; comment, status and cluster out."""

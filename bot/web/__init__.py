"""The web process: verifies, records, enqueues and shows. It calls no forge and no cluster, and imports no worker."""

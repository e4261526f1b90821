"""What kustomizations name by URL: read as kustomize reads it, fetched, and put where they find it as a folder."""

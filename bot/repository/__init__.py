"""Repository server: mirrors of Git repositories and the rendering of what is in them. Knows no cluster and no forge."""

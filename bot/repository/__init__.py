"""Repository server: mirrors of Git repositories, and rendering what is in them. Knows no cluster and no forge."""

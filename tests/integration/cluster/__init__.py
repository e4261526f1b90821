"""API servers, asked for real."""

"""Renders that are shared: real Redis, real children."""

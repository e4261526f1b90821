"""Renders, each made once: remembered, and handed to whoever makes them. Decides nothing about applications."""

"""Health rules and aggregation."""

"""Background work, one module per use case. Every job may be killed at any moment and run again."""

"""Worker processes as they run: real processes, real signals, a real Redis."""

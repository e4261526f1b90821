"""The sandbox, through its clients."""

"""What a command in a comment comes to."""

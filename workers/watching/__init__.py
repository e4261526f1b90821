"""What the controller keeps of what it sees."""

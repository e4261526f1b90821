"""What is said on the forge: comments and statuses."""

"""The engine against the programs that it follows."""

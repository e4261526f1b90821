"""What could be newer, and where that would be written: registries and Git are read, nothing is written."""

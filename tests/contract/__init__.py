"""What crosses the boundary to a forge, held against the schema the forge publishes."""

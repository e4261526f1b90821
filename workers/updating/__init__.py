"""How newer images and charts become changes on the forge."""

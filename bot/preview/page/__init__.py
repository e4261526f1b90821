"""A report as a page: HTML that shows all of it, with its own style and script inside, and nothing from elsewhere."""

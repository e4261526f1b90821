"""Charts and artifacts from repositories: fetched by the parent, through a guard, into Git trees that renderers read.

Nothing here renders, and nothing fetched is run. A renderer has no network: what it needs is here before it starts.
"""

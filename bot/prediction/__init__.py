"""The way from Git trees to a report: render, ask the API servers, attribute. Writes nothing, to no forge and no cluster."""

"""The way from Git trees to a report: render, ask the API servers, attribute. Writes to no forge and no cluster."""

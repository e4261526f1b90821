"""As what a report can be had; light, since the web process knows it before it writes any."""

from __future__ import annotations

from enum import StrEnum


class Form(StrEnum):
    """A sort of file, by the word that asks for it."""

    HTML = "html"
    MARKDOWN = "markdown"
    JSON = "json"

    @property
    def ending(self) -> str:
        """What the name of such a file ends with."""
        return {Form.HTML: "html", Form.MARKDOWN: "md", Form.JSON: "json"}[self]

    @property
    def media_type(self) -> str:
        """What such a file is, in HTTP's words."""
        return {Form.HTML: "text/html", Form.MARKDOWN: "text/markdown", Form.JSON: "application/json"}[self]

"""Logs: one JSON object a line on standard error; constant words, what they are about in fields, never a secret."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import structlog
else:
    # structlog imports rich where that is installed, and with it pygments and attrs, to show tracebacks on a terminal:
    # 4 MB of each process, and none of ours has one.
    absent = "rich" not in sys.modules and sys.modules.setdefault("rich", None) is None
    import structlog

    if absent:
        del sys.modules["rich"]


def configure_logs() -> None:
    """Set up structlog for this process, and let libraries speak only of what went wrong."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(name)s: %(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )

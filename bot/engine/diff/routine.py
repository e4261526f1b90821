"""Annotations and labels that move with every release and say nothing by themselves: known here alone.

Diffs fold them away, and a change of nothing else but them and images is called routine.
"""

from __future__ import annotations

import re
from typing import Final

_CHECKSUM: Final = re.compile(r"(?:.*/)?(?:checksum|config-hash)(?:[/._-].*)?|.*[-_.](?:hash|checksum|sha256)|rollme")
_CHART_LABELS: Final = frozenset({"helm.sh/chart", "chart", "app.kubernetes.io/version"})


def is_checksum(annotation: str) -> bool:
    """Whether an annotation, by its name, only says that something else has changed."""
    return _CHECKSUM.fullmatch(annotation) is not None


def is_chart_label(label: str) -> bool:
    """Whether a label, by its name, only says which version of a chart or program this is."""
    return label in _CHART_LABELS

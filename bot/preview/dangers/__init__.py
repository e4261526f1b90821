"""What a reviewer must see before merging: judges the states it is given, with what was asked of the cluster before.

It never asks a cluster itself, and its words hold names, labels, images and numbers of objects, never a value.
"""

from __future__ import annotations

from bot.preview.dangers.asking import inquiry
from bot.preview.dangers.knowledge import Contents, Inquiry, Knowledge, Volume
from bot.preview.dangers.rules import judged, of_deletion
from bot.preview.dangers.scene import Scene, Subject

__all__ = ["Contents", "Inquiry", "Knowledge", "Scene", "Subject", "Volume", "inquiry", "judged", "of_deletion"]

"""Health in Argo CD's codes and a person's words: judges the objects it is given, never reads a cluster."""

from __future__ import annotations

from bot.engine.health.application import Member, aggregate, judge
from bot.engine.health.rules import Assess, assess

__all__ = ["Assess", "Member", "aggregate", "assess", "judge"]

"""The rows of a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Row", "Verdict", "worst"]

Verdict = Literal["ok", "warn", "fail", "not shown"]
"""``not shown`` is what this machine cannot show."""

ORDER: tuple[Verdict, ...] = ("fail", "warn", "not shown", "ok")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was looked at."""

    what: str
    seen: str
    verdict: Verdict
    source: str = ""
    """The file that says so."""


def worst(rows: list[Row]) -> Verdict:
    """Return the verdict of all rows; what cannot be shown here is no flaw."""
    told = {row.verdict for row in rows}
    return next(verdict for verdict in ORDER if verdict in told and verdict != "not shown") if told else "ok"

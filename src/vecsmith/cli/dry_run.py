"""What embedding would consume, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.cli.tables import columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vecsmith.types import Estimate

__all__ = ["lines"]

CENT = 0.01


def lines(told: Estimate) -> Iterator[str]:
    """Yield what an estimate says, a line each."""
    about = "" if told.exact else "about "
    yield from columns(
        [
            ("tokens", f"{about}{told.tokens:,}"),
            ("requests", f"{told.requests:,}"),
            ("seconds", "unknown" if told.seconds is None else f"{told.seconds:,.0f} at least"),
            ("cost", "unknown" if told.cost is None else f"{about}US$ {money(told.cost)}"),
        ]
    )


def money(dollars: float) -> str:
    """Return an amount to the cent, or with two figures where it is smaller."""
    return f"{dollars:,.2f}" if dollars >= CENT or not dollars else f"{dollars:.1e}"

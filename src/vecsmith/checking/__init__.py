"""Whether a model on this machine is what its files say, and works as it should: rows for a review."""

from vecsmith.checking.report import Report, Row, check

__all__ = ["Report", "Row", "check"]

"""The table of routes: which path speaks which wire format, and what is done there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.dialects.openai import OpenAIServer
from vecsmith.server.endpoint import Row
from vecsmith.server.works import embed

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ROWS"]

OPENAI = OpenAIServer()

ROWS: Sequence[Row] = (*(Row("POST", f"{base}/embeddings", "openai", OPENAI, embed) for base in ("/openai/v1", "/v1")),)

"""A line in the log for each call and its end."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from vecsmith.middleware.layer import Layer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.providers import GeneratedEmbeddings, Generates, GenerationOptions

__all__ = ["Logged"]


class Logged(Layer):
    """Logs calls, ends and cancellations at debug level and failures at error level: counts and seconds, never a text.

    Args:
        inner: What is asked.
        logger: Where to; None for the one called ``vecsmith``.

    Of a failure the kind and the status are logged, because its message may repeat what was sent.
    """

    def __init__(self, inner: Generates, logger: logging.Logger | None = None) -> None:
        super().__init__(inner)
        self.logger = logger or logging.getLogger("vecsmith")

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Ask, and log how it went."""
        count, begun = len(values), time.perf_counter()
        self.logger.debug("embedding %d texts", count)
        try:
            made = await super().generate(values, options)
        except asyncio.CancelledError:
            self.logger.debug("embedding %d texts was cancelled after %.3f s", count, time.perf_counter() - begun)
            raise
        except Exception as error:
            seconds, status = time.perf_counter() - begun, getattr(error, "status", None)
            kind = type(error).__name__ if status is None else f"{type(error).__name__}, status {status}"
            self.logger.error("embedding %d texts failed after %.3f s: %s", count, seconds, kind)  # noqa: TRY400 (no trace: it shows the message)
            raise
        seconds, usage = time.perf_counter() - begun, made.usage
        told = (count, made.model, seconds, usage.total_tokens, usage.requests)
        self.logger.debug("embedded %d texts with %s in %.3f s: %d tokens, %d requests", *told)
        return made

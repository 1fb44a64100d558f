"""What an answer may take, and what the library's errors on the way are to who asked."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from vecsmith.dialects.serving import Problem
from vecsmith.errors import EmbedError
from vecsmith.server.works.problems import problem_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from vecsmith.server.service import Service

__all__ = ["answering"]


@asynccontextmanager
async def answering(service: Service, size: int) -> AsyncIterator[None]:
    """Hold a place for a request of so many characters until it is answered, or its time is up; raise `Problem`."""
    seconds = service.settings.timeout
    with service.gate.place(size):
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise Problem("timeout", f"no answer within {seconds:g} seconds: send fewer texts") from None
        except EmbedError as error:
            raise problem_of(error) from None

"""A call that failed for a passing reason is made again."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from vecsmith.middleware.layer import Layer, checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tenacity import RetryCallState

    from vecsmith.providers import GeneratedEmbeddings, Generates, GenerationOptions

__all__ = ["Retried"]


class Retried(Layer):
    """Makes a call again after an error whose ``retryable`` is true; any other goes through at once.

    Args:
        inner: What is asked.
        attempts: Times that it is asked, at most.
        shortest: Seconds before the second attempt; each further wait is twice as long, and a little random.
        longest: Seconds of the longest wait; an error that asks for a longer one is raised at once.
    """

    waits: ClassVar[bool] = True

    def __init__(self, inner: Generates, attempts: int = 5, *, shortest: float = 0.2, longest: float = 30.0) -> None:
        super().__init__(inner)
        checked("attempts", attempts)
        self.attempts, self.longest = attempts, longest
        self.backoff = wait_exponential(shortest, max=longest) + wait_random(0, shortest)

    async def generate(self, values: Sequence[str], options: GenerationOptions | None = None) -> GeneratedEmbeddings:
        """Ask until there is an answer, an error that stays, or an attempt too many."""
        trying = AsyncRetrying(
            retry=retry_if_exception(self.passing),
            stop=stop_after_attempt(self.attempts),
            wait=self.pause,
            reraise=True,
        )
        return await trying(super().generate, values, options)

    def passing(self, error: BaseException) -> bool:
        """Whether an error may be gone soon enough."""
        return getattr(error, "retryable", False) and (wanted(error) or 0.0) <= self.longest

    def pause(self, state: RetryCallState) -> float:
        """Return the seconds to wait: what the error asks for, or ever more."""
        asked = wanted(state.outcome.exception()) if state.outcome else None
        return self.backoff(state) if asked is None else asked


def wanted(error: BaseException | None) -> float | None:
    """Return the seconds that an error asks to wait."""
    return getattr(error, "retry_after", None)

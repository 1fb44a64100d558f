"""What every command that embeds has: an engine, and something to say."""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from vecsmith.cli.messages import SET_ASIDE, say
from vecsmith.errors import EmbedWarning

if TYPE_CHECKING:
    from vecsmith.cli.explain import Explanation
    from vecsmith.cli.feed import Origin
    from vecsmith.cli.messages import Tally
    from vecsmith.client import AsyncEmbedder
    from vecsmith.options import CallOptions
    from vecsmith.sync import Embedder
    from vecsmith.types import Compute, OnLong

__all__ = ["Engine", "Talk", "hush", "is_terminal", "is_watched", "one_vector_each"]


@dataclass(frozen=True, slots=True)
class Engine:
    """With what the vectors are made."""

    model: str
    compute: Compute
    threads: int | None
    base_url: str | None
    concurrency: int | None
    cache: str | None

    def open(self) -> Embedder:
        """Load the model, or find the provider."""
        from vecsmith.sync import Embedder

        return Embedder.over(self.unopened())

    def unopened(self) -> AsyncEmbedder:
        """Return what has neither loaded nor found anything yet."""
        from vecsmith.client import AsyncEmbedder

        return AsyncEmbedder(
            self.model,
            compute=self.compute,
            threads=self.threads,
            base_url=self.base_url,
            concurrency=self.concurrency,
            cache=self.cache,
        )


@dataclass(frozen=True, slots=True)
class Talk:
    """What is said on standard error."""

    quiet: bool
    explain: bool

    def watched(self, origin: Origin, *, printing: bool) -> bool:
        """Whether someone sees a progress bar, and sees nothing else in its place; `printing`: results go to stdout."""
        return is_watched(quiet=self.quiet) and not origin.texts and not (printing and is_terminal(sys.stdout))

    def end(self, tally: Tally, explanation: Explanation) -> int:
        """Say what was not embedded as given, and return the exit code."""
        for line in tally.rows():
            say(line)
        if not self.quiet and (summary := tally.summary()):
            say(summary)
        if self.explain:
            explanation.say()
        return SET_ASIDE if tally.set_aside else 0


def one_vector_each(
    task: str | None, prompt: str | None, dimensions: int | None, on_long: OnLong, clean: list[str] | None
) -> CallOptions:
    """Return what a command that compares texts asks of the model."""
    return {"task": task, "prompt": prompt, "dimensions": dimensions, "on_long": on_long, "clean": clean or ()}


def hush(*, quiet: bool) -> None:
    """Leave warnings away, until the process ends, where no word is wanted."""
    if quiet:
        warnings.simplefilter("ignore", EmbedWarning)


def is_watched(*, quiet: bool) -> bool:
    """Whether someone is to see a progress bar."""
    return not quiet and is_terminal(sys.stderr)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream is there and is a terminal."""
    return stream is not None and not stream.closed and stream.isatty()

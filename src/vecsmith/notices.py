"""What a call says beside its vectors: warnings, and the inputs that were left out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from vecsmith.errors import EmbedWarning, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.options import Options
    from vecsmith.types import EmbedResult

__all__ = ["OnBad", "Warner", "report", "warned"]

OnBad = Callable[[int, InputError], None]
"""Called with the index of an input that cannot be embedded, and why."""

ADVICE = "say on_long='truncate' where that is meant"


class Warner:
    """Says once in a call what should not go unnoticed.

    Args:
        options: What the call asks for.
        advice: What a caller can do whose texts are cut, in the words of what was called.
    """

    def __init__(self, options: Options, advice: str = ADVICE) -> None:
        self.options = options
        self.advice = advice
        self.said: set[str] = set()

    def look(self, result: EmbedResult, stacklevel: int = 3) -> None:
        """Warn of what the result notes, and of texts that were cut where the caller did not say what should happen."""
        for note in result.notes:
            self.say(note, note, stacklevel)
        cut = [dropped for dropped in result.items.dropped if dropped]
        if cut and not self.options.said_on_long:
            texts = f"{len(cut)} of {len(result.items)} texts were longer than the model reads"
            tokens = f"{sum(cut)} tokens at their ends were not read"
            self.say("texts", f"{texts}, and {tokens}: {self.advice}", stacklevel)

    def say(self, kind: str, message: str, stacklevel: int) -> None:
        """Warn unless this was said before."""
        if kind not in self.said:
            self.said.add(kind)
            warnings.warn(message, EmbedWarning, stacklevel=stacklevel + 1)


def warned(options: Options, result: EmbedResult) -> EmbedResult:
    """Return a result, after warning of what should not go unnoticed at the line that called the caller of this."""
    Warner(options).look(result, stacklevel=4)
    return result


def report(bad: Sequence[InputError], on_bad: OnBad | None) -> None:
    """Tell the caller of the inputs that were left out."""
    for error in bad:
        assert on_bad is not None
        assert error.index is not None
        on_bad(error.index, error)

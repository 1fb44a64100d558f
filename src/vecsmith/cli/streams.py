"""Standard streams that may be closed, full, or read by nobody."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from vecsmith.cli.messages import CLOSED_PIPE
from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["prepare_streams"]


class Output(io.TextIOWrapper):
    """Standard output, whose failures are an error in one sentence, or the quiet end of the program."""

    def write(self, text: str, /) -> int:
        """Write a text."""
        with ending():
            return super().write(text)

    def flush(self) -> None:
        """Write what is held back."""
        with ending():
            super().flush()


class Closed(io.RawIOBase):
    """In the place of a stream that is closed: whoever writes to it is told."""

    def writable(self) -> bool:
        """Whether one may try."""
        return True

    def write(self, _: object, /) -> int:
        """Refuse."""
        raise OSError(errno.EBADF, "it is closed")


@contextmanager
def ending() -> Iterator[None]:
    """Turn a failure to write standard output into what ends the program as it should."""
    try:
        yield
    except BrokenPipeError:
        raise SystemExit(CLOSED_PIPE) from None
    except OSError as error:
        raise ConfigError(f"cannot write standard output: {error.strerror or error}") from None


def prepare_streams() -> None:
    """Make standard output and error fit to be written to, whatever they are."""
    for number in range(3):
        fill(number)
    if sys.stdout is None:
        sys.stdout = Output(io.BufferedWriter(Closed()))
    elif isinstance(sys.stdout, io.TextIOWrapper):
        encoding, errors, each_line = sys.stdout.encoding, sys.stdout.errors, sys.stdout.line_buffering
        sys.stdout = Output(sys.stdout.detach(), encoding, errors, line_buffering=each_line)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 (open until the process ends)


def fill(number: int) -> None:
    """Put the null device behind a descriptor that is closed, before some other file gets its number."""
    try:
        os.fstat(number)
    except OSError:
        with suppress(OSError):
            os.open(os.devnull, os.O_RDWR)

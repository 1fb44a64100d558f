"""Vectors out: to standard output, or to a file that appears whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from vecsmith.errors import ConfigError
from vecsmith.files.formats import SINKS, Format, Sink

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from vecsmith.types import EmbedResult

__all__ = ["Format", "Sink", "format_of", "open_sink", "paths_of"]

ENDINGS: dict[str, Format] = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".npy": "npy",
    ".base64": "base64",
    ".b64": "base64",
    ".hex": "hex",
}
LONGEST_PREFIX = 100  # characters of the output's name in the temporary one, so that this one is not too long


class NamedSink:
    """A sink whose failures say which output they are about."""

    def __init__(self, sink: Sink, name: str) -> None:
        self._sink = sink
        self._name = name

    def write(self, ids: Sequence[str | int], part: EmbedResult) -> None:
        """Write the vectors of `part`, whose rows have these ids."""
        with named(self._name):
            self._sink.write(ids, part)

    def rows(self, told: Sequence[dict[str, Any]], vectors: NDArray[Any]) -> None:
        """Write vectors (rows, dimensions), of each of which something is told."""
        with named(self._name):
            self._sink.rows(told, vectors)

    def finish(self) -> None:
        """Write what comes behind the last vector."""
        with named(self._name):
            self._sink.finish()


def format_of(path: Path | None) -> Format:
    """Return the format that an output's ending says; ``jsonl`` for any other, and for standard output."""
    return "jsonl" if path is None else ENDINGS.get(path.suffix.lower(), "jsonl")


@contextmanager
def open_sink(form: Format, path: Path | None) -> Iterator[Sink]:
    """Open a sink on a file, or on standard output where `path` is None.

    A file appears under its name, replacing what was there, when the block ends well. If it ends with an exception
    nothing appears and nothing changes. The format ``npy`` has its ids in a second file, ``NAME.ids.jsonl``.
    """
    name = "standard output" if path is None else str(path)
    with named(name):
        special = path is not None and is_special(path)
    if form == "npy" and (path is None or special):
        raise ConfigError("the format npy needs a file to go back to the start of: name one with --output")
    with ExitStack() as destinations:
        files = [destinations.enter_context(destination(each, name)) for each in paths_of(form, path)]
        sink = NamedSink(SINKS[form](*files), name)
        yield sink
        sink.finish()
        if path is not None and not special:
            settle(files, name)


def paths_of(form: Format, path: Path | None) -> list[Path | None]:
    """Return where a format's files go."""
    if form != "npy" or path is None:
        return [path]
    stem = path.stem if path.suffix.lower() == ".npy" else path.name
    return [path, path.with_name(f"{stem}.ids.jsonl")]


def is_special(path: Path) -> bool:
    """Whether the path is a device, a pipe or the like, which is written to and never replaced."""
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def destination(path: Path | None, name: str) -> Iterator[BinaryIO]:
    """Open one file of an output."""
    if path is None:
        yield sys.stdout.buffer
    elif is_special(path):
        with named(name):
            device: BinaryIO = path.open("wb")
        with ExitStack() as cleanup:
            cleanup.callback(close, device)
            yield device
            with named(name):
                device.flush()
    else:
        with whole_file(path, name) as file:
            yield file


@contextmanager
def whole_file(path: Path, name: str) -> Iterator[BinaryIO]:
    """Open a file that takes its name when the block ends well, and is removed otherwise."""
    target = Path(os.path.realpath(path))  # what a link points to is replaced, not the link
    if target.is_dir():
        raise ConfigError(f"cannot write {name}: it is a folder")
    temporary = target.with_name(f".{target.name[:LONGEST_PREFIX]}.{os.urandom(4).hex()}.tmp")
    with ExitStack() as cleanup:
        cleanup.callback(temporary.unlink, missing_ok=True)
        with named(name):
            file = temporary.open("xb")
        cleanup.callback(close, file)
        yield file
        with named(name):
            file.close()
            replace(temporary, target)


def close(file: BinaryIO) -> None:
    """Close a file that is given up, whatever of it could not be written."""
    with suppress(OSError):
        file.close()


def replace(temporary: Path, target: Path) -> None:
    """Give the file its name, with the permissions of the one it replaces."""
    with suppress(FileNotFoundError):
        temporary.chmod(stat.S_IMODE(target.stat().st_mode))
    temporary.replace(target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name, too, must outlive a power cut
        finally:
            os.close(folder)


def settle(files: Sequence[BinaryIO], name: str) -> None:
    """Make sure that all of an output is on the disk before any of it appears under its name."""
    with named(name):
        for file in files:
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def named(name: str) -> Iterator[None]:
    """Turn an error of the operating system into one that names the output."""
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read the output has had enough, which is no failure
    except OSError as error:
        raise ConfigError(f"cannot write {name}: {error.strerror or error}") from error

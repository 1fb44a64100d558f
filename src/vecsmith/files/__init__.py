"""Texts from files, and vectors into files."""

from vecsmith.files.columns import BadRow, Row
from vecsmith.files.folders import Folder
from vecsmith.files.outputs import Format, Sink, format_of, open_sink, paths_of
from vecsmith.files.rows import STDIN, Kind, Rows, read_rows

__all__ = [
    "STDIN",
    "BadRow",
    "Folder",
    "Format",
    "Kind",
    "Row",
    "Rows",
    "Sink",
    "format_of",
    "open_sink",
    "paths_of",
    "read_rows",
]

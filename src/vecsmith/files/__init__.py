"""Texts from files, and vectors into files."""

from vecsmith.files.columns import BadRow, Row
from vecsmith.files.outputs import Format, Sink, format_of, open_sink
from vecsmith.files.rows import Kind, Rows, read_rows

__all__ = ["BadRow", "Format", "Kind", "Row", "Rows", "Sink", "format_of", "open_sink", "read_rows"]

"""Clusters as a table for a terminal."""

from __future__ import annotations

import shutil
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vecsmith.clustering import Cluster, Clusters

__all__ = ["table"]

HEADER = ("cluster", "size", "share", "name", "in its middle")

WIDTH = 100
"""Columns where there is no terminal."""

NAME = 36
"""Columns of the longest name in one line; longer ones go on beneath."""

CENTRAL = 2
"""Central texts of each cluster."""

LONG = 1_000
"""Characters of a text that can be on a terminal at all."""


def table(clusters: Clusters) -> Iterator[str]:
    """Yield the lines of a table: a cluster in two or three, its central texts cut to the terminal's width."""
    names = {each.index: list(wrapped(each.name, NAME)) for each in clusters}
    wide = max([cells(HEADER[3]), *(cells(line) for lines in names.values() for line in lines)])
    left = [max([len(HEADER[0]), *(len(str(each.index)) for each in clusters)])]
    left.append(max([len(HEADER[1]), *(len(f"{each.size:,}") for each in clusters)]))
    room = max(20, shutil.get_terminal_size((WIDTH, 24)).columns - sum(left) - len(HEADER[2]) - wide - 4 * 2)
    yield joined(HEADER[:3], left, HEADER[3], wide, HEADER[4])
    for each in clusters:
        numbers = (str(each.index), f"{each.size:,}", f"{clusters.share(each):.0%}")
        for name, text in zip_longest(names[each.index], shown(each, room), fillvalue=""):
            yield joined(numbers, left, name, wide, text)
            numbers = ("", "", "")


def joined(numbers: tuple[str, ...], left: list[int], name: str, wide: int, text: str) -> str:
    """Return a line: numbers to the right, words to the left."""
    cluster, size, share = numbers
    gap = " " * (wide - cells(name))
    return f"{cluster:>{left[0]}}  {size:>{left[1]}}  {share:>{len(HEADER[2])}}  {name}{gap}  {text}".rstrip()


def shown(cluster: Cluster, room: int) -> Iterator[str]:
    """Yield the most central texts, each in one line that is no wider than there is room."""
    for text in cluster.central[:CENTRAL]:
        line = plain(text)
        yield line if len(text) <= LONG and cells(line) <= room else cut(line, room - 1) + "…"


def plain(text: str) -> str:
    """Return the beginning of a text in one line that cannot disturb a terminal."""
    line = " ".join(text[:LONG].split())
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in line)


def wrapped(name: str, most: int) -> Iterator[str]:
    """Yield a name in lines, broken between words."""
    line = ""
    for word in plain(name).split(" "):
        if line and cells(line) + 1 + cells(word) > most:
            yield line
            line = ""
        line = f"{line} {word}".strip()
    yield cut(line, most)


def cut(line: str, room: int) -> str:
    """Return the beginning of a line that fits."""
    line = line[:room]
    while cells(line) > room:
        line = line[:-1]
    return line


def cells(line: str) -> int:
    """Return the columns that a line takes; Chinese, Japanese and Korean letters take two."""
    from rich.cells import cell_len

    return cell_len(line)

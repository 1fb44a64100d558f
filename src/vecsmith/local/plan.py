"""Token rows in, batches out: a fixed ladder of shapes, and a pool that fills them. Pure: no threads, no clocks.

Every shape a compiled model meets costs memory for good, so batches come from a ladder of at most `SHAPES` of them.
Rows wait sorted by length, so that the rows of a batch are nearly equally long and little of it is padding. A batch is
led by the longest waiting row of a job, filled up with its next shorter neighbours of any job. Every third is led by
the job that came first, the rest by all jobs in turn: so a small job need not wait for a large one to end, and a large
one ends although small ones come without end.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from dataclasses import dataclass, field
from math import floor, log2
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.local.tokens import Ids

__all__ = ["FOR_MANY", "FOR_ONE", "SHAPES", "Batch", "Grain", "Job", "Ladder", "Pool", "Row", "Shape"]

SHAPES = 64
SHORTEST = 8
STEP = 2


class Grain(NamedTuple):
    """How a ladder's shapes are shared out."""

    full: int
    """Lengths that full batches come in."""
    few: tuple[tuple[int, int], ...]
    """Rows of small batches, and how many lengths they come in."""


FOR_MANY = Grain(44, ((1, 12), (4, 5), (16, 3)))
FOR_ONE = Grain(18, ((1, 28), (4, 8), (8, 5), (16, 5)))
"""What padding costs a single text, its caller waits for."""

OVERHEAD = 32
"""Tokens that take as long as what a batch costs whatever is in it: the weights are read for each."""

ELDEST = 3
"""Of so many batches one is led by the oldest job."""

TIGHT = 0.9
"""The share of a batch's tokens that are no padding from which on it is not worth looking for a better one."""


class Shape(NamedTuple):
    """Rows and tokens per row of one batch."""

    rows: int
    length: int


@dataclass(frozen=True, slots=True)
class Ladder:
    """The shapes a model is run with."""

    shapes: tuple[Shape, ...]
    lengths: tuple[int, ...]
    budget: int
    """Tokens of a full batch, padding included; a single longer text makes a batch of its own."""

    @classmethod
    def of(cls, max_tokens: int, budget: int, grain: Grain = FOR_MANY) -> Self:
        """Return at most `SHAPES` shapes for texts of up to `max_tokens` tokens."""
        fine = lengths_up_to(max_tokens, grain.full)
        shapes = {Shape(max(1, budget // length), length) for length in fine}
        for rows, count in grain.few:
            longest = max_tokens if rows == 1 else min(max_tokens, budget // rows)
            shapes |= {Shape(rows, length) for length in lengths_up_to(longest, count) if length}
        return cls(tuple(sorted(shapes)), fine, budget)

    @classmethod
    def single(cls, length: int) -> Self:
        """Return the one shape of a single text of up to `length` tokens."""
        return cls((Shape(1, length),), (length,), length)

    def padded(self, length: int) -> int:
        """Return the length that rows of `length` tokens have in a full batch."""
        return self.lengths[bisect_left(self.lengths, length)]

    def full(self, length: int) -> int:
        """Return how many rows of up to `length` tokens make a full batch."""
        return max(1, self.budget // self.padded(length))

    def fit(self, rows: int, length: int) -> Shape:
        """Return the smallest shape that holds `rows` rows of up to `length` tokens."""
        holding = (shape for shape in self.shapes if shape.rows >= rows and shape.length >= length)
        return min(holding, key=lambda shape: (shape.rows * shape.length, shape))


def lengths_up_to(max_tokens: int, count: int) -> tuple[int, ...]:
    """Return at most `count` lengths up to `max_tokens`, each longer than the last by about the same share.

    Equal shares, because what padding costs is its share of a row.
    """
    share = float(max_tokens)
    best = stairs(max_tokens, share)
    while len(finer := stairs(max_tokens, share)) <= count and share * max_tokens >= STEP:
        best, share = finer, share * 0.9
    return best


def stairs(max_tokens: int, share: float) -> tuple[int, ...]:
    """Return lengths from `SHORTEST` to `max_tokens` that grow by about `share`.

    They are multiples of powers of two, so that the longer ones fill the blocks of 16 that attention is computed in.
    """
    lengths = [min(SHORTEST, max_tokens)]
    while lengths[-1] < max_tokens:
        step = max(STEP, 2 ** floor(log2(max(1.0, lengths[-1] * share))))
        lengths.append((lengths[-1] // step + 1) * step)
    return (*lengths[:-1], max_tokens)


@dataclass(slots=True, eq=False)
class Row:
    """One text's token ids, waiting for its vector."""

    ids: Ids
    job: Job
    index: int
    """Its position among the rows of its job."""
    number: int = 0
    """Its position among all rows ever added to a pool."""
    waiting: bool = True

    @property
    def key(self) -> tuple[int, int]:
        """What rows are sorted by: the length, then the order in which they came."""
        return len(self.ids), self.number


@dataclass(slots=True, eq=False)
class Job:
    """The rows of one call; `rows` is sorted by length, and taken from its end."""

    rows: list[Row] = field(default_factory=list)

    @classmethod
    def of(cls, ids: Sequence[Ids]) -> Self:
        """Make a job of one row for each sequence of ids."""
        job = cls()
        job.rows = [Row(row, job, index) for index, row in enumerate(ids)]
        return job

    def longest(self) -> Row | None:
        """Return the longest row that still waits."""
        while self.rows and not self.rows[-1].waiting:
            self.rows.pop()
        return self.rows[-1] if self.rows else None


class Batch(NamedTuple):
    """Rows to run together, at most ``shape.rows`` of at most ``shape.length`` tokens."""

    rows: list[Row]
    shape: Shape


class Pool:
    """The rows that wait, and whose turn it is."""

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self.sorted: list[Row] = []
        self.turns: deque[Job] = deque()
        self.arrived: dict[Job, None] = {}
        """Jobs that have rows waiting, in the order in which they came."""
        self.taken = 0
        """Batches that were taken."""
        self.added = self.tokens = 0
        """Rows that were ever added, and the tokens of those that wait."""

    def __len__(self) -> int:
        return len(self.sorted)

    def add(self, job: Job) -> None:
        """Let the rows of a job wait."""
        for self.added, row in enumerate(job.rows, self.added + 1):  # noqa: B020 (counts on from where it stood)
            row.number = self.added
            self.tokens += len(row.ids)
        job.rows.sort(key=lambda row: row.key)
        self.sorted = sorted(self.sorted + job.rows, key=lambda row: row.key)
        self.turns.append(job)
        self.arrived[job] = None

    def remove(self, job: Job) -> None:
        """Forget the rows of a job that was given up."""
        self.arrived.pop(job, None)
        for row in job.rows:
            row.waiting = False
        self.tokens -= sum(len(row.ids) for row in self.sorted if row.job is job)
        self.sorted = [row for row in self.sorted if row.job is not job]

    def take(self) -> Batch | None:
        """Return the next batch, or None when nothing waits."""
        job = self.oldest() if (self.taken + 1) % ELDEST == 0 else self.next_in_turn()
        if job is None or (leader := job.longest()) is None:
            return None
        self.taken += 1
        return self.led_by(leader)

    def oldest(self) -> Job | None:
        """Return the job that came first of those whose rows wait."""
        while self.arrived:
            job = next(iter(self.arrived))
            if job.longest() is not None:
                return job
            del self.arrived[job]
        return None

    def next_in_turn(self) -> Job | None:
        """Return the job whose turn it is, which then waits for the turns of all others."""
        while self.turns:
            job = self.turns.popleft()
            if job.longest() is not None:
                self.turns.append(job)
                return job
        return None

    def led_by(self, leader: Row) -> Batch:
        """Take a row and the neighbours that fill its batch: shorter ones first, then ones up to twice as long."""
        place = bisect_left(self.sorted, leader.key, key=lambda row: row.key)
        longest = self.ladder.padded(len(leader.ids))
        end = bisect_right(self.sorted, longest, key=lambda row: len(row.ids))
        start = max(0, min(place, end - self.ladder.full(longest)))
        end = min(end, start + self.ladder.full(longest))
        while end < len(self.sorted) and self.has_room(end + 1 - start, len(self.sorted[end].ids), 2 * longest):
            end += 1
        return self.removed(*self.trimmed(start, end, place))

    def trimmed(self, start: int, end: int, place: int) -> tuple[int, int]:
        """Return the part of a run, with the row at `place` in it, that is best computed now and the others later.

        20 rows may take less time as 16 and 4 than padded to 32.
        """
        lengths = [len(row.ids) for row in self.sorted[start:end]]
        count, whole = len(lengths), self.ladder.fit(len(lengths), lengths[-1])
        if sum(lengths) >= TIGHT * whole.rows * whole.length:
            return start, end

        def part(rows: int) -> tuple[int, int]:
            first = min(place - start, count - rows)
            return first, first + rows

        def cost(rows: int) -> tuple[int, int]:
            first, last = part(rows)
            left = self.cost(count - rows, lengths[-1] if last < count else lengths[first - 1]) if rows < count else 0
            return self.cost(rows, lengths[last - 1]) + left, -rows

        counts = {min(shape.rows, count) for shape in self.ladder.shapes if shape.length >= lengths[0]}
        first, last = part(min(counts, key=cost))
        return start + first, start + last

    def cost(self, rows: int, length: int) -> int:
        """Return what so many rows of up to `length` tokens cost as one batch, in tokens."""
        shape = self.ladder.fit(rows, length)
        return OVERHEAD + shape.rows * shape.length

    def has_room(self, rows: int, length: int, longest: int) -> bool:
        """Whether so many rows of this length are still one batch."""
        return length <= longest and rows <= self.ladder.full(length)

    def removed(self, start: int, end: int) -> Batch:
        """Take a run of the sorted rows."""
        rows = self.sorted[start:end]
        del self.sorted[start:end]
        for row in rows:
            row.waiting = False
        self.tokens -= sum(len(row.ids) for row in rows)
        return Batch(rows, self.ladder.fit(len(rows), len(rows[-1].ids)))

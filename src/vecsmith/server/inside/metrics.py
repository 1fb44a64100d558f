"""What is counted of every request, in plain numbers: a scrape turns them into Prometheus's format."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from vecsmith.local.tally import Distribution

if TYPE_CHECKING:
    from vecsmith.dialects.serving import Problem
    from vecsmith.server.visit import Visit

__all__ = ["OWN", "Metrics"]

OWN = "own"
"""The dialect of routes that are about the server itself."""

GOOD = 400
"""Below this, a status says that the request was answered as asked."""


class Metrics:
    """Counts requests; used in one event loop. Keys and request ids are no labels: there may be any number of them."""

    def __init__(self) -> None:
        self.requests: Counter[tuple[str, str, str, int]] = Counter()
        """By method, route, dialect and status."""
        self.problems: Counter[tuple[str, str]] = Counter()
        """By kind and dialect."""
        self.seconds: defaultdict[str, Distribution] = defaultdict(Distribution)
        """By dialect."""
        self.stages: defaultdict[str, Distribution] = defaultdict(Distribution)
        self.texts: Counter[tuple[str, str]] = Counter()
        """By model and dialect, as those beneath."""
        self.tokens: Counter[tuple[str, str]] = Counter()
        self.dropped: Counter[tuple[str, str]] = Counter()
        self.cached: Counter[tuple[str, str]] = Counter()
        self.asked: Counter[str] = Counter()
        """Requests for vectors: ``single`` or ``batch``."""
        self.failed: Counter[str] = Counter()
        """Those that failed, by the problem's kind."""
        self.work = Distribution()
        """Seconds of those."""

    def count(self, visit: Visit, problem: Problem | None) -> None:
        """Count a request that was answered."""
        dialect = visit.dialect
        self.requests[visit.method, visit.route, dialect, visit.status] += 1
        self.seconds[dialect].add(visit.seconds)
        if problem is not None:
            self.problems[problem.kind, dialect] += 1
        wanted = visit.model is not None or (problem is not None and visit.method == "POST")
        if wanted and dialect not in {OWN, ""}:
            self.count_work(visit, problem)

    def count_work(self, visit: Visit, problem: Problem | None) -> None:
        """Count what a request for vectors took."""
        self.asked["batch" if visit.texts > 1 else "single"] += 1
        self.work.add(visit.seconds)
        if problem is not None:
            self.failed[problem.kind] += 1
        for stage, seconds in visit.stages.items():
            self.stages[stage].add(seconds)
        if visit.model is not None and visit.status < GOOD:
            served = visit.model, visit.dialect
            self.texts[served] += visit.texts
            self.tokens[served] += visit.tokens
            self.dropped[served] += visit.dropped
            self.cached[served] += visit.cached

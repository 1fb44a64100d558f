"""What ``/metrics`` tells, in Prometheus's format (https://prometheus.io/docs/instrumenting/exposition_formats/).

Numbers that text-embeddings-inference has too are told under its names, so that dashboards made for it go on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from vecsmith.server.inside.readiness import engines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vecsmith.local.tally import Distribution
    from vecsmith.server.service import Service

__all__ = ["exposed"]

K = TypeVar("K", bound=tuple[str, ...])

ERRORS = {
    "input": "validation",
    "internal": "inference",
    "overloaded": "overloaded",
    "too_large": "validation",
    "too_long": "validation",
    "too_many": "validation",
    "unavailable": "inference",
}
"""What text-embeddings-inference calls our problems; those that it does not have keep our name."""


def exposed(service: Service, accept: str) -> tuple[bytes, str]:
    """Return what is told, and its media type, in the format that the scraper takes."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    registry.register(Collected(service))
    write, kind = choose_encoder(accept)
    return write(registry), kind


class Collected:
    """Reads a service's numbers when it is asked."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def collect(self) -> Iterator[Metric]:
        """Yield them all."""
        yield from requests(self.service)
        yield from models(self.service)
        yield from lanes(self.service)
        yield from as_tei(self.service)


def requests(service: Service) -> Iterator[Metric]:
    """Yield what is known of requests."""
    counts, gate = service.metrics, service.gate
    yield counter(
        "vecsmith_requests",
        "Requests answered; a status of 499 is a client that hung up",
        ("method", "route", "dialect", "status"),
        {(method, route, dialect, str(status)): n for (method, route, dialect, status), n in counts.requests.items()},
    )
    yield counter("vecsmith_problems", "Requests refused or failed", ("kind", "dialect"), counts.problems)
    seconds = {(dialect,): spent for dialect, spent in counts.seconds.items()}
    yield histogram("vecsmith_request_seconds", "From the headers to the end of the answer", ("dialect",), seconds)
    stages = {(stage,): spent for stage, spent in counts.stages.items()}
    yield histogram("vecsmith_stage_seconds", "Seconds of requests for vectors, by stage", ("stage",), stages)
    yield gauge("vecsmith_requests_under_way", "Requests that wait or are computed", gate.requests)
    yield gauge("vecsmith_requests_most", "Requests that may wait or be computed at once", gate.most_requests)
    yield gauge("vecsmith_bytes_under_way", "Characters of texts that wait or are computed", gate.bytes)
    yield gauge("vecsmith_stopping", "Whether the server was told to stop", int(service.stopping))


def models(service: Service) -> Iterator[Metric]:
    """Yield what is known of texts."""
    counts, labels = service.metrics, ("model", "dialect")
    yield counter("vecsmith_texts", "Texts embedded", labels, counts.texts)
    yield counter("vecsmith_tokens", "Tokens read", labels, counts.tokens)
    yield counter("vecsmith_tokens_dropped", "Tokens cut off", labels, counts.dropped)
    looked_up = {model.name for model in service.menu.models if model.embedder.cache is not None}
    hits = {served: hits for served, hits in counts.cached.items() if served[0] in looked_up}
    misses = {served: counts.texts[served] - found for served, found in hits.items()}
    yield counter("vecsmith_cache_hits", "Texts that came from the cache", labels, hits)
    yield counter("vecsmith_cache_misses", "Texts that were not in the cache", labels, misses)


def lanes(service: Service) -> Iterator[Metric]:
    """Yield what is known of the local engines' batches."""
    labels = ("model", "lane")
    found = {
        (name, str(lane_name)): lane
        for name, engine in engines(service).items()
        for lane_name, lane in engine.lanes.copy().items()
    }
    counts = {key: lane.batches for key, lane in found.items()}
    rows = {key: each.rows for key, each in counts.items()}
    yield histogram("vecsmith_batch_rows", "Texts in each batch", labels, rows)
    seconds = {key: each.seconds for key, each in counts.items()}
    yield histogram("vecsmith_batch_seconds", "Seconds of each batch in the model", labels, seconds)
    tokens = {key: each.tokens for key, each in counts.items()}
    yield counter("vecsmith_batch_tokens", "Tokens computed, without padding", labels, tokens)
    padded = {key: each.padded.total for key, each in counts.items()}
    yield counter("vecsmith_batch_padded_tokens", "Tokens computed, padding included", labels, padded)
    waiting = {key: len(lane.pool) for key, lane in found.items()}
    yield gauges("vecsmith_lane_texts_waiting", "Texts that wait for a batch", labels, waiting)
    held_up = {key: lane.held_up if lane.busy else 0.0 for key, lane in found.items()}
    yield gauges("vecsmith_lane_held_up_seconds", "Seconds since the work of a lane got on", labels, held_up)


def as_tei(service: Service) -> Iterator[Metric]:
    """Yield what text-embeddings-inference tells as well, under its names.

    Its counters do not end in ``_total``, as counters must in Prometheus's own library; they are told without a type.
    """
    counts = service.metrics
    asked, failed = counts.asked, counts.failed
    errors: dict[tuple[str, ...], int] = {}
    for kind, n in failed.items():
        name = (ERRORS.get(kind, kind),)
        errors[name] = errors.get(name, 0) + n
    methods = {(method,): n for method, n in asked.items()}
    yield plain("te_request_count", "Requests for vectors", ("method",), methods)
    yield plain("te_request_success", "Those answered", (), {(): asked.total() - failed.total()})
    yield plain("te_request_failure", "Those refused or failed", ("err",), errors)
    yield plain("te_embed_count", "Texts embedded", (), {(): counts.texts.total()})
    yield plain("te_embed_success", "Texts embedded", (), {(): counts.texts.total()})
    yield histogram("te_request_duration", "Seconds of requests for vectors", (), {(): counts.work})
    batches = [lane.batches for engine in engines(service).values() for lane in engine.lanes.copy().values()]
    waiting = sum(len(lane.pool) for engine in engines(service).values() for lane in engine.lanes.copy().values())
    yield gauge("te_queue_size", "Texts that wait for a batch", waiting)
    inference = {(): total(each.seconds for each in batches)} if batches else {}
    yield histogram("te_embed_inference_duration", "Seconds of each batch in the model", (), inference)
    sizes = {(): total(each.rows for each in batches)} if batches else {}
    yield histogram("te_batch_next_size", "Texts in each batch", (), sizes)
    tokens = {(): total(each.padded for each in batches)} if batches else {}
    yield histogram("te_batch_next_tokens", "Tokens of each batch, padding included", (), tokens)


def total(parts: Iterable[Distribution]) -> Distribution:
    """Return several distributions with the same bounds as one."""
    every = list(parts)
    whole = type(every[0])(every[0].bounds)
    whole.counts = [sum(column) for column in zip(*(part.counts for part in every), strict=True)]
    whole.total = sum(part.total for part in every)
    return whole


def counter(name: str, says: str, labels: Sequence[str], values: Mapping[K, float]) -> Metric:
    """Return numbers that only grow; their name gets ``_total``."""
    family = CounterMetricFamily(name, says, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def plain(name: str, says: str, labels: Sequence[str], values: Mapping[K, float]) -> Metric:
    """Return numbers under the very name."""
    family = Metric(name, says, "unknown")
    for key, value in values.items():
        family.add_sample(name, dict(zip(labels, key, strict=True)), value)
    return family


def gauges(name: str, says: str, labels: Sequence[str], values: Mapping[K, float]) -> Metric:
    """Return numbers that go up and down."""
    family = GaugeMetricFamily(name, says, labels=labels)
    for key, value in values.items():
        family.add_metric(key, value)
    return family


def gauge(name: str, says: str, value: float) -> Metric:
    """Return one such number."""
    return gauges(name, says, (), {(): value})


def histogram(name: str, says: str, labels: Sequence[str], values: Mapping[K, Distribution]) -> Metric:
    """Return how numbers are distributed."""
    family = HistogramMetricFamily(name, says, labels=labels)
    for key, spent in values.items():
        buckets, count = [], 0
        for bound, more in zip((*map(str, spent.bounds), "+Inf"), spent.counts, strict=True):
            count += more
            buckets.append((bound, float(count)))
        family.add_metric(key, buckets, spent.total)
    return family

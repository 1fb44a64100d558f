"""What a server tells of itself: health, readiness, metrics, logs, traces, and its page."""

import asyncio
import json
import logging
import os
import threading
import urllib.error
import urllib.request

import numpy as np
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as families

from processes import until
from served import serving, started
from vecsmith import AsyncEmbedder
from vecsmith.dialects.serving import Problem
from vecsmith.local import lane as lanes
from vecsmith.server.inside import logs, readiness
from vecsmith.server.inside.logs import Writer, writing
from vecsmith.server.inside.tracing import Tracing
from vecsmith.testing import FakeGenerator

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def ask(address, path, *, method="GET", body=None, **headers):
    """Return the status, the headers and the text of an answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(address + path, data, named, method="POST" if data else method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read().decode()


def eventually(condition):
    asyncio.run(until(condition))


def embed(address, texts, **headers):
    return ask(address, "/openai/v1/embeddings", body={"input": texts}, **headers)


def told(address, name, **labels):
    """Return what /metrics says of a number."""
    text = ask(address, "/metrics")[2]
    samples = [sample for family in families(text) for sample in family.samples]
    return sum(each.value for each in samples if each.name == name and labels.items() <= each.labels.items())


class NeedsKey:
    """Lets in whoever says the word."""

    def caller(self, incoming):
        from vecsmith.server.access.callers import Visitor

        if incoming.headers.get("authorization") != "Bearer secret":
            raise Problem("no_key", "send a key")
        return Visitor("key-1")


@pytest.fixture(scope="module")
def fake():
    with serving({"fake": FakeGenerator(longest=100)}, aliases={"other": "fake"}) as (address, _):
        yield address


# --- health and readiness


@pytest.mark.parametrize("path", ["/health", "/ready", "/ping", "/tei/health", "/tei/ping"])
def test_who_looks_after_the_server_is_answered_without_a_key(path):
    with serving(access=NeedsKey()) as (address, _):
        assert ask(address, path)[0] == 200
        assert ask(address, path, method="HEAD")[0] == 200
        assert embed(address, "a")[0] == 401


def test_a_server_that_stops_is_not_ready_and_still_answers():
    with serving() as (address, service):
        service.stopping = True
        status, headers, body = ask(address, "/ready")
        assert (status, json.loads(body)["status"], headers["connection"]) == (503, "stopping", "close")
        assert ask(address, "/tei/health")[0] == 503
        assert ask(address, "/health")[0] == 200
        assert embed(address, "a")[0] == 200


@pytest.fixture
def held(monkeypatch):
    """Holds every batch back until it is told to go."""
    go, infer = threading.Event(), lanes.infer

    def waits(request, batch):
        assert go.wait(60)
        return infer(request, batch)

    monkeypatch.setattr(lanes, "infer", waits)
    yield go
    go.set()


def test_a_model_whose_lane_is_stuck_is_named_until_it_goes_on(open_model, held, monkeypatch):
    _, embedder = open_model()
    generator = embedder.generator
    with serving({"fake": FakeGenerator(), "tiny": AsyncEmbedder.from_generator(generator)}) as (address, _):
        given = generator.engine.submit([np.array([5, 6], np.int32)])
        eventually(generator.engine.held_up)
        assert ask(address, "/ready")[0] == 200  # it may take its time
        monkeypatch.setattr(readiness, "STUCK", 0.0)
        status, _, body = ask(address, "/ready")
        assert status == 503
        assert list(json.loads(body)["troubles"]) == ["tiny"]
        assert "quick lane" in body
        assert told(address, "vecsmith_lane_held_up_seconds", lane="quick") > 0
        held.set()
        given.result(30)
        eventually(lambda: not generator.engine.held_up())
        assert ask(address, "/ready")[0] == 200


def test_work_that_waits_behind_a_batch_that_runs_is_held_up_with_it(open_model, held):
    _, embedder = open_model()
    engine = embedder.generator.engine
    first = engine.submit([np.array([5, 6], np.int32)])
    lane = engine.lanes["quick"]
    eventually(lambda: lane.begun)
    begun = lane.held_up
    second = engine.submit([np.array([5, 7], np.int32)])
    assert lane.held_up > begun
    held.set()
    first.result(30)
    second.result(30)
    eventually(lambda: not lane.busy)
    assert lane.held_up == 0
    assert lane.batches.tokens == 4
    assert lane.batches.padded.total >= lane.batches.tokens


# --- the page


def test_browsers_get_a_page_and_others_a_line(fake):
    status, headers, page = ask(fake, "/", accept="text/html,application/xhtml+xml")
    assert (status, headers.get_content_type()) == (200, "text/html")
    for shown in ("fake", "also called other", f"OPENAI_BASE_URL={fake}/openai/v1", "/metrics", "/health"):
        assert shown in page
    status, headers, line = ask(fake, "/")
    assert (status, headers.get_content_type(), line.count("\n")) == (200, "text/plain", 1)
    status, headers, nothing = ask(fake, "/", method="HEAD")
    assert (status, nothing) == (200, "")


def test_the_page_loads_nothing_and_runs_nothing_but_its_own(fake):
    _, headers, page = ask(fake, "/", accept="text/html")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "src=" not in page
    assert "<link" not in page


def test_the_page_repeats_no_host_that_is_none(fake):
    _, _, page = ask(fake, "/", accept="text/html", host='x"><script>alert(1)</script>')
    assert "alert" not in page
    assert "OPENAI_BASE_URL=/openai/v1" in page


# --- metrics


def test_requests_texts_and_tokens_are_counted():
    with serving({"fake": FakeGenerator(longest=100)}) as (address, _):
        embed(address, ["a", "bc"])
        embed(address, "a" * 101)
        ask(address, "/nowhere")
        route = {"route": "/openai/v1/embeddings", "dialect": "openai", "method": "POST"}
        assert told(address, "vecsmith_requests_total", status="200", **route) == 1
        assert told(address, "vecsmith_requests_total", status="400", **route) == 1
        assert told(address, "vecsmith_requests_total", status="404", route="") == 1
        assert told(address, "vecsmith_problems_total", kind="input") == 1
        assert told(address, "vecsmith_texts_total", model="fake") == 2
        assert told(address, "vecsmith_tokens_total", model="fake") == 3
        assert told(address, "vecsmith_request_seconds_count", dialect="openai") == 2
        for stage in ("prepare", "cache", "model", "finish", "parse", "render", "send"):
            assert told(address, "vecsmith_stage_seconds_count", stage=stage) > 0


def test_what_text_embeddings_inference_counts_has_its_names():
    with serving({"fake": FakeGenerator(longest=100)}) as (address, _):
        embed(address, ["a", "bc"])
        embed(address, "a" * 101)
        assert told(address, "te_request_count") == 2
        assert told(address, "te_request_count", method="batch") == 1
        assert told(address, "te_request_success") == 1
        assert told(address, "te_request_failure", err="validation") == 1
        assert told(address, "te_embed_count") == 2
        assert told(address, "te_request_duration_count") == 2
        assert told(address, "te_queue_size") == 0


def test_batches_of_a_local_model_are_counted_with_their_padding(open_model):
    _, embedder = open_model()
    with serving({"tiny": AsyncEmbedder.from_generator(embedder.generator)}) as (address, _):
        embed(address, ["a b c", "a"])
        assert told(address, "vecsmith_batch_rows_sum", model="tiny", lane="quick") == 2
        tokens = told(address, "vecsmith_batch_tokens_total", model="tiny")
        assert tokens == told(address, "vecsmith_tokens_total", model="tiny")
        assert told(address, "vecsmith_batch_padded_tokens_total", model="tiny") >= tokens
        assert told(address, "te_batch_next_size_sum") == 2
        assert told(address, "te_embed_inference_duration_count") == told(address, "te_batch_next_tokens_count")


def test_texts_from_the_cache_are_told_from_those_that_were_computed():
    from vecsmith.cache import open_cache

    embedder = AsyncEmbedder.from_generator(FakeGenerator(), cache=open_cache("memory"))
    with serving({"fake": embedder}) as (address, _):
        embed(address, ["a", "b"])
        embed(address, ["a", "c"])
        assert told(address, "vecsmith_cache_hits_total", model="fake") == 1
        assert told(address, "vecsmith_cache_misses_total", model="fake") == 3


def test_scrapers_that_want_openmetrics_get_it(fake):
    _, headers, text = ask(fake, "/metrics", accept="application/openmetrics-text;version=1.0.0")
    assert headers.get_content_type() == "application/openmetrics-text"
    assert {"vecsmith_requests", "te_request_count"} <= {family.name for family in openmetrics(text)}


def test_metrics_want_a_key_where_there_are_keys_unless_the_operator_says_otherwise():
    with serving(access=NeedsKey()) as (address, _):
        assert ask(address, "/metrics")[0] == 401
        assert ask(address, "/metrics", authorization="Bearer secret")[0] == 200
    with serving(access=NeedsKey(), open_metrics=True) as (address, _):
        assert ask(address, "/metrics")[0] == 200


# --- request ids


@pytest.mark.parametrize("said", ["my-request_7", "with blank", "x" * 128])
def test_a_request_keeps_the_number_it_brings(fake, said):
    assert ask(fake, "/health", x_request_id=said)[1]["x-request-id"] == said


@pytest.mark.parametrize("said", ["", "x" * 129, "tab\there", "ümlaut"])
def test_a_number_that_is_not_printable_or_too_long_is_replaced(fake, said):
    found = ask(fake, "/health", x_request_id=said)[1]["x-request-id"]
    assert len(found) == 32
    assert said == "" or said not in found


# --- logs


@pytest.fixture
def logged():
    """Write logs to a pipe; return what came out of it when the server is told that it is the end."""
    reader, writer = os.pipe()

    def lines(log_format, action):
        with os.fdopen(writer, "wb"), writing(log_format, writer):
            action()
        with os.fdopen(reader, "rb") as file:
            return file.read().decode().splitlines()

    return lines


def test_each_request_is_a_line_of_json_without_texts_keys_or_queries(logged):
    def action():
        with serving({"fake": FakeGenerator(longest=100)}, access=NeedsKey()) as (address, _):
            embed(address, ["my words", "b"], authorization="Bearer secret", x_request_id="r1")
            ask(address, "/openai/v1/embeddings?key=hidden", body={"input": "x" * 101}, authorization="Bearer secret")
            ask(address, "/my/path?key=hidden")

    good, bad, nowhere = lines = logged("json", action)
    assert not any(word in line for line in lines for word in ("my words", "secret", "hidden", "xxx", "my/path"))
    good, bad, nowhere = map(json.loads, (good, bad, nowhere))
    assert good.pop("time").endswith("Z")
    assert good.pop("ms") > 0
    assert good == {
        "level": "info",
        "event": "request",
        "id": "r1",
        "method": "POST",
        "route": "/openai/v1/embeddings",
        "status": 200,
        "dialect": "openai",
        "key": "key-1",
        "model": "fake",
        "texts": 2,
        "tokens": 9,
        "dropped": 0,
        "cached": 0,
    }
    assert (bad["status"], bad["error"], bad["texts"]) == (400, "input", 1)
    assert (nowhere["status"], nowhere["error"], nowhere["route"]) == (404, "route", "")


def test_a_line_for_people_says_the_same(logged):
    def action():
        with serving() as (address, _):
            embed(address, "a", x_request_id="two words")

    (line,) = logged("text", action)
    assert " 200 POST /openai/v1/embeddings " in line
    assert 'id="two words"' in line
    assert "model=fake texts=1 tokens=1 dropped=0 cached=0" in line


def test_probes_are_told_only_when_the_answer_is_bad(logged):
    def action():
        with serving() as (address, service):
            for path in ("/health", "/ready", "/metrics"):
                ask(address, path)
            service.stopping = True
            ask(address, "/ready")

    (line,) = logged("json", action)
    assert (json.loads(line)["route"], json.loads(line)["status"]) == ("/ready", 503)


def test_without_a_format_only_what_goes_wrong_is_told_and_without_its_words(logged):
    def action():
        with serving() as (address, _):
            embed(address, "a")
        try:
            raise ValueError("my words")
        except ValueError:
            logging.getLogger("vecsmith.server").exception("it failed")

    (line,) = logged("none", action)
    assert "error: it failed error=ValueError" in line
    assert "my words" not in line


def test_a_log_that_nobody_reads_holds_nothing_up_and_lines_that_were_lost_are_counted(monkeypatch):
    monkeypatch.setattr(logs, "MOST", 50)
    monkeypatch.setattr(logs, "PATIENCE", 0.01)
    reader, writer = os.pipe()
    handler = Writer(json=True, file=writer)
    for _ in range(2000):
        handler.handle(logging.makeLogRecord({"name": "vecsmith.server", "msg": "x" * 1000}))  # far more than fits
    assert handler.lost > 0
    handler.close()
    with os.fdopen(writer, "wb"), os.fdopen(reader, "rb") as file:
        while b"lines were lost" not in file.readline():
            pass
        os.set_blocking(reader, False)
        eventually(lambda: file.read1(2**16) is not None and not handler.thread.is_alive())


def test_the_command_writes_the_log_in_the_format_asked_for():
    with started("--log-format", "json") as (address, process):
        embed(address, "a")
        line = json.loads(process.stderr.readline())
        assert (line["event"], line["model"], line["texts"]) == ("request", "minilm", 1)


# --- traces


@pytest.fixture
def spans():
    trace = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), trace.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider, exporter.get_finished_spans
    provider.shutdown()


def test_a_request_is_a_span_of_the_trace_that_it_names(spans):
    provider, finished = spans
    with serving() as (address, service):
        service.tracing = Tracing(provider)
        embed(address, ["my words"], traceparent=f"00-{TRACE}-00f067aa0ba902b7-01", x_request_id="r1")
        embed(address, ["a"], x_request_id="r2")
    first, second = finished()
    assert (first.name, first.kind.name) == ("POST /openai/v1/embeddings", "SERVER")
    assert f"{first.context.trace_id:032x}" == TRACE
    assert f"{first.parent.span_id:016x}" == "00f067aa0ba902b7"
    assert second.parent is None
    assert dict(first.attributes) == {
        "http.request.method": "POST",
        "http.route": "/openai/v1/embeddings",
        "http.response.status_code": 200,
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "fake",
        "gen_ai.request.model": "fake",
        "gen_ai.response.model": "fake",
        "gen_ai.usage.input_tokens": 8,
        "gen_ai.embeddings.dimension.count": 16,
        "vecsmith.request.id": "r1",
        "vecsmith.dialect": "openai",
        "vecsmith.texts": 1,
        "vecsmith.cached": 0,
    }


def test_calls_within_a_request_are_spans_within_its_span(spans):
    from vecsmith.middleware import Traced

    provider, finished = spans
    with serving({"fake": Traced(FakeGenerator(), tracer_provider=provider)}) as (address, service):
        service.tracing = Tracing(provider)
        embed(address, "a")
    inner, outer = finished()
    assert (inner.name, inner.parent.span_id) == ("embeddings fake", outer.context.span_id)


def test_only_what_the_server_cannot_do_is_an_error_of_its_span(spans):
    provider, finished = spans

    class Broken(FakeGenerator):
        async def generate(self, values, options=None):
            raise RuntimeError("my words")

    with serving({"fake": Broken()}) as (address, service):
        service.tracing = Tracing(provider)
        embed(address, "a")
        ask(address, "/openai/v1/embeddings", body={"input": "a", "model": "none"})
    broken, unknown = finished()
    assert (broken.status.status_code.name, broken.attributes["error.type"]) == ("ERROR", "internal")
    assert (unknown.status.status_code.name, unknown.attributes["error.type"]) == ("UNSET", "model")
    assert "my words" not in broken.to_json()


def test_without_anybody_to_see_spans_none_are_made():
    assert not Tracing().on

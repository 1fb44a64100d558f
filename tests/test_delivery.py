"""Texts to a service and vectors back, over real HTTP: each once, in order, whatever happens on the way."""

import asyncio
import gc
import http.server
import json
import random
import socketserver
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import trustme

from processes import until
from stub_service import FAULTS, LIES, vector_of
from stubs import PATHS, stub
from vecsmith import (
    AsyncEmbedder,
    AuthError,
    BadResponse,
    Closed,
    ConfigError,
    Embedder,
    InputError,
    ProviderError,
    RateLimited,
    Timeout,
    Unavailable,
)
from vecsmith.dialects import Answer, fault, rows_of
from vecsmith.dialects.openai import OpenAIClient
from vecsmith.pacing import pacers
from vecsmith.portal import portal
from vecsmith.providers import delivery, paid
from vecsmith.transport import HttpTransport, sessions
from vecsmith.wire import HttpRequest, HttpResponse

NUMBER = 3000


def embedder(service, model="m", **settings):
    return Embedder(model, base_url=f"{service.address}/v1", **settings)


def check(result, texts):
    assert len(result) == len(texts)
    for row, text in zip(result.vectors, texts, strict=True):
        np.testing.assert_allclose(row, vector_of(text), atol=1e-6)


@pytest.fixture(scope="module")
def good():
    with stub() as service:
        yield service


@pytest.fixture
def quick(monkeypatch):
    """Failed requests are sent again at once."""
    monkeypatch.setattr(delivery, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 0.01)
    monkeypatch.setattr(delivery, "RESTART", 0.0)


def test_every_text_gets_its_own_vector(good):
    texts = [f"text {i}" for i in range(NUMBER)]
    with embedder(good) as made:
        result = made.embed(texts)
    check(result, texts)
    assert result.usage.requests == 2
    assert result.usage.input_tokens == sum(result.items.tokens) > 0


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_costs_no_text_and_spoils_none(kind):
    texts = [f"text {i}" for i in range(NUMBER)]
    with stub(faults=0.3, kinds=[kind], seed=3) as service, embedder(service) as made:
        limit(made, items=50)
        describe(made, dimensions=16)
        check(made.embed(texts), texts)


def idle():
    """Whether nothing is under way."""
    return all(task.done() for task in asyncio.all_tasks(portal.loop))


def limit(made, **limits):
    """Give a model's requests other limits."""
    describe(made, limits=replace(made.generator.model.limits, **limits))


def describe(made, **row):
    """Give a model another row of the catalogue."""
    made.generator.model = replace(made.generator.model, **row)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", [lie.__name__ for lie in LIES if lie.__name__ != "shuffled"])
def test_a_service_that_always_lies_is_named_and_nothing_of_it_used(kind):
    with stub(faults=1.0, kinds=[kind]) as service, embedder(service) as made:
        describe(made, dimensions=16)
        with pytest.raises(BadResponse) as caught:
            made.embed(["a", "b"])
    assert caught.value.provider == "compatible"
    assert caught.value.status == 200


@pytest.mark.usefixtures("quick")
def test_a_service_that_is_down_is_unavailable():
    with stub() as service:
        made = embedder(service)
    with made, pytest.raises(Unavailable, match=r"compatible: 127\.0\.0\.1:\d+ cannot be reached"):
        made.embed("a")


class Nowhere:
    """A transport to a service that is not there."""

    def __init__(self):
        self.sent = 0

    async def send(self, request, *, timeout):  # noqa: ASYNC109 (as in the protocol)
        self.sent += 1
        raise Unavailable("nobody is there", provider="m")

    async def aclose(self):
        pass


@pytest.mark.usefixtures("quick")
def test_a_service_that_never_answered_is_given_up_sooner(good):
    for reached, times in ((False, delivery.UNKNOWN), (True, delivery.ATTEMPTS)):
        with embedder(good, f"m{reached}") as made:
            if reached:
                made.embed("a")
            made.generator.transport = Nowhere()
            with pytest.raises(Unavailable):
                made.embed("b")
            assert made.generator.transport.sent == times


def test_a_wrong_key_is_said_and_not_shown():
    with stub(key="right") as service:
        with embedder(service, api_key="sk-wrong") as made, pytest.raises(AuthError) as caught:
            made.embed("a")
        assert caught.value.status == 401
        assert "sk-wrong" not in str(caught.value)
        with embedder(service, api_key="right") as made:
            assert len(made.embed("a")) == 1


def test_headers_that_a_service_repeats_are_not_shown():
    with stub(key="right", echoes=True) as service, embedder(service, api_key="wrong") as made:
        headers = {"x-token": "META-SECRET", "x-more": "META-SECRET-2"}
        made.generator.service = replace(made.generator.service, headers=headers)
        with pytest.raises(AuthError, match="no such key") as caught:
            made.embed("a")
    assert "SECRET" not in str(caught.value)
    assert "…-2" not in str(caught.value)


def test_a_model_that_is_not_there_is_named(good):
    with embedder(good, "missing") as made, pytest.raises(ConfigError, match="does not have the model 'missing'"):
        made.embed("a")


@pytest.mark.parametrize("path", ["", "/v1/v1", "/user/pages"])
def test_an_address_without_an_embeddings_api_is_said_and_the_model_is_not_blamed(good, path):
    with Embedder("m", base_url=good.address + path) as made, pytest.raises(ConfigError) as caught:
        made.embed("a")
    assert str(caught.value) == (
        f"compatible: {good.address}{path} answers with no embeddings API (status 404): check base_url"
    )


def test_texts_that_are_refused_are_found_and_reported_alone(good):
    texts = [f"text {i}" for i in range(200)]
    texts[17] = texts[150] = "refuse me"
    texts[90] = "refuse me too"
    with embedder(good) as made:
        with pytest.raises(InputError) as caught:
            made.embed(texts)
        assert [error.index for error in (caught.value, *caught.value.others)] == [17, 90, 150]
        bad: list[int] = []
        (part,) = made.stream(texts, on_bad=lambda index, _: bad.append(index))
    assert bad == [17, 90, 150]
    check(part, [text for text in texts if "refuse" not in text])


@pytest.mark.parametrize("cache", [None, "memory"])
def test_what_was_answered_in_a_call_that_failed_is_not_asked_for_again(cache):
    texts = [f"text {i}" for i in range(1000)]
    texts[500] = "refuse me"
    with stub() as service, embedder(service, cache=cache) as made:
        limit(made, items=50)
        parts = list(made.stream(texts, on_bad=lambda *_: None))
        assert service.seen()["most"] == 1
    left = iter(texts[:500] + texts[501:])
    for part in parts:
        check(part, list(islice(left, len(part))))
    assert next(left, None) is None


def test_windows_that_came_before_another_failed_are_not_asked_for_again():
    texts = [f"text {i}" for i in range(1500)]
    with stub() as service, embedder(service) as made:
        limit(made, items=256)
        with pytest.raises(InputError) as caught:
            made.embed([*texts, "refuse me"])
        assert caught.value.index == len(texts)
        result = made.embed(texts)
        assert service.seen()["most"] == 1
    check(result, texts)
    assert result.usage.requests == 0


def test_what_a_call_had_when_its_time_was_over_is_not_asked_for_again():
    texts = [f"text {i}" for i in range(10)]
    with stub(delay=0.2) as service, embedder(service, concurrency=1) as made:
        limit(made, items=1)
        with pytest.raises(Timeout):
            made.embed(texts, timeout=1)
        check(made.embed(texts), texts)
        assert service.seen()["counts"]["requests"] <= len(texts) + 1  # one was on its way


@pytest.mark.parametrize("blocking", [True, False])
def test_what_a_stream_had_when_it_was_broken_off_is_not_asked_for_again(blocking):
    texts = [f"text {i}" for i in range(1000)]

    async def first(made):
        parts = made.stream(texts)
        part = await anext(parts)
        await until(idle)
        await parts.aclose()
        return part

    with stub() as service, embedder(service) as made:
        limit(made, items=256)
        if blocking:
            parts = made.stream(texts)
            part = next(parts)
            asyncio.run(until(idle))
            parts.close()
        else:
            part = asyncio.run(first(made._embedder))
        check(made.embed(texts[len(part) :]), texts[len(part) :])
        assert service.seen()["most"] == 1


def test_a_stream_goes_on_when_there_is_more_under_way_than_is_kept(good, monkeypatch):
    monkeypatch.setattr(paid, "MOST", 100)
    texts = [f"text {i}" for i in range(10_000)]
    with embedder(good) as made:
        limit(made, items=64)
        assert sum(map(len, made.stream(texts))) == len(texts)


def test_no_more_is_kept_for_the_next_call_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(paid, "MOST", 300)
    with stub() as service, embedder(service) as made:
        limit(made, items=256)
        with pytest.raises(InputError):
            made.embed([*(f"text {i}" for i in range(1024)), "refuse me"])
        assert 0 < len(made.generator.paid.kept) <= 300


def test_a_request_that_is_refused_whatever_it_holds_is_no_fault_of_the_texts():
    with stub(max_items=0) as service, embedder(service) as made:
        with pytest.raises(ProviderError) as caught:
            made.embed([f"text {i}" for i in range(500)])
        assert not isinstance(caught.value, InputError)
        assert sum(service.seen()["statuses"].values()) == 2  # the request and a probe


def test_a_request_that_is_too_large_goes_in_halves():
    texts = [f"text {i}" for i in range(1000)]
    with stub(max_bytes=2000) as service, embedder(service) as made:
        check(made.embed(texts), texts)


def test_how_many_texts_a_request_may_have_is_learnt_once():
    texts = [f"text {i}" for i in range(2000)]
    with stub(max_items=100) as service, embedder(service) as made:
        check(made.embed(texts[:512]), texts[:512])
        refused = service.seen()["statuses"]["400"]
        check(made.embed(texts), texts)
        assert service.seen()["statuses"]["400"] == refused


def test_a_bad_text_teaches_nothing_of_sizes(good):
    with embedder(good) as made:
        before = made.generator.limits
        with pytest.raises(InputError):
            made.embed([*(f"text {i}" for i in range(99)), "refuse me"])
        assert made.generator.limits == before


def test_one_text_that_is_too_large_is_named():
    with stub(max_bytes=2000) as service, embedder(service) as made, pytest.raises(InputError) as caught:
        made.embed(["a", "long " * 1000, "b"])
    assert caught.value.index == 1


def test_an_account_without_credit_is_not_asked_again():
    with stub(quota=True) as service, embedder(service) as made:
        with pytest.raises(RateLimited, match="no credit") as caught:
            made.embed("a")
        assert not caught.value.retryable
        assert service.seen()["statuses"] == {"429": 1}


def test_a_proxy_that_does_not_answer_is_named(good, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setattr(delivery, "ATTEMPTS", 1)
    monkeypatch.setattr(delivery, "RESTART", 0)  # the service may have answered a test before
    with embedder(good) as made, pytest.raises(Unavailable, match="the proxy that the environment names"):
        made.embed("a")


class Answering(Nowhere):
    """A transport to a service whose answer is always the same."""

    def __init__(self, status, body):
        super().__init__()
        self.answer = HttpResponse(status, {}, body)

    async def send(self, request, *, timeout):  # noqa: ASYNC109 (as in the protocol)
        self.sent += 1
        return self.answer


class Trusting(OpenAIClient):
    """A dialect that takes an answer's shape on trust, as a plugin's may."""

    def read_response(self, response, asked):
        return Answer(rows_of([row["v"] for row in json.loads(response.body)]))

    def read_error(self, response):
        return fault(response, json.loads(response.body)["error"].strip())


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("body", ["null", "5", "[null]", '[{"v": null}]', '[{"v": {}}]', "{}", '{"v": 1}', '"v"'])
def test_an_answer_of_another_shape_is_tried_again_and_named(good, body):
    with embedder(good, "shapeless") as made:
        made.generator.dialect, made.generator.transport = Trusting(), Answering(200, body.encode())
        with pytest.raises(BadResponse, match="nothing of it was used"):
            made.embed("a")
        assert made.generator.transport.sent > 1


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("body", ["null", "[]", '{"error": 5}', "{}", "<p>"])
def test_a_refusal_of_another_shape_is_judged_by_its_status(good, body):
    with embedder(good, "shapeless") as made:
        made.generator.dialect, made.generator.transport = Trusting(), Answering(401, body.encode())
        with pytest.raises(AuthError, match="does not accept the key"):
            made.embed("a")


class Proxy(http.server.BaseHTTPRequestHandler):
    """Says that it was asked, and who asked."""

    def do_POST(self):
        said = f"a proxy, asked for {self.path.partition('//')[2]} by {self.headers['proxy-authorization']}"
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(400)
        self.end_headers()
        self.wfile.write(json.dumps({"error": {"message": said}}).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def proxy():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(("before", "who"), [("", "None"), ("http://", "None"), ("http://u:pw@", "Basic dTpwdw==")])
def test_a_proxy_that_the_environment_names_is_used(proxy, monkeypatch, before, who):
    monkeypatch.setenv("HTTP_PROXY", before + proxy)
    with Embedder("m", base_url="http://a.example/v1") as made, pytest.raises(ProviderError, match="a proxy") as caught:
        made.embed("a")
    assert f"asked for a.example/v1/embeddings by {who}" in str(caught.value)


@pytest.mark.parametrize("without", ["127.0.0.1", "a.example,127.0.0.1:{port}", "*"])
def test_an_address_that_wants_no_proxy_gets_none(good, proxy, monkeypatch, without):
    monkeypatch.setenv("HTTP_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", without.format(port=good.address.rpartition(":")[2]))
    with embedder(good) as made:
        check(made.embed("a"), ["a"])


@pytest.mark.parametrize("kind", ["https://u:pw@127.0.0.1:1", "socks5://127.0.0.1:1", "http://"])
def test_a_proxy_of_another_kind_is_said_and_not_passed_by(good, monkeypatch, kind):
    monkeypatch.setenv("HTTP_PROXY", kind)
    with embedder(good) as made, pytest.raises(ConfigError, match="HTTP_PROXY names a proxy of another kind") as caught:
        made.embed("a")
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize("provider", ["openai", "gemini"])
def test_passwords_of_a_netrc_file_are_not_sent(tmp_path, monkeypatch, provider):
    path = tmp_path / "netrc"
    path.write_text("default login bob password hunter2\n")
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    with stub(key="right", echoes=True) as service:
        address = service.address + PATHS[provider]
        with Embedder(f"{provider}:m", base_url=address, api_key="right") as made:
            check(made.embed("a"), ["a"])
        made = Embedder(f"{provider}:m", base_url=address, api_key="wrong")
        with made, pytest.raises(AuthError) as caught:
            made.embed("a")
        assert "Basic" not in str(caught.value)


def test_a_certificate_that_is_not_trusted_is_said_and_nothing_is_sent():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    received: list[bytes] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with suppress(OSError):
                received.append(context.wrap_socket(self.request, server_side=True).recv(100))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made = Embedder("m", base_url=f"https://127.0.0.1:{server.server_address[1]}/v1", api_key="k")
        with made, pytest.raises(ProviderError, match=r"the certificate of 127\.0\.0\.1:[0-9]+ was not accepted"):
            made.embed("a")
        server.shutdown()
    assert b"".join(received) == b""


@pytest.mark.parametrize("address", ["http://[::1/v1", "http://", "localhost:80", "ftp://a"])
def test_an_address_that_is_none_is_said(address):
    with pytest.raises(ConfigError, match="base_url must begin with https:// or http://"):
        Embedder("m", base_url=address)


def test_a_pause_that_is_too_long_is_an_error_and_holds_up_no_later_call():
    with stub(pauses=[86_400]) as service, embedder(service) as made:
        with pytest.raises(RateLimited) as caught:
            made.embed("a")
        assert caught.value.retry_after == 86_400
        check(made.embed("a", timeout=20), ["a"])


def test_a_request_of_too_many_bytes_teaches_nothing_of_how_many_texts():
    with stub(max_bytes=2000) as service, embedder(service) as made:
        before = made.generator.limits
        made.embed([f"a text of some length, number {i}" for i in range(200)])
        assert made.generator.limits == before


def test_a_deadline_ends_a_call_that_waits():
    with stub(delay=30) as service, embedder(service) as made, pytest.raises(Timeout):
        made.embed("a", timeout=0.2)


def test_a_service_that_restarts_loses_nothing():
    texts = [f"text {i}" for i in range(4000)]

    async def work():
        with stub(delay=0.02) as first:
            port = int(first.address.rpartition(":")[2])
            made = AsyncEmbedder("m", base_url=f"{first.address}/v1", concurrency=4)
            await made.open()
            limit(made, items=20)
            call = asyncio.create_task(made.embed(texts))
            await asyncio.sleep(0.3)
        with stub(delay=0.0, port=port):
            result = await call
            await made.aclose()
        return result

    check(asyncio.run(work()), texts)


def test_a_cancelled_call_sends_nothing_more_and_leaves_nothing_behind():
    texts = [f"text {i}" for i in range(20_000)]
    chance = random.Random(1)

    async def work(service):
        async with AsyncEmbedder("m", base_url=f"{service.address}/v1") as made:
            limit(made, items=10)
            for _ in range(20):
                call = asyncio.create_task(made.embed(texts))
                await asyncio.sleep(chance.uniform(0, 0.05))
                call.cancel()
                await asyncio.gather(call, return_exceptions=True)
            *_, pacer = pacers[portal.loop].values()  # the one used last
            assert pacer.under_way == 0
            await asyncio.sleep(0.2)  # what was on its way has arrived
            before = sum(service.seen()["statuses"].values())
            await asyncio.sleep(0.3)
            assert sum(service.seen()["statuses"].values()) == before
            assert round(pacer.outstanding, 6) == 0
            check(await made.embed(texts[:50]), texts[:50])

    with stub(delay=0.01) as service:
        asyncio.run(work(service))
    asyncio.run(until(idle))


def test_an_embedder_that_is_closed_keeps_no_connection(good):
    before = len(sessions)
    with embedder(good) as made:
        made.embed("a")
        assert len(sessions) == before + 1
    assert len(sessions) == before


@pytest.mark.parametrize("blocking", [True, False])
def test_closing_ends_the_calls_that_are_under_way(blocking):
    texts = [f"text {i}" for i in range(100)]

    async def work(made, service):
        if blocking:
            call = asyncio.ensure_future(asyncio.to_thread(made.embed, texts))
        else:
            call = asyncio.create_task(made._embedder.embed(texts))
        while not await asyncio.to_thread(lambda: service.seen()["texts"]):
            pass
        await (asyncio.to_thread(made.close) if blocking else made._embedder.aclose())
        with pytest.raises(Closed, match="the embedder was closed"):
            await call

    before = len(sessions)
    with stub(delay=0.2) as service:
        made = embedder(service, concurrency=1)
        limit(made, items=1)
        asyncio.run(work(made, service))
        assert idle()
        assert len(sessions) == before
        assert service.seen()["texts"] < len(texts)


def test_a_transport_that_is_closed_opens_nothing_more(good):
    async def work():
        transport = HttpTransport("m")
        for _ in range(2):
            await transport.aclose()
        with pytest.raises(Closed):
            await transport.send(HttpRequest("GET", good.address), timeout=1)

    asyncio.run(work())


def test_one_that_is_forgotten_keeps_none_either(good):
    before = len(sessions)
    embedder(good).embed("a")
    end = time.monotonic() + 30
    while len(sessions) > before and time.monotonic() < end:
        gc.collect()
        time.sleep(0.01)
    assert len(sessions) <= before


def test_two_embedders_with_one_key_share_a_pace(good):
    with embedder(good) as one, embedder(good) as other:
        one.embed("a")
        count = len(pacers[portal.loop])
        other.embed("b")
        assert len(pacers[portal.loop]) == count


def test_several_loops_use_one_embedder(good):
    made = AsyncEmbedder("m", base_url=f"{good.address}/v1")
    for text in ("a", "b"):
        check(asyncio.run(made.embed([text])), [text])
    asyncio.run(made.aclose())


def test_what_a_call_cost_is_unknown_where_the_service_does_not_count():
    body = json.dumps({"data": [{"index": 0, "embedding": [1.0, 0.0]}]})
    counted = json.dumps({**json.loads(body), "usage": {"prompt_tokens": 2, "total_tokens": 2}})
    made = Embedder("m", base_url="http://127.0.0.1:1/v1")
    describe(made, price=0.5)
    for answer, cost in ((body, None), (counted, 1e-6)):
        made.generator.transport = Answering(200, answer.encode())
        assert made.embed("a").usage.cost == cost
    made.close()


def test_a_cache_keeps_what_a_service_gave(good):
    with embedder(good, cache="memory") as made:
        first = made.embed(["a", "b"], dimensions=8)
        again = made.embed(["b", "c"], dimensions=8)
        other = made.embed(["b"])
    np.testing.assert_array_equal(first.vectors[1], again.vectors[0])
    assert [list(result.items.cached) for result in (first, again, other)] == [[False, False], [True, False], [False]]
    assert again.usage.requests == 1


def test_what_a_model_does_not_give_is_refused_before_anything_is_sent():
    with stub() as service:
        with Embedder("openai:text-embedding-3-small", base_url=f"{service.address}/v1", api_key="k") as made:
            with pytest.raises(InputError, match="does not give 4000 dimensions: it gives 1536 and 1 to 1536"):
                made.embed("a", dimensions=4000)
            with pytest.raises(InputError, match="openai embeds no empty text"):
                made.embed(["a", ""])
        assert service.seen()["statuses"] == {}

"""What the server bears: bodies, queues, deadlines, clients that go away."""

import asyncio
import json
import socket
import time

import pytest

from served import serving
from test_server import post
from vecsmith.testing import FakeGenerator


class Slow(FakeGenerator):
    """Takes a while for each call, and knows which were given up."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds, self.cancelled, self.running = seconds, 0, 0

    async def generate(self, values, options=None):
        self.running += 1
        try:
            await asyncio.sleep(self.seconds)
            return await super().generate(values, options)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1


def connect(address):
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def head(length):
    return f"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n".encode()


def test_a_client_that_hangs_up_stops_costing():
    slow = Slow(30)
    with serving({"slow": slow}) as (address, service):
        body = json.dumps({"input": "a"}).encode()
        with connect(address) as line:
            line.sendall(head(len(body)) + body)
            until(lambda: slow.running)
        until(lambda: slow.cancelled == 1)
        until(lambda: service.gate.requests == 0)


def test_an_answer_that_takes_too_long_is_a_timeout():
    slow = Slow(30)
    with serving({"slow": slow}, timeout=0.2) as (address, _):
        status, _, body = post(address, "/v1/embeddings", {"input": "a"})
    assert status == 504
    assert "0.2 seconds" in body["error"]["message"]
    assert slow.cancelled == 1


def test_a_full_queue_refuses_at_once_and_says_when_to_come_again():
    slow = Slow(30)
    with serving({"slow": slow}, max_requests=1) as (address, _):
        body = json.dumps({"input": "a"}).encode()
        with connect(address) as line:
            line.sendall(head(len(body)) + body)
            until(lambda: slow.running)
            status, headers, _ = post(address, "/v1/embeddings", {"input": "b"})
            assert (status, headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize("told", [True, False], ids=["content-length", "chunked"])
def test_a_body_that_is_too_large_is_refused_before_its_end(told):
    with serving(max_body=1000) as (address, _), connect(address) as line:
        if told:
            line.sendall(head(10**9))
        else:
            line.sendall(b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
            line.sendall(b"800\r\n" + b"x" * 0x800 + b"\r\n")
        assert b" 413 " in line.recv(1000)


def test_a_client_that_sends_all_of_a_body_that_is_too_large_is_told_so():
    with serving(max_body=1000) as (address, _):
        assert post(address, "/v1/embeddings", b"a" * 50_000_000)[0] == 413


def test_a_body_that_does_not_come_is_given_up():
    with serving(body_timeout=0.2) as (address, _), connect(address) as line:
        line.sendall(head(100) + b"{")
        assert b" 408 " in line.recv(1000)


def test_a_body_that_breaks_off_troubles_nobody():
    with serving() as (address, service):
        with connect(address) as line:
            line.sendall(head(100) + b"{")
        assert post(address, "/v1/embeddings", {"input": "a"})[0] == 200
        assert service.gate.requests == 0


def test_more_vectors_than_an_answer_can_hold_are_refused_where_the_wire_format_has_no_bound():
    with serving({"wide": FakeGenerator(2**20)}) as (address, _):
        status, _, body = post(address, "/api/embed", {"model": "wide", "input": ["a"] * 17})
        assert (status, "more than the 16 of one answer" in body["error"]) == (400, True)


def test_a_lane_is_taken_from_the_header_and_one_that_is_not_there_refused():
    fake = FakeGenerator()
    with serving({"fake": fake}) as (address, _):
        assert post(address, "/v1/embeddings", {"input": "a"}, {"x-vecsmith-lane": "bulk"})[0] == 200
        assert fake.calls[-1].lane == "bulk"
        assert post(address, "/v1/embeddings", {"input": "a"}, {"x-vecsmith-lane": "slow"})[0] == 400


HOSTILE = {
    "deep": b"[" * 200_000,
    "deep in a member": b'{"input":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "no json": b"\x00\x01",
    "wrong utf-8": b'{"input": "\xff\xfe"}',
    "nan": b'{"input": "a", "dimensions": NaN}',
    "infinity": b'{"input": "a", "dimensions": 1e999}',
    "huge number": b'{"input": "a", "dimensions": ' + b"9" * 10_000 + b"}",
    "negative": b'{"input": "a", "dimensions": -1}',
    "huge id": b'{"input": [' + b"9" * 400 + b"]}",
    "null": b"null",
    "empty": b"",
    "list": b"[]",
    "mixed": b'{"input": ["a", 1]}',
    "nothing": b'{"input": []}',
    "empty row": b'{"input": [[]]}',
    "boolean": b'{"input": true}',
    "object": b'{"input": {"a": 1}}',
    "model number": b'{"input": "a", "model": 5}',
    "long model": b'{"input": "a", "model": "' + b"x" * 100_000 + b'"}',
    "control model": b'{"input": "a", "model": "\\u0000\\n\\u001b[31m"}',
    "many keys": b'{"input": "a", ' + b", ".join(b'"zz%d": 1' % i for i in range(20_000)) + b"}",
    "long key": b'{"input": "a", "' + b"q" * 100_000 + b'": 1}',
    "line break in a key": b'{"input": "a", "zz\\r\\nset-cookie: a=b": 1}',
    "task": b'{"input": "a", "task": "wibble"}',
    "on_long": b'{"input": "a", "on_long": "wibble"}',
}


@pytest.fixture(scope="module")
def address():
    with serving() as (found, _):
        yield found


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_is_refused_or_answered_and_nothing_else(address, body):
    status, headers, _ = post(address, "/v1/embeddings", body)
    assert status in {200, 400, 404}
    assert "set-cookie" not in headers


def test_half_a_surrogate_pair_is_mended(address):
    assert post(address, "/v1/embeddings", b'{"input": "a \\ud800 b"}')[0] == 200


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/openai/v1/embeddings", b'{"input": "a", "encoding_format": "\\ud800"}', 400),
        ("/v1beta/models/fake:embedContent", b'{"content": "\\ud800"}', 400),
        ("/embed", b'{"inputs": "a", "normalize": "\\ud800"}', 422),
    ],
)
def test_half_a_surrogate_pair_where_no_text_is_meant_is_refused(address, path, body, status):
    assert post(address, path, body)[0] == status


def test_compressed_bodies_are_not_unpacked(address):
    assert post(address, "/v1/embeddings", b"x", {"content-encoding": "gzip"})[0] == 400


def test_a_request_that_would_wait_too_long_is_refused_at_once(embedder, monkeypatch):
    engine = embedder.generator.engine
    monkeypatch.setattr(engine, "backlog", lambda *_: 100.0)
    with serving({"minilm": embedder.generator}, timeout=60) as (where, _):
        status, headers, _ = post(where, "/v1/embeddings", {"input": "a"})
    assert (status, headers["retry-after"]) == (503, "50")

"""What a connection bears: heads of any size, clients that are slow, silent or deaf, and bytes that are no request."""

import asyncio
import gc
import json
import time

import pytest

from served import serving
from test_server_limits import Slow, connect, until
from test_server_stopping import answer_of
from vecsmith.server import connection
from vecsmith.testing import FakeGenerator

BODY = json.dumps({"input": "a"}).encode()
POST = b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n" % len(BODY)
GET = b"GET /health HTTP/1.1\r\nhost: x\r\n"


@pytest.fixture(scope="module")
def address():
    with serving() as (found, _):
        yield found


def answers(address, sent, count=1):
    """Return the status, the headers and the body of so many answers on one connection, and what else it brings."""
    with connect(address) as line, line.makefile("rb") as said:
        line.sendall(sent)
        found = [answer_of(said) for _ in range(count)]
        return found, said.read() if found[-1][1].get("connection") == "close" else b""


@pytest.mark.parametrize(
    "head",
    [
        GET + b"authorization: Bearer " + b"a" * 600_000,
        GET + b"a" * 70_000 + b": b\r\n\r\n",
        GET + b"a: b\r\n" * 20_000,
        b"GET /" + b"a" * 600_000,
        b"\r\n" * 300_000,
    ],
    ids=["a value that does not end", "a name", "many", "an address", "line breaks"],
)
def test_a_head_that_is_too_large_is_refused_before_its_end(address, head):
    ((status, headers, body),), rest = answers(address, head)
    assert (status, headers["connection"], rest) == (431, "close", b"")
    assert "65,536" in json.loads(body)["error"]["message"]


def test_a_head_of_60_kilobytes_is_read(address):
    ((status, *_),), _ = answers(address, GET + b"authorization: Bearer " + b"a" * 60_000 + b"\r\n\r\n")
    assert status == 200


@pytest.mark.parametrize("before", [b"", POST + b"\r\n" + BODY], ids=["first", "second"])
def test_a_head_that_does_not_come_is_given_up(before):
    with serving(body_timeout=0.2) as (address, _):
        found, rest = answers(address, before + GET, 1 + bool(before))
    assert found[-1][0] == 408
    assert rest == b""


def test_a_request_that_takes_long_is_not_taken_for_a_head_that_does_not_come():
    with serving({"slow": Slow(1.5)}, body_timeout=0.2) as (address, _):
        ((status, *_),), _ = answers(address, POST + b"\r\n" + BODY)
    assert status == 200


@pytest.fixture
def _looked_at_often(monkeypatch):
    """The server looks at its connections as often as makes waiting for it short."""
    monkeypatch.setattr(connection, "EVERY", 0.05)
    monkeypatch.setattr(connection, "STALLED", 0.2)


@pytest.mark.usefixtures("_looked_at_often")
def test_an_answer_that_nobody_reads_is_given_up():
    body = json.dumps({"input": ["a"] * 2000, "encoding_format": "float"}).encode()
    head = b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
    with serving(body_timeout=0.2, models={"wide": wide()}) as (address, _):
        for seconds in (1, 4, 16):
            with connect(address) as line, line.makefile("rb") as said:
                line.sendall(head + body)
                time.sleep(seconds)
                status, headers, got = answer_of(said)
            assert status == 200
            if len(got) < int(headers["content-length"]):
                return
    raise AssertionError("it was kept for 16 seconds")


@pytest.mark.usefixtures("_looked_at_often")
def test_the_slowest_readers_are_hung_up_on_where_too_much_is_unread():
    body = json.dumps({"input": ["a"] * 2000, "encoding_format": "float"}).encode()
    head = b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
    with serving(max_waiting=2**20, models={"wide": wide()}) as (address, _):
        for seconds in (1, 4, 24):
            with connect(address) as line, line.makefile("rb") as said:
                line.sendall(head + body)
                time.sleep(seconds)
                _, headers, got = answer_of(said)
            if len(got) < int(headers["content-length"]):
                return
    raise AssertionError("it was kept for 24 seconds")


def test_a_request_whose_client_does_not_read_costs_nothing_until_it_does():
    body = json.dumps({"input": ["a"] * 2000, "encoding_format": "float"}).encode()
    head = b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
    generator = wide()
    with serving(models={"wide": generator}) as (address, _), connect(address) as line, line.makefile("rb") as said:
        line.sendall((head + body) * 3)
        until(lambda: generator.calls)
        time.sleep(1)
        assert len(generator.calls) == 1
        assert [len(json.loads(answer_of(said)[2])["data"]) for _ in range(3)] == [2000] * 3


def wide():
    return FakeGenerator(1024)


def test_what_is_no_request_is_refused_when_those_before_it_are_answered():
    with serving({"slow": Slow(0.5)}) as (address, _):
        found, rest = answers(address, (POST + b"\r\n" + BODY) * 2 + b"\x00garbage\r\n\r\n", 3)
    assert [status for status, *_ in found] == [200, 200, 400]
    assert rest == b""


@pytest.mark.parametrize("chunk", [b"no number\r\n", b"5;" + b"a" * 600_000, b"ffffffffffffffffffff\r\n"])
def test_a_body_in_chunks_that_cannot_be_read_is_refused_at_once(address, chunk, caplog):
    head = b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    ((status, *_),), rest = answers(address, head + b"2\r\n{}\r\n" + chunk)
    assert (status in {400, 431}, rest) == (True, b"")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_body_that_cannot_be_read_when_it_was_given_up_troubles_nobody(caplog):
    head = b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    with serving(max_body=1000) as (address, _):
        ((status, *_),), rest = answers(address, head + b"800\r\n" + b"a" * 0x800 + b"\r\nno number\r\n")
    assert (status in {400, 413}, rest) == (True, b"")
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_thousand_requests_at_once_are_answered_in_order(address):
    sent = b"".join(POST + b"x-request-id: %d\r\n\r\n" % number + BODY for number in range(1000))
    found, _ = answers(address, sent, 1000)
    assert [headers["x-request-id"] for _, headers, _ in found] == [str(number) for number in range(1000)]


def test_what_comes_behind_a_body_is_no_header(address):
    head = b"POST /v1/embeddings HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nx-request-id: first\r\n\r\n"
    body = b"%x\r\n%s\r\n0\r\nx-request-id: second\r\n\r\n" % (len(BODY), BODY)
    ((status, headers, _),), _ = answers(address, head + body)
    assert (status, headers["x-request-id"]) == (200, "first")


@pytest.mark.parametrize("to", [b"h2c", b"websocket"])
def test_a_wish_to_speak_something_else_is_passed_over(address, to):
    wish = POST + b"connection: upgrade\r\nupgrade: " + to + b"\r\n\r\n" + BODY
    found, _ = answers(address, wish * 900 + POST + b"\r\n" + BODY, 901)
    assert {status for status, *_ in found} == {200}


def test_a_request_of_two_hosts_is_refused(address):
    ((status, *_),), _ = answers(address, GET + b"host: y\r\n\r\n")
    assert status == 400


def test_an_error_that_nobody_meets_is_logged_without_its_words(caplog):
    async def failing():
        raise ValueError("marked text of a user")

    class Forgetful(FakeGenerator):
        async def generate(self, values, options=None):
            asyncio.get_running_loop().create_task(failing())
            return await super().generate(values, options)

    with serving({"fake": Forgetful()}) as (address, _):
        answers(address, POST + b"\r\n" + BODY)
        gc.collect()
        until(lambda: "beside the requests: ValueError" in caplog.text)
    assert "marked" not in caplog.text


def test_a_client_that_hangs_up_with_others_waiting_behind_stops_costing(caplog):
    slow = Slow(30)
    with serving({"slow": slow}) as (address, service):
        with connect(address) as line:
            line.sendall((POST + b"\r\n" + BODY) * 3)
            until(lambda: slow.running)
        until(lambda: slow.cancelled == 1)
        until(lambda: service.gate.requests == 0)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]

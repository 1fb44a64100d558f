"""How a server stops: what it has begun is answered, to the last byte."""

import json
import signal
import socket
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from served import started

BODY = json.dumps({"input": ["a cat"] * 50}).encode()


@contextmanager
def connected(address):
    """Open a connection, and a file to read its answers from."""
    parts = urlsplit(address)
    with (
        socket.create_connection((parts.hostname, parts.port), timeout=60) as connection,
        connection.makefile("rb") as answers,
    ):
        yield connection, answers


HEAD = (
    f"POST /v1/embeddings HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(BODY)}\r\nExpect: 100-continue\r\n\r\n"
).encode()
"""Is answered with 100 when it was read."""


def answer_of(answers):
    """Return the status, the headers and the body of an answer."""
    status = int(answers.readline().split()[1])
    headers = {}
    while (line := answers.readline().strip()) != b"":
        name, _, value = line.decode().partition(": ")
        headers[name.lower()] = value
    return status, headers, answers.read(int(headers.get("content-length", 0)))


def vectors_of(answers):
    status, _, body = answer_of(answers)
    assert status == 200
    return len(json.loads(body)["data"])


def test_a_request_whose_headers_were_read_is_answered_however_slowly_its_body_comes():
    with started() as (address, process), connected(address) as (connection, answers):
        connection.sendall(HEAD)
        assert answer_of(answers)[0] == 100  # so the headers were read
        process.send_signal(signal.SIGTERM)
        for place in range(0, len(BODY), 100):
            time.sleep(0.1)
            connection.sendall(BODY[place : place + 100])
        assert vectors_of(answers) == 50
        assert answers.read() == b""  # and the connection is closed
        assert process.wait(30) == 0


def test_requests_that_wait_behind_another_of_their_connection_are_answered_too():
    with started() as (address, process), connected(address) as (connection, answers):
        connection.sendall(HEAD)
        assert answer_of(answers)[0] == 100
        connection.sendall(BODY + 2 * (HEAD.replace(b"Expect: 100-continue\r\n", b"") + BODY))
        process.send_signal(signal.SIGTERM)
        assert [vectors_of(answers) for _ in range(3)] == [50, 50, 50]
        assert process.wait(30) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_server_that_nobody_asks_anything_stops_at_once(number):
    with started("--drain", "0") as (_, process):
        process.send_signal(number)
        assert process.wait(20) == 0


def test_while_it_drains_a_server_takes_connections_and_says_that_it_is_not_ready():
    with started("--drain", "300") as (address, process):
        process.send_signal(signal.SIGTERM)
        status = 200
        while status == 200:
            with connected(address) as (connection, answers):
                connection.sendall(b"GET /ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
                status, headers, body = answer_of(answers)
        assert (status, json.loads(body)["status"], headers["connection"]) == (503, "stopping", "close")
        with connected(address) as (connection, answers):
            connection.sendall(HEAD)
            assert answer_of(answers)[0] == 100
            connection.sendall(BODY)
            assert vectors_of(answers) == 50
        process.send_signal(signal.SIGTERM)  # enough of that
        assert process.wait(30) == 0


def test_ctrl_c_waits_for_no_drain():
    with started("--drain", "300") as (_, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0

"""Bytes that are no request, or a strange one; and what must come of each: an answer, or the end of the connection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hostile_bodies import MARK

if TYPE_CHECKING:
    from collections.abc import Mapping

BODY = json.dumps({"input": MARK}).encode()
HOST = b"host: localhost\r\n"
LENGTH = b"content-length: %d\r\n" % len(BODY)


def post(*headers: bytes, body: bytes = BODY, target: bytes = b"/v1/embeddings", version: bytes = b"HTTP/1.1") -> bytes:
    return b"POST " + target + b" " + version + b"\r\n" + HOST + b"".join(headers) + b"\r\n" + body


def get(target: bytes, *headers: bytes, version: bytes = b"HTTP/1.1", method: bytes = b"GET") -> bytes:
    return method + b" " + target + b" " + version + b"\r\n" + HOST + b"".join(headers) + b"\r\n"


CHUNKED = b"transfer-encoding: chunked\r\n"
CHUNKS = b"%x\r\n" % len(BODY) + BODY + b"\r\n0\r\n\r\n"
UPGRADE = b"connection: upgrade\r\nupgrade: "

STRANGE: Mapping[str, bytes] = {
    "dots": get(b"/openai/../v1/models"),
    "dots, encoded": get(b"/openai/%2e%2e/%2e%2e/etc/passwd"),
    "two slashes": get(b"//v1//models"),
    "a slash, encoded": get(b"/v1%2fmodels"),
    "twice encoded": get(b"/v1/models/%252e%252e"),
    "NUL in the path": get(b"/v1/models/a%00b"),
    "half an escape": get(b"/v1/models/%"),
    "wrong utf-8 in the path": get(b"/v1/models/%ff%fe"),
    "a line break in the path": get(b"/v1/models/a%0d%0aset-cookie:a"),
    "bytes in the path": get(b"/v1/models/\xff\xfe"),
    "a long path": get(b"/v1/models/" + b"a" * 40_000),
    "many parts": get(b"/v1/models" + b"/a" * 10_000),
    "a query of 10,000": get(b"/v1/models?" + b"&".join(b"a%d=1" % i for i in range(5_000))),
    "a strange query": get(b"/v1/models?pageSize=%ff&after_id=&key&&==;=%00"),
    "a page size": get(b"/v1beta/models?pageSize=99999999999999999999&pageToken=-1"),
    "an absolute target": get(b"http://localhost/v1/models"),
    "another's absolute target": get(b"http://other.example/v1/models"),
    "a bad absolute target": get(b"http://[::1/v1/models"),
    "a port too high": get(b"http://localhost:99999/v1/models"),
    "an asterisk": get(b"*", method=b"OPTIONS"),
    "CONNECT": get(b"localhost:80", method=b"CONNECT"),
    "CONNECT to a path": get(b"/v1/models", method=b"CONNECT"),
    "TRACE": get(b"/v1/models", method=b"TRACE"),
    "HEAD": get(b"/v1/models", method=b"HEAD"),
    "PRI": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a method of its own": get(b"/v1/models", method=b"BREW"),
    "a method of a kilobyte": get(b"/v1/models", method=b"A" * 1000),
    "no method": b" / HTTP/1.1\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "HTTP/1.0": get(b"/health", version=b"HTTP/1.0"),
    "HTTP/0.9": get(b"/health", version=b"HTTP/0.9"),
    "HTTP/9.9": get(b"/health", version=b"HTTP/9.9"),
    "TLS": bytes.fromhex("16030100c2010000be0303") + bytes(200),
    "random bytes": bytes(range(256)) * 4,
    "nothing but line breaks": b"\r\n" * 1000 + get(b"/health"),
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "two hosts": get(b"/health", b"host: other.example\r\n"),
    "a websocket": get(
        b"/v1/models", UPGRADE, b"websocket\r\n", b"sec-websocket-version: 13\r\nsec-websocket-key: YQ==\r\n"
    ),
    "h2c": get(b"/health", UPGRADE, b"h2c\r\nhttp2-settings: AA\r\n"),
    "an upgrade with a body": post(UPGRADE, b"websocket\r\n", LENGTH),
    "two lengths": post(LENGTH, b"content-length: 3\r\n"),
    "the same length twice": post(LENGTH, LENGTH),
    "a list of lengths": post(b"content-length: 5, 5\r\n"),
    "a length below zero": post(b"content-length: -5\r\n"),
    "a length with a sign": post(b"content-length: +5\r\n"),
    "a length in hex": post(b"content-length: 0x10\r\n"),
    "a length of 100 digits": post(b"content-length: " + b"9" * 100 + b"\r\n"),
    "a length beyond all": post(b"content-length: 18446744073709551615\r\n"),
    "a length and chunks": post(LENGTH, CHUNKED, body=CHUNKS),
    "chunks and a length": post(CHUNKED, LENGTH, body=CHUNKS),
    "chunks twice": post(CHUNKED, CHUNKED, body=CHUNKS),
    "not quite chunks": post(b"transfer-encoding: xchunked\r\n", body=CHUNKS),
    "gzip and chunks": post(b"transfer-encoding: gzip, chunked\r\n", body=CHUNKS),
    "chunks of HTTP/1.0": post(CHUNKED, body=CHUNKS, version=b"HTTP/1.0"),
    "chunks with extensions": post(CHUNKED, body=CHUNKS.replace(b"\r\n", b';a="b";c\r\n', 1)),
    "a chunk with an extension of a megabyte": post(CHUNKED, body=b"5;" + b"a" * 2**20 + b"\r\n"),
    "a chunk too large": post(CHUNKED, body=b"ffffffffffffffffffff\r\n"),
    "a chunk below zero": post(CHUNKED, body=b"-1\r\n"),
    "trailers": post(CHUNKED, body=CHUNKS[:-2] + b"authorization: a\r\n\r\n"),
    "100,000 trailers": post(CHUNKED, body=CHUNKS[:-2] + b"a: b\r\n" * 100_000 + b"\r\n"),
    "a folded header": get(b"/health", b"x-a: b\r\n c\r\n"),
    "bare line feeds": b"GET /health HTTP/1.1\nhost: a\n\n",
    "a bare return": get(b"/health", b"x-a: b\rx-c: d\r\n"),
    "a blank before the colon": get(b"/health", b"host : a\r\n"),
    "no colon": get(b"/health", b"nothing\r\n"),
    "no name": get(b"/health", b": a\r\n"),
    "NUL in a header": get(b"/health", b"x-a: \x00\r\n"),
    "bytes in a header": get(b"/health", b"x-a: \xff\xfe\r\n"),
    "a header of 60 kB": get(b"/health", b"x-a: " + b"a" * 60_000 + b"\r\n"),
    "a header of 20 MB": get(b"/health", b"authorization: Bearer " + b"a" * 20_000_000 + b"\r\n"),
    "a name of 20 MB": get(b"/health", b"a" * 20_000_000 + b": b\r\n"),
    "a target of 20 MB": get(b"/" + b"a" * 20_000_000),
    "10,000 headers": get(b"/health", b"".join(b"x-%d: a\r\n" % i for i in range(10_000))),
    "a million headers": get(b"/health", b"a: b\r\n" * 1_000_000),
    "a length longer than all": post(b"content-length: 99999999\r\n"),
    "100-continue": post(LENGTH, b"expect: 100-continue\r\n"),
    "another expectation": post(LENGTH, b"expect: the-unexpected\r\n"),
    "close and keep": post(LENGTH, b"connection: close, keep-alive\r\n"),
    "trailing garbage": post(LENGTH, body=BODY + b"\x00\xff garbage \r\n\r\n"),
    "a request within a body": post(LENGTH, body=BODY + get(b"/v1/models")),
}
"""Each is sent on a connection of its own; then the client says no more, and waits."""

"""Bodies that no client should send, for every route that takes one: made from its wire format and a good body."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MARK = "markedtextofauser"
"""Stands in texts, names and keys, and must not be found in a log."""

CONTENT = {"parts": [{"text": MARK}]}

GOOD: Mapping[str, Any] = {
    "EmbedContent": {"content": CONTENT, "taskType": "RETRIEVAL_QUERY", "embedContentConfig": {"title": MARK}},
    "Batch": {"requests": [{"model": "minilm", "content": CONTENT}, {"content": CONTENT, "taskType": "CLUSTERING"}]},
    "EmbedText": {"text": MARK},
    "BatchEmbedText": {"texts": [MARK], "requests": [{"text": MARK, "model": "minilm"}]},
    "CountBody": {"contents": [CONTENT], "generateContentRequest": {"contents": [CONTENT]}},
    "CountTextBody": {"prompt": {"text": MARK}},
    "cohere.EmbedBody": {"texts": [MARK], "inputs": [{"content": [{"type": "text", "text": MARK}]}]},
    "cohere_tokens.TokenizeBody": {"text": MARK},
    "DetokenizeBody": {"tokens": [101, 7592]},
    "ollama.EmbedBody": {"input": [MARK]},
    "OldBody": {"prompt": MARK},
    "ShowBody": {"model": "minilm"},
    "tei_server.EmbedBody": {"inputs": [MARK]},
    "SimilarityBody": {"inputs": {"source_sentence": MARK, "sentences": [MARK, "b"]}},
    "tei_tokens.TokenizeBody": {"inputs": [MARK]},
    "DecodeBody": {"ids": [101, 7592]},
    "tei_server.RootBody": {"inputs": MARK},
}
"""Good bodies by their type's name; where it is not here, an input is all that is needed."""

WRONG: Mapping[str, bytes] = {
    "null": b"null",
    "true": b"true",
    "zero": b"0",
    "minus one": b"-1",
    "2**63": b"9223372036854775808",
    "2**200": b"1606938044258990275541962092341162602522202993782792835301376",
    "400 digits": b"9" * 400,
    "a fraction": b"0.5",
    "1e999": b"1e999",
    "1e308": b"1e308",
    "NaN": b"NaN",
    "-Infinity": b"-Infinity",
    "an empty text": b'""',
    "blanks": b'" \\n\\t"',
    "NUL": b'"\\u0000"',
    "half a pair": b'"a\\ud800b"',
    "wrong utf-8": b'"\xff\xfe\xc0\x80"',
    "control": b'"\\u001b[31m\\r\\nset-cookie: a=b"',
    "right to left": b'"\u202e\u0660\ufdfd"',
    "a list": b"[]",
    "a list in one": b"[[]]",
    "nulls": b"[null, null]",
    "mixed": b'["a", 1, null, {}]',
    "ids": b"[0, 1, -1, 99999999999]",
    "an id, and some": b"[101, [101]]",
    "some ids, and one": b"[[101], 101]",
    "an object": b"{}",
    "an object in one": b'{"a": {"b": {}}}',
    "100 deep": b"[" * 100 + b"]" * 100,
}
"""Instead of each part of a good body."""

TYPES = (
    "text/plain",
    "text/html; charset=utf-16",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
)

LARGE: Mapping[str, bytes] = {
    "a megabyte": b'"' + b"a" * 2**20 + b'"',
    "a megabyte of wide letters": b'"' + "\U0001f600".encode() * 2**18 + b'"',
}
"""Instead of each text of one."""


def good(kind: type[Any]) -> dict[str, Any]:
    """Return a body that is answered."""
    name = f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"
    found = GOOD.get(name, GOOD.get(kind.__name__, {"input": [MARK]}))
    return dict(found)


def places(value: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Yield every part of a body with the way to it."""
    yield at, value
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from places(part, (*at, name))


HOLE = "\u0001hole"


def holed(value: Any, at: tuple[str | int, ...]) -> Any:
    """Return a copy of a body with a hole."""
    if not at:
        return HOLE
    copy = value.copy()
    copy[at[0]] = holed(value[at[0]], at[1:])
    return copy


def filled(value: Any, at: tuple[str | int, ...], part: bytes) -> bytes:
    """Return a body with something else in one place."""
    return json.dumps(holed(value, at)).encode().replace(json.dumps(HOLE).encode(), part)


def wrong(kind: type[Any]) -> Iterator[tuple[str, bytes]]:
    """Yield bodies with something wrong in each member, those too that are not in the good one."""
    whole = good(kind)
    for name in (field.encode_name for field in msgspec.structs.fields(kind)):
        for what, part in WRONG.items() if name not in whole else ():
            yield f"{name}: {what}", filled({**whole, name: None}, (name,), part)
    for at, value in places(whole):
        for what, part in WRONG.items():
            yield f"{at}: {what}", filled(whole, at, part)
        if isinstance(value, list):
            yield f"{at}: 100,000", filled(whole, at, json.dumps(value[:1] * 100_000).encode())
        for what, part in LARGE.items() if isinstance(value, str) else ():
            yield f"{at}: {what}", filled(whole, at, part)


def broken(kind: type[Any] | None) -> Iterator[tuple[str, bytes]]:
    """Yield bodies that are wrong as a whole."""
    whole = json.dumps(good(kind) if kind is not None else {"inputs": MARK}).encode()
    yield "nothing", b""
    yield "blanks", b"  \n"
    yield "a mark of byte order", b"\xef\xbb\xbf" + whole
    yield "UTF-16", whole.decode().encode("utf-16")
    yield "cut", whole[:-1]
    yield "two", whole + whole
    yield "trailing garbage", whole + b"\x00" * 1000
    yield "200,000 deep", b"[" * 200_000
    yield "200,000 objects deep", b'{"a":' * 200_000
    yield "deep behind a surrogate", b'["\\ud800",' + b"[" * 200_000
    yield "a number of 200,000 digits", b'{"input": ' + b"9" * 200_000 + b"}"
    yield "digits behind a surrogate", b'{"input": "\\ud800", "dimensions": ' + b"9" * 200_000 + b"}"
    yield "a name twice", whole[:-1] + b", " + whole[1:]
    yield "100,000 names", whole[:-1] + b"".join(b', "zz%d": 1' % each for each in range(100_000)) + b"}"
    yield "a name of a megabyte", whole[:-1] + b', "' + b"q" * 2**20 + b'": 1}'
    yield (
        "names that are nearly others",
        whole[:-1] + b"".join(b', "inpu%s": 1' % (b"t" * n) for n in range(3, 99)) + b"}",
    )
    yield "100,000 texts", b'{"input": [' + b'"a",' * 99_999 + b'"a"]}'
    yield "a form", b"input=" + MARK.encode()
    yield "parts", b"--x\r\ncontent-disposition: form-data; name=input\r\n\r\na\r\n--x--\r\n"


def headed(kind: type[Any] | None) -> Iterator[tuple[str, dict[str, str], bytes]]:
    """Yield bodies with headers that say something else of them, or something wrong."""
    whole = json.dumps(good(kind) if kind is not None else {"inputs": MARK}).encode()
    yield "gzip", {"content-encoding": "gzip"}, gzip.compress(whole)
    yield "a bomb", {"content-encoding": "gzip"}, gzip.compress(b" " * 2**26)
    yield "deflate", {"content-encoding": "deflate"}, zlib.compress(whole)
    yield "no such coding", {"content-encoding": "x-none, br"}, whole
    for said in TYPES:
        yield said, {"content-type": said}, whole
    yield "an empty type", {"content-type": ""}, whole
    yield "accepts bytes", {"accept": "application/octet-stream"}, whole
    yield "accepts npy", {"accept": "application/x-npy, */*;q=0"}, whole
    yield "accepts nothing", {"accept": ";;;q=x,,,"}, whole
    yield "no such lane", {"x-vecsmith-lane": MARK}, whole
    yield "a long request id", {"x-request-id": MARK * 1000}, whole
    yield "no trace", {"traceparent": "00-zz-zz-zz", "tracestate": "=,=,", "baggage": "%ff=%00"}, whole
    yield "keys of all kinds", {"authorization": f"Bearer {MARK}", "apikey": "\xff", "x-goog-api-key": "vs__"}, whole
    yield "a key that is none", {"authorization": "Basic Og=="}, whole
    yield "a host", {"host": "a.example:port"}, whole
    yield "forwarded", {"x-forwarded-for": "' OR 1=1", "forwarded": 'for="[::1]"'}, whole

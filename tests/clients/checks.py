"""What a service's own client must get from vecsmith's server, whichever client it is; needs no package.

A world is what `world.py` says of a server that runs: where it is, its keys, texts, and the library's own vectors of
them.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

CLOSE = 1e-6
"""How far a number may be from the library's own: both compute in f32."""

SPARE = 1000
"""Requests after which a limit must have been reached."""

TRIES = 5
LIMITED = 429


class Wish(NamedTuple):
    """A call with more than texts, and the vectors that it must give."""

    said: Mapping[str, Any]
    vectors: str
    within: float = CLOSE
    text: str | None = None
    """The one text to send, by its name in the world; None for all of them."""


class Refusal(NamedTuple):
    """The error that a client must raise, and what it must say of it."""

    kind: type[BaseException] | tuple[type[BaseException], ...]
    says: str = ""
    """Words that it must show, of our own sentence or the status."""


@dataclass(frozen=True)
class Client:
    """A client as the checks use it."""

    package: str
    model: str
    connect: Callable[..., Any]
    """(address, key, retries) → what `embed` and `models` take."""
    embed: Callable[..., Sequence[Sequence[float]]]
    """(client, model, text or texts, what a wish says) → vectors."""
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    """``key``, ``model``, ``long`` and ``rate``, where the client can meet them."""
    models: Callable[[Any], Sequence[str]] | None = None
    plain: str = "plain"
    """The vectors of a call that says nothing more: a client may say a task unasked."""
    long: str | None = "long"
    """The vectors of a text that is too long; None where that is refused."""
    retries: int = 0
    """How often to have it ask again; 0 where it cannot."""
    slashes: bool = True
    """Whether a model's name may hold any sign."""


def checks_of(client: Client) -> Iterator[tuple[str, Callable[[Mapping[str, Any]], None]]]:
    """Yield what a client can be asked to do, by name."""
    yield "one text", partial(one, client)
    yield "several texts", partial(several, client)
    for name, wish in client.wishes.items():
        yield name, partial(wished, client, wish)
    if client.slashes:
        yield "a name with a slash and a colon", partial(slashed, client)
    if client.models:
        yield "the list of models", partial(listed, client)
    if "key" in client.refused:
        yield "a wrong key", partial(wrong_key, client)
    if "model" in client.refused:
        yield "an unknown model", partial(unknown, client)
    if client.long or "long" in client.refused:
        yield "a text that is too long", partial(too_long, client)
    if "rate" in client.refused and client.retries:
        yield "a limit that passes", partial(limited, client)


def one(client: Client, world: Mapping[str, Any]) -> None:
    vectors = client.embed(connected(client, world), client.model, world["texts"][0])
    same(vectors, world["vectors"][client.plain][:1])


def several(client: Client, world: Mapping[str, Any]) -> None:
    same(client.embed(connected(client, world), client.model, world["texts"]), world["vectors"][client.plain])


def wished(client: Client, wish: Wish, world: Mapping[str, Any]) -> None:
    texts = world[wish.text] if wish.text else world["texts"]
    vectors = client.embed(connected(client, world), client.model, texts, **wish.said)
    same(vectors, world["vectors"][wish.vectors], wish.within)


def slashed(client: Client, world: Mapping[str, Any]) -> None:
    vectors = client.embed(connected(client, world), world["slashed"], world["texts"])
    same(vectors, world["vectors"][client.plain])


def listed(client: Client, world: Mapping[str, Any]) -> None:
    assert client.models is not None
    names = [name.removeprefix("models/") for name in client.models(connected(client, world))]
    assert {client.model, world["slashed"]} <= {name.removesuffix(":latest") for name in names}, f"it lists {names}"


def wrong_key(client: Client, world: Mapping[str, Any]) -> None:
    wrong = client.connect(world["address"], "sk-wrong", 0)
    refuses(client, "key", lambda: client.embed(wrong, client.model, world["texts"]))


def unknown(client: Client, world: Mapping[str, Any]) -> None:
    refuses(client, "model", lambda: client.embed(connected(client, world), "nothing-served", world["texts"]))


def too_long(client: Client, world: Mapping[str, Any]) -> None:
    def ask() -> Sequence[Sequence[float]]:
        return client.embed(connected(client, world), client.model, world["long"])

    if client.long:
        same(ask(), world["vectors"][client.long])
    else:
        refuses(client, "long", ask)


def limited(client: Client, world: Mapping[str, Any]) -> None:
    """The client is refused without a retry of its own, and answered with some."""
    for last in (False,) * (TRIES - 1) + (True,):  # the limit passes while a slow machine looks away
        exhaust(world)
        hasty = client.connect(world["address"], world["limited"], 0)
        try:
            client.embed(hasty, client.model, world["texts"][0])
        except client.refused["rate"].kind:
            break
        assert not last, "it was answered although the key had nothing left"
    patient = client.connect(world["address"], world["limited"], client.retries)
    same(client.embed(patient, client.model, world["texts"][0]), world["vectors"][client.plain][:1])


def connected(client: Client, world: Mapping[str, Any]) -> Any:
    return kept(client.connect, world["address"], world["key"])


@cache
def kept(connect: Callable[..., Any], address: str, key: str) -> Any:
    """Make one client for all calls, as programs do: that takes longer than a call."""
    return connect(address, key, 0)


def exhaust(world: Mapping[str, Any]) -> None:
    """Use up what the limited key may ask in a minute."""
    headers = {"authorization": f"Bearer {world['limited']}", "content-type": "application/json"}
    address = world["address"] + "/openai/v1/embeddings"
    for _ in range(SPARE):
        try:
            request = urllib.request.Request(address, json.dumps({"input": "a"}).encode(), headers)
            urllib.request.urlopen(request, timeout=60).close()
        except urllib.error.HTTPError as error:
            with error:
                if error.code == LIMITED:
                    return
                raise
    raise AssertionError(f"{SPARE} requests were within a limit of {world['per_minute']} a minute")


def same(vectors: Sequence[Sequence[float]], expected: Sequence[Sequence[float]], within: float = CLOSE) -> None:
    """Hold vectors against the library's own."""
    shapes = [[len(row) for row in rows] for rows in (vectors, expected)]
    assert shapes[0] == shapes[1], f"vectors of {shapes[0]} numbers, not {shapes[1]}"
    pairs = zip(vectors, expected, strict=True)
    far = max(abs(a - b) for row, wanted in pairs for a, b in zip(row, wanted, strict=True))
    assert far <= within, f"a number is {far:.2g} from the library's own"


def refuses(client: Client, what: str, ask: Callable[[], object]) -> None:
    """Hold what a client raises against what it must."""
    meant = client.refused[what]
    try:
        ask()
    except meant.kind as error:
        shown = f"{error} {getattr(error, 'body', '')}"
        assert meant.says in shown, f"the error does not say {meant.says!r}: {shown[:300]}"
        return
    raise AssertionError("it was answered")

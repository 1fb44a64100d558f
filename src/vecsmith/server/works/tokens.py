"""What a model's own tokenizer can be asked: a text's tokens, how many they are, and the text of some tokens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from vecsmith.dialects.gemini_tokens import COUNTS
from vecsmith.dialects.serving import Problem
from vecsmith.dialects.tokens import Tokens
from vecsmith.local.tokens import TextTokenizer
from vecsmith.portal import aside
from vecsmith.prepare import prepare
from vecsmith.providers import Reads
from vecsmith.server.menu import beneath
from vecsmith.server.works.deadline import answering
from vecsmith.server.works.prompting import named_prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from vecsmith.dialects.serving import ServerSide
    from vecsmith.dialects.tokens import TokensOfTexts, WordsOfTokens
    from vecsmith.server.endpoint import Work
    from vecsmith.server.menu import Served
    from vecsmith.server.service import Service
    from vecsmith.server.visit import Visit

__all__ = ["METHODS", "count", "detokenize", "texts_of_ids", "tokenize"]

T = TypeVar("T")

INLINE = 2_000
"""Characters, or ids, that are read at once, where handing them to another thread would take longer."""

MOST = 1_000_000
"""Characters, or ids, of a request whose tokens are listed: each takes a line of JSON."""

reading = ThreadPoolExecutor(1, thread_name_prefix="vecsmith-served-tokens")
"""One thread, because each that tokenises keeps memory of its own."""


async def tokenize(service: Service, request: TokensOfTexts, visit: Visit) -> Sequence[Tokens]:
    """List the tokens of each text."""
    served = found(service, request, visit)
    tokenizer = tokenizer_of(served)
    prompt = named_prompt(served, request.prompt_name) or ""
    visit.texts = len(request.texts)
    size = sum(map(len, request.texts))
    check_size(size, service, len(request.texts))
    async with answering(service, size):
        texts = prepare([prompt + text for text in request.texts]).texts
        return await beside(size, partial(listed, tokenizer, texts, special=request.special))


async def detokenize(service: Service, request: WordsOfTokens, visit: Visit) -> Sequence[str]:
    """Return the texts of rows of tokens."""
    tokenizer = tokenizer_of(found(service, request, visit))
    size = sum(map(len, request.rows))
    check_size(size, service, len(request.rows))
    async with answering(service, size):
        return await beside(size, partial(written, tokenizer, request.rows, special=request.special))


async def count(service: Service, request: TokensOfTexts, visit: Visit) -> int:
    """Count the tokens of all texts, without special ones."""
    served = found(service, request, visit)
    reader: Reads | None = beneath(served.embedder.generator, Reads)
    if reader is None:
        raise without_tokenizer(served)
    visit.texts = len(request.texts)
    size = sum(map(len, request.texts))
    async with answering(service, size):
        return sum(await beside(size, partial(reader.count, prepare(request.texts).texts)))


METHODS: Mapping[str, tuple[ServerSide[Any, Any], Work]] = {name: (side, count) for name, side in COUNTS.items()}
"""What Gemini's paths may ask of a model's tokenizer, by the name behind the model's."""


async def texts_of_ids(served: Served, rows: Sequence[Sequence[int]]) -> list[str]:
    """Return the texts of token ids of the model's own vocabulary, without special tokens."""
    tokenizer = tokenizer_of(served)
    return await beside(sum(map(len, rows)), partial(written, tokenizer, rows, special=False))


def found(service: Service, request: TokensOfTexts | WordsOfTokens, visit: Visit) -> Served:
    """Return the model that is asked, if its caller may use it."""
    served = service.menu.find(request.model, visit.caller)
    visit.model, visit.ignored = served.name, tuple(request.ignored)
    return served


def tokenizer_of(served: Served) -> TextTokenizer:
    """Return a model's own tokenizer; raise `Problem` where it is not at hand."""
    tokenizer: TextTokenizer | None = beneath(served.embedder.generator, TextTokenizer)
    if tokenizer is None:
        raise without_tokenizer(served)
    return tokenizer


def without_tokenizer(served: Served) -> Problem:
    """Return the refusal of what needs a tokenizer that is not here."""
    return Problem("unsupported", f"the tokenizer of {served.name} is not here: ask for a model of this machine")


def check_size(size: int, service: Service, rows: int) -> None:
    """Refuse what would be too long a list of tokens."""
    if size > MOST:
        raise Problem("too_large", f"the texts have more than the {MOST:,} characters or ids read here: send fewer")
    most = service.settings.max_batch
    if rows > most:
        raise Problem("too_many", f"{rows} inputs are more than the {most} of one request: send fewer at once")


async def beside(size: int, work: Callable[[], T]) -> T:
    """Do what takes long in another thread."""
    return work() if size <= INLINE else await aside(work, reading)


def listed(tokenizer: TextTokenizer, texts: Sequence[str], *, special: bool) -> list[Tokens]:
    """Return the tokens of each text."""
    around = (tokenizer.prefix, tokenizer.suffix) if special else ((), ())
    before, after = ([(int(each), tokenizer.name(int(each))) for each in ids] for ids in around)
    return [Tokens(text, *tokenizer.read(text), before, after) for text in texts]


def written(tokenizer: TextTokenizer, rows: Sequence[Sequence[int]], *, special: bool) -> list[str]:
    """Return the text of each row; raise `Problem` for an id that the model does not have."""
    for place, row in enumerate(rows):
        if any(not tokenizer.knows(each) for each in set(row)):
            raise Problem("input", "a token id is none of the model's own: send the ids of its tokenizer", index=place)
    return tokenizer.decode(rows, special=special)

"""Text Embeddings Inference's ``/tokenize`` and ``/decode``, as their clients expect them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import numpy as np

from vecsmith.dialects.bodies import read_body
from vecsmith.dialects.serving import Problem, json_response
from vecsmith.dialects.tei_server import Empty, Says, check_texts, model_of
from vecsmith.dialects.tokens import TokensOfTexts, WordsOfTokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.dialects.serving import Incoming
    from vecsmith.dialects.tokens import Tokens
    from vecsmith.wire import HttpResponse

__all__ = ["TEIDecode", "TEITokenize"]


class TokenizeBody(msgspec.Struct, kw_only=True):
    """What a client sends to have texts' tokens."""

    inputs: str | list[str]
    add_special_tokens: bool | None = None
    prompt_name: str | None = None
    model: str | None = None


class DecodeBody(msgspec.Struct, kw_only=True):
    """What a client sends to have the text of tokens."""

    ids: list[int | list[int]]
    skip_special_tokens: bool | None = None
    model: str | None = None


@dataclass(frozen=True, slots=True)
class TEITokenize(Says):
    """``/tokenize``: texts' tokens, with their places in bytes of UTF-8."""

    body: ClassVar[Any] = TokenizeBody

    def parse_request(self, incoming: Incoming) -> TokensOfTexts:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, TokenizeBody)
        texts = [body.inputs] if isinstance(body.inputs, str) else body.inputs
        check_texts(texts)
        special = body.add_special_tokens is not False
        return TokensOfTexts(texts, model_of(body.model, incoming), special, body.prompt_name, ignored=ignored)

    def render_response(self, answer: Sequence[Tokens], request: TokensOfTexts) -> HttpResponse:  # noqa: ARG002 (a side)
        """Write the tokens."""
        return json_response([[*map(special, each.before), *lines(each), *map(special, each.after)] for each in answer])


@dataclass(frozen=True, slots=True)
class TEIDecode(Says):
    """``/decode``: the texts of token ids."""

    body: ClassVar[Any] = DecodeBody
    writes: ClassVar[Any] = list[str]

    def parse_request(self, incoming: Incoming) -> WordsOfTokens:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, DecodeBody)
        if not body.ids:
            raise Empty("input", "`ids` cannot be empty: send at least one", param="ids")
        rows: list[Any] = [body.ids] if isinstance(body.ids[0], int) else body.ids
        for place, row in enumerate(rows):
            if not isinstance(row, list) or not all(isinstance(each, int) for each in row):
                raise Problem("input", f"'$.ids[{place}]' is invalid: ids and lists of them are mixed", index=place)
        keep = body.skip_special_tokens is False
        return WordsOfTokens(rows, model_of(body.model, incoming), keep, ignored=ignored)

    def render_response(self, answer: Sequence[str], request: WordsOfTokens) -> HttpResponse:  # noqa: ARG002 (a side)
        """Write the texts."""
        return json_response(answer)


def special(token: tuple[int, str]) -> dict[str, Any]:
    """Return what is said of a token that the model puts around texts."""
    return {"id": token[0], "text": token[1], "special": True, "start": None, "stop": None}


def lines(tokens: Tokens) -> list[dict[str, Any]]:
    """Return what is said of a text's own tokens."""
    return [
        {"id": each, "text": piece, "special": False, "start": start, "stop": stop}
        for each, piece, (start, stop) in zip(
            tokens.ids.tolist(), tokens.pieces, in_bytes(tokens).tolist(), strict=True
        )
    ]


def in_bytes(tokens: Tokens) -> Any:
    """Return where tokens start and end, in bytes of UTF-8."""
    if tokens.text.isascii():
        return tokens.spans
    points = np.frombuffer(tokens.text.encode("utf-32-le"), np.uint32)
    widths = 1 + (points > 0x7F) + (points > 0x7FF) + (points > 0xFFFF)  # noqa: PLR2004 (as UTF-8 is made)
    return np.concatenate([[0], np.cumsum(widths)])[tokens.spans]

"""Cohere's tokenize and detokenize (https://docs.cohere.com/reference/tokenize), as its clients expect them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from vecsmith.dialects.bodies import read_body
from vecsmith.dialects.cohere import error_response
from vecsmith.dialects.serving import Problem, json_response
from vecsmith.dialects.tokens import TokensOfTexts, WordsOfTokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.dialects.serving import Incoming
    from vecsmith.dialects.tokens import Tokens
    from vecsmith.wire import HttpResponse

__all__ = ["CohereDetokenize", "CohereTokenize"]

META = {"api_version": {"version": "1"}}


class TokenizeBody(msgspec.Struct):
    """What a client sends to have a text's tokens."""

    text: str
    model: str | None = None


class DetokenizeBody(msgspec.Struct):
    """What a client sends to have the text of tokens."""

    tokens: list[int]
    model: str | None = None


class Says:
    """How Cohere says what went wrong."""

    __slots__ = ()

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is no answer."""
        return error_response(problem)


@dataclass(frozen=True, slots=True)
class CohereTokenize(Says):
    """A text's tokens, without those that the model puts around it."""

    body: ClassVar[Any] = TokenizeBody

    def parse_request(self, incoming: Incoming) -> TokensOfTexts:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, TokenizeBody)
        if not body.text:
            raise Problem("input", "text is empty: send at least one character", param="text")
        return TokensOfTexts([body.text], body.model, ignored=ignored)

    def render_response(self, answer: Sequence[Tokens], request: TokensOfTexts) -> HttpResponse:  # noqa: ARG002 (a side)
        """Write the ids and what each stands for."""
        (tokens,) = answer
        return json_response({"tokens": tokens.ids, "token_strings": tokens.pieces, "meta": META})


@dataclass(frozen=True, slots=True)
class CohereDetokenize(Says):
    """The text of tokens, special ones included."""

    body: ClassVar[Any] = DetokenizeBody

    def parse_request(self, incoming: Incoming) -> WordsOfTokens:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, DetokenizeBody)
        return WordsOfTokens([body.tokens], body.model, special=True, ignored=ignored)

    def render_response(self, answer: Sequence[str], request: WordsOfTokens) -> HttpResponse:  # noqa: ARG002 (a side)
        """Write the text."""
        return json_response({"text": answer[0], "meta": META})

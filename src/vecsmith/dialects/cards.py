"""The models that a server has, as clients list them: what differs is the card, and how an error is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vecsmith.dialects.serving import json_response

if TYPE_CHECKING:
    from vecsmith.dialects.serving import Incoming, ModelCard, Problem
    from vecsmith.wire import HttpResponse

__all__ = ["Card", "Cards", "OneCard", "named", "openai_card"]

Card = Callable[["ModelCard", str], Mapping[str, Any]]
"""Writes down a model under one of its names."""


def listed(cards: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return a list as OpenAI's."""
    return {"object": "list", "data": cards}


def openai_card(card: ModelCard, name: str) -> Mapping[str, Any]:
    """Write a model as OpenAI does."""
    return {"id": name, "object": "model", "created": card.created, "owned_by": card.owner}


def named(cards: Sequence[ModelCard]) -> Sequence[tuple[ModelCard, str]]:
    """Return each model under each of its names."""
    return [(card, name) for card in cards for name in (card.name, *card.aliases)]


@dataclass(frozen=True, slots=True)
class Cards:
    """All models, in a wire format."""

    card: Card
    error: Callable[[Problem], HttpResponse]
    whole: Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any]] = listed
    """What the list is written in."""

    def parse_request(self, incoming: Incoming) -> None:
        """Ask for all there are."""

    def render_response(self, answer: Sequence[ModelCard], request: object) -> HttpResponse:  # noqa: ARG002 (ServerSide)
        """Write them down."""
        return json_response(self.whole([self.card(card, name) for card, name in named(answer)]))

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is no answer."""
        return self.error(problem)


@dataclass(frozen=True, slots=True)
class OneCard:
    """One model, in a wire format, under the name by which it was asked for."""

    card: Card
    error: Callable[[Problem], HttpResponse]

    def parse_request(self, incoming: Incoming) -> str:
        """Return the name in the path."""
        return incoming.named["model"]

    def render_response(self, answer: ModelCard, request: str) -> HttpResponse:
        """Write it down."""
        return json_response(self.card(answer, request))

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is no answer."""
        return self.error(problem)

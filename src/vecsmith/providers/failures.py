"""What a service answers instead of vectors, as the error that a caller gets: in its own words, and without the key."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vecsmith.errors import AuthError, BadResponse, ConfigError, ProviderError, RateLimited, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.dialects import Fault
    from vecsmith.wire import Service

__all__ = ["Failures", "Refused"]

TELLING = 4
"""Characters of a header that may be a secret; shorter ones stand in many a word."""

SHOWN = 300
"""Characters of a service's own words that an error repeats."""


class Refused(Exception):  # noqa: N818 (it never leaves a delivery)
    """A service will not take a request as it is."""

    def __init__(self, fault: Fault, error: ProviderError) -> None:
        super().__init__(str(error))
        self.fault, self.error = fault, error


@dataclass(frozen=True, slots=True)
class Failures:
    """The errors of one service."""

    service: Service
    names: Sequence[str] = ()
    """The models that are known, to name one where there is none of the name that was given."""

    @property
    def address(self) -> str:
        """The service's address, without a name and password that may stand in it."""
        parts = urlsplit(self.service.base_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def bad(self, what: str) -> BadResponse:
        """Return the error of an answer, with status 200, that is not what was asked for."""
        provider = self.service.provider
        return BadResponse(f"{provider} sent {what}: nothing of it was used", provider=provider, status=200)

    def of(self, fault: Fault, status: int, model: str) -> Exception:
        """Return the error that a fault is, of a request for a model's vectors."""
        provider = self.service.provider
        words = self.hidden(fault.message)
        told = f" ({words})" if words else ""
        match fault.kind:
            case "rate" | "quota":
                return self.limited(fault, status, told)
            case "unavailable":
                return Unavailable(
                    f"{provider} answered with status {status}{told}",
                    provider=provider,
                    status=status,
                    retry_after=fault.retry_after,
                )
            case "auth":
                return AuthError(
                    f"{provider} does not accept the key (status {status}){told}", provider=provider, status=status
                )
            case "address":
                return ConfigError(
                    f"{provider}: {self.address} answers with no embeddings API (status {status}): check base_url"
                )
            case "model":
                said = f"{provider} does not have the model {model!r} (status {status}){told}"
                return ConfigError(said + self.near(model))
            case _:
                said = f"{provider} refused the request with status {status}{told}"
                return Refused(fault, ProviderError(said, provider=provider, status=status))

    def limited(self, fault: Fault, status: int, told: str) -> RateLimited:
        """Return the error of too many requests, or of an account that has no credit left."""
        provider = self.service.provider
        if fault.kind == "rate":
            return RateLimited(
                f"{provider} wants fewer requests{told}: try again later",
                provider=provider,
                status=status,
                retry_after=fault.retry_after,
            )
        error = RateLimited(
            f"{provider} says that the account has no credit left{told}", provider=provider, status=status
        )
        error.retryable = False  # type: ignore[misc]  # of this one
        return error

    def near(self, model: str) -> str:
        """Return which models a name may have meant, or which are known."""
        others = [name for name in self.names if name != model]
        if close := get_close_matches(model, others, n=3):
            return f": did you mean {' or '.join(close)}?"
        return f": {', '.join(others)} are known" if others else ""

    def doubted(self, refused: Refused, model: str) -> Exception:
        """Return the error of a refusal that every request meets: of a model that is not known, it may be for that."""
        if refused.fault.kind != "input" or not self.names or model in self.names:
            return refused.error
        return ConfigError(f"{refused.error}, and the model {model!r} is not known here{self.near(model)}")

    def hidden(self, words: str) -> str:
        """Return a service's own words, short, on one line and without what it was sent in confidence."""
        for secret in sorted((self.service.api_key or "", *self.service.headers.values()), key=len, reverse=True):
            if len(secret) >= TELLING:
                words = words.replace(secret, "…")
        line = " ".join(words.split())
        return line if len(line) <= SHOWN else line[:SHOWN] + "…"

"""Everything vecsmith raises or warns of on purpose.

EmbedError
├─ ConfigError       unknown model, impossible setting, missing or broken file
├─ InputError        a text that cannot be embedded as asked; ``.index`` tells which
├─ ModelError        a model answered with something that is not an embedding
├─ ProviderError     a provider did not embed what it was asked to; ``.provider``, ``.status``
│  ├─ AuthError      the key is missing, wrong, or may not do this
│  ├─ RateLimited    the provider wants fewer requests; ``.retry_after``
│  ├─ Unavailable    the provider is down, slow, or not to be reached
│  └─ BadResponse    the provider's answer is not what was asked for
├─ StoreError        a store of vectors cannot be read or written, or is no longer there
├─ Timeout           the caller's deadline passed
└─ Closed            the embedder was closed
EmbedWarning         texts were cut, vectors were cut that were not trained for it, no font has a picture's letters

Each message is one sentence: what is wrong and what to do.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import ClassVar

__all__ = [
    "AuthError",
    "BadResponse",
    "Closed",
    "ConfigError",
    "EmbedError",
    "EmbedWarning",
    "InputError",
    "ModelError",
    "ProviderError",
    "RateLimited",
    "StoreError",
    "Timeout",
    "Unavailable",
    "damaged",
]


class EmbedError(Exception):
    """The base of all errors that vecsmith raises on purpose."""


class ConfigError(EmbedError):
    """A model, file or setting cannot be used as named."""


@contextmanager
def damaged(what: str) -> Iterator[None]:
    """Turn whatever reading a damaged file raises into one `ConfigError` that names it."""
    try:
        yield
    except EmbedError:
        raise
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ConfigError(f"{what} does not hold what it should ({type(error).__name__}: {error})") from None


class InputError(EmbedError, ValueError):
    """A text cannot be embedded as asked."""

    def __init__(self, reason: str, *, index: int | None = None, others: Sequence["InputError"] = ()) -> None:
        super().__init__(reason if index is None else f"input {index}: {reason}")
        self.reason = reason
        self.index = index
        """Position among the inputs of the call; None where the call as a whole is meant."""
        self.others = tuple(others)
        """The further inputs of the same call that cannot be embedded either."""

    def at(self, indexes: Sequence[int]) -> "InputError":
        """Return the same error about other inputs: those whose index stands at this one's place in `indexes`."""
        return self.moved(lambda place: [indexes[place]])

    def moved(self, places: Callable[[int], Iterable[int]]) -> "InputError":
        """Return the same error about other inputs: those that `places` gives for each index."""
        reasons = {place: e.reason for e in (self, *self.others) if e.index is not None for place in places(e.index)}
        if not reasons:
            return self
        first, *others = (InputError(reason, index=place) for place, reason in sorted(reasons.items()))
        return InputError(first.reason, index=first.index, others=others)


class ModelError(EmbedError):
    """A model answered with something that is not an embedding, such as NaN."""


class ProviderError(EmbedError):
    """A provider did not embed what it was asked to."""

    retryable: ClassVar[bool] = False
    """Whether the same request may succeed a little later."""

    def __init__(
        self, message: str, *, provider: str, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.provider = provider
        self.status = status
        """The HTTP status of its answer; None where there was none."""
        self.retry_after = retry_after
        """Seconds that the provider asks to wait; None where it does not say."""


class AuthError(ProviderError):
    """The provider's key is missing, wrong, or may not do this."""


class RateLimited(ProviderError):  # noqa: N818 (the field's word)
    """The provider wants fewer requests."""

    retryable = True


class Unavailable(ProviderError):  # noqa: N818 (a state)
    """The provider is down, slow, or not to be reached."""

    retryable = True


class BadResponse(ProviderError):  # noqa: N818 (a thing)
    """The provider's answer is not what was asked for, such as fewer vectors than texts, or NaN."""

    retryable = True


class StoreError(EmbedError):
    """A store of vectors cannot be read or written, or went away meanwhile."""


class Timeout(EmbedError, TimeoutError):  # noqa: N818 (the field's word, and Python's own)
    """The deadline given by the caller passed before the answer was there."""


class Closed(EmbedError):  # noqa: N818 (a state, as in every client library)
    """The embedder was closed before or during the call."""


class EmbedWarning(UserWarning):
    """The call succeeded, and something about it should not go unnoticed."""

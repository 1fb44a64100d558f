"""What the hub, the network and the disk answer instead, as errors of one sentence.

No address with what may be secret in it, no token and no folder of the person's stands in one.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["host", "passing", "refusal"]

AGAIN = (408, 429, 500, 502, 503, 504)
"""The answers after which the same request may succeed a little later."""

FULL = (errno.ENOSPC, errno.EDQUOT)


def host() -> str:
    """Return the name of the machine that is asked for models."""
    from huggingface_hub import constants

    address = urlsplit(constants.ENDPOINT)
    return f"{address.hostname}:{address.port}" if address.port else str(address.hostname)


def passing(error: Exception) -> bool:
    """Whether the same may succeed a little later."""
    from huggingface_hub.errors import HTTPError, OfflineModeIsEnabled

    first = cause(error)
    status = status_of(first)
    if status is not None or isinstance(first, OfflineModeIsEnabled):
        return status in AGAIN
    return isinstance(first, HTTPError) or cut(first)


def refusal(error: Exception, repository: str, revision: str | None) -> ConfigError:
    """Return why a model could not be had."""
    from huggingface_hub import errors

    first = cause(error)
    match first:
        case errors.GatedRepoError():
            return ConfigError(
                f"{repository} is gated: accept its terms at {host()}/{repository} and set HF_TOKEN to a token of "
                "that account"
            )
        case errors.RevisionNotFoundError():
            return ConfigError(f"{repository} has no revision {revision!r} at {host()}: name a branch, tag or commit")
        case errors.RepositoryNotFoundError():
            return ConfigError(
                f"there is no {repository} at {host()}, or it is private: check the name, or set HF_TOKEN to a token "
                "that may read it"
            )
        case errors.EntryNotFoundError() if not isinstance(first, errors.LocalEntryNotFoundError):
            return ConfigError(f"{host()} lists a file of {repository} and does not have it: name another revision")
        case errors.OfflineModeIsEnabled():
            return ConfigError(
                f"{repository} is not on this machine, or not all of it, and HF_HUB_OFFLINE is set: unset it, or copy "
                "the model's folder here and name that"
            )
    return by_kind(first, repository)


def by_kind(error: Exception, repository: str) -> ConfigError:
    """Return the same for what is told by a status or a number."""
    from huggingface_hub.errors import HTTPError

    status = status_of(error)
    if status in {401, 403}:
        return ConfigError(f"{host()} refuses {repository} to this token: set HF_TOKEN to one that may read it")
    if status is not None:
        return ConfigError(f"{host()} answers {status} when asked for {repository}: try again later")
    if isinstance(error, HTTPError) or cut(error):
        return ConfigError(
            f"{host()} cannot be reached, or ends before all of {repository} is here ({type(error).__name__}): check "
            "the network and try again, which goes on with what is missing"
        )
    if isinstance(error, OSError) and error.errno in FULL:
        return ConfigError(f"no space is left for {repository}: make some, or set HF_HOME to a folder on another disk")
    if isinstance(error, OSError):
        return ConfigError(
            f"{repository} cannot be written to the Hugging Face cache ({error.strerror or type(error).__name__}): "
            "set HF_HOME to a folder that can be written"
        )
    return ConfigError(f"{repository} cannot be had from {host()} ({type(error).__name__}): try again later")


def cut(error: Exception) -> bool:
    """Whether a file ended too early, which huggingface_hub tells by an `OSError` without a number."""
    return type(error) is OSError and error.errno is None


def status_of(error: Exception) -> int | None:
    """Return the HTTP status that an error tells of."""
    return getattr(getattr(error, "response", None), "status_code", None)


def cause(error: Exception) -> Exception:
    """Return what an error that only says that nothing is here was raised for."""
    from huggingface_hub.errors import LocalEntryNotFoundError

    def behind(error: BaseException | None) -> Iterator[Exception]:
        while isinstance(error, Exception):
            yield error
            error = error.__cause__ if isinstance(error, LocalEntryNotFoundError) else None

    return list(behind(error))[-1]

"""What a call may ask for, checked once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, Unpack, get_args

from vecsmith.chunking import Chunking
from vecsmith.clean import cleaner
from vecsmith.encodings import Calibration, encoding_of
from vecsmith.errors import ConfigError, InputError
from vecsmith.prepare import prepare
from vecsmith.tasks import task_of
from vecsmith.types import Encoding, Lane, OnLong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vecsmith.tasks import Task

__all__ = ["CallOptions", "Options", "for_task", "options_of"]


class CallOptions(TypedDict, total=False):
    """The keyword arguments of every call that embeds."""

    task: str | None
    """What the vectors are for, in any provider's spelling; None for no prompt but the model's default."""
    dimensions: int | None
    """Cut the vectors to this width (and normalise again); None for the model's own."""
    normalize: bool | None
    """Scale to length one; None for what the model's own files say."""
    on_long: OnLong | None
    """What happens to a text longer than the model reads; None for ``truncate`` with a warning."""
    encoding: Encoding | None
    """How the numbers are stored; the last step."""
    calibration: Calibration | None
    """The ranges for ``int8`` and ``uint8``."""
    prompt: str | None
    """Put before every text, whatever the task; None for the task's, or the model's default."""
    title: str | None
    """The title of the document, for models that take one."""
    clean: str | Iterable[str] | None
    """Clean-up steps by name, in their order."""
    chunking: Chunking | None
    """How texts are cut, where on_long is ``chunk``, ``mean`` or ``late``."""


@dataclass(frozen=True, slots=True)
class Options:
    """What one call asks for."""

    task: Task | None = None
    dimensions: int | None = None
    normalize: bool | None = None
    on_long: OnLong = "truncate"
    said_on_long: bool = False
    """Whether the caller chose what happens to long texts, and so need not be warned."""
    encoding: Encoding = "float32"
    calibration: Calibration | None = None
    prompt: str | None = None
    title: str | None = None
    clean: Callable[[str], str] | None = None
    chunking: Chunking | None = None
    """How texts are cut; None unless on_long cuts them."""
    lane: Lane | None = None
    """Where a local model computes; None for the size to decide."""


def options_of(**options: Unpack[CallOptions]) -> Options:
    """Check what a call asks for; raise `ConfigError` or `InputError` for what cannot be."""
    unknown = [name for name in options if name not in CallOptions.__annotations__]
    if unknown:
        raise TypeError(f"there is no option {unknown[0]!r}: {', '.join(CallOptions.__annotations__)} are")
    return checked(**options)


def for_task(task: Task, options: CallOptions) -> CallOptions:
    """Return options that ask for a task unless they name one."""
    return options if options.get("task") is not None else {**options, "task": task}


def checked(
    *,
    task: str | None = None,
    dimensions: int | None = None,
    normalize: bool | None = None,
    on_long: OnLong | None = None,
    encoding: Encoding | None = None,
    calibration: Calibration | None = None,
    prompt: str | None = None,
    title: str | None = None,
    clean: str | Iterable[str] | None = None,
    chunking: Chunking | None = None,
) -> Options:
    """Do the same, with the options by name."""
    if on_long is not None and on_long not in get_args(OnLong):
        raise ConfigError(f"on_long must be one of {', '.join(get_args(OnLong))}, not {on_long!r}")
    if normalize is not None and not isinstance(normalize, bool):
        raise ConfigError(f"normalize must be True, False or None, not {normalize!r}")
    if calibration is not None and not isinstance(calibration, Calibration):
        raise ConfigError(f"calibration must be a vecsmith.Calibration, not {type(calibration).__name__}")
    return Options(
        task=task_of(task),
        dimensions=dimensions,
        normalize=normalize,
        on_long=on_long or "truncate",
        said_on_long=on_long is not None,
        encoding="float32" if encoding is None else encoding_of(encoding),
        calibration=calibration,
        prompt=readable("prompt", prompt),
        title=readable("title", title),
        clean=cleaner(() if clean is None else clean),
        chunking=chunking_of(chunking, on_long),
    )


def chunking_of(chunking: Chunking | None, on_long: OnLong | None) -> Chunking | None:
    """Return how texts are cut; None where they are not."""
    if chunking is not None and not isinstance(chunking, Chunking):
        raise ConfigError(f"chunking must be a vecsmith.Chunking, not {type(chunking).__name__}")
    if on_long in {"chunk", "mean", "late"}:
        return chunking or Chunking()
    if chunking is not None:
        raise ConfigError("chunking is for on_long='chunk', 'mean' or 'late': name one of them, or leave chunking out")
    return None


def readable(name: str, text: str | None) -> str | None:
    """Check a prompt or a title as an input is checked."""
    if text is None:
        return None
    try:
        return prepare([text]).texts[0]
    except InputError as error:
        raise InputError(f"the {name} cannot be used: {error.reason}") from None

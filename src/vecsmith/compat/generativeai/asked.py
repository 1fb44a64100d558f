"""A call's arguments, in the many forms that the original takes, checked once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vecsmith.compat.errors import ArgumentError, ArgumentTypeError
from vecsmith.compat.generativeai.types import EmbeddingTaskType
from vecsmith.config import configuration
from vecsmith.errors import ConfigError, InputError
from vecsmith.prepare import as_texts, prepare
from vecsmith.tasks import Task, task_of

__all__ = [
    "ArgumentError",
    "ArgumentTypeError",
    "Asked",
    "contents_of",
    "model_name",
    "options_of",
    "task_number",
    "texts_of",
]

PREFIX, TUNED = "models/", "tunedModels/"

GOOGLE = re.compile(
    r"(gemini-embedding|embedding-gecko|text-multilingual-embedding)-[\w.-]+|(text-)?embedding-(\d{3}|preview-\d{4})"
)
"""The names that Google gave its models; the original knew no other."""

Content = tuple[str, ...]
"""The texts of a content's parts, which have one vector together."""

Name = str | Path


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call asks for."""

    model: Name
    """As `vecsmith.Embedder` takes it."""
    contents: list[Content]
    single: bool
    """Whether one vector is returned, and not a list of them."""
    task: EmbeddingTaskType = EmbeddingTaskType.TASK_TYPE_UNSPECIFIED
    title: str | None = None
    dimensions: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    """``timeout`` and ``retry``, where they were given."""

    @property
    def texts(self) -> list[str]:
        """What each vector is of: a content's parts, a line each."""
        return ["\n".join(content) for content in self.contents]

    @property
    def task_name(self) -> Task | None:
        """The task in vecsmith's vocabulary."""
        return task_of(self.task.name)


def model_name(model: object) -> Name:
    """Return a model's name as vecsmith has it; raise `ArgumentError` or `ArgumentTypeError` for what is none."""
    if isinstance(model, Path):
        return model
    name = model if isinstance(model, str) else getattr(model, "name", None)
    if not isinstance(name, str):
        raise ArgumentTypeError(f"a model is a name, or an object with a name, not {type(model).__name__}")
    if name.startswith(TUNED):
        raise ArgumentError(f"{name!r} is a tuned model, and none of them makes embeddings: name another")
    bare = name.removeprefix(PREFIX)
    if not bare.strip():
        raise ArgumentError(f"{name!r} names no model: give one such as 'models/minilm'")
    return f"gemini:{bare}" if GOOGLE.fullmatch(bare) and not given_a_meaning(bare) else bare


def given_a_meaning(name: str) -> bool:
    """Whether a person's own configuration says what a name stands for."""
    config = configuration()
    return name in config.profiles or name in config.aliases


def texts_of(text: object) -> tuple[list[Content], bool]:
    """Return the texts to embed, and whether it is one alone; raise `InputError` for what is none."""
    if isinstance(text, Mapping):
        raise InputError("text is a string or a sequence of strings, not a mapping: embed_content takes those")
    pulled = list(as_texts(text))  # type: ignore[arg-type]  # it checks
    return [(one,) for one in prepare(pulled).texts], isinstance(text, str)


def contents_of(content: object) -> tuple[list[Content], bool]:
    """Return the contents to embed, and whether it is one alone: a string, a mapping, or an object with parts."""
    if isinstance(content, str | Mapping) or not isinstance(content, Iterable):
        return [parts_of(content, None)], True
    return [parts_of(one, index) for index, one in enumerate(content)], False


def parts_of(content: object, index: int | None) -> Content:
    """Return the texts of a content's parts."""
    if isinstance(content, str) or (inner := member(content, "parts")) is None:
        inner = content
    parts = [inner] if isinstance(inner, str | Mapping) or not isinstance(inner, Iterable) else list(inner)
    texts = tuple(text_of(part, index) for part in parts)
    if not any(texts):
        raise InputError("the content is empty: leave it out", index=index)
    try:
        return tuple(prepare(texts).texts)
    except InputError as error:
        raise InputError(error.reason, index=index) from None


def text_of(part: object, index: int | None) -> str:
    """Return the text of a part; raise `InputError` for an image or anything else."""
    text = part if isinstance(part, str) else member(part, "text")
    if not isinstance(text, str):
        raise InputError(f"only text is embedded, and a part of {type(part).__name__} has none", index=index)
    return text


def member(value: object, name: str) -> Any:
    """Return a member of a mapping or of an object; None where it has none."""
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def task_number(task: object) -> EmbeddingTaskType:
    """Return a task given by name in any case, by Google's number, or as a member of an enumeration."""
    if task is None:
        return EmbeddingTaskType.TASK_TYPE_UNSPECIFIED
    named = task if isinstance(task, str) else getattr(task, "name", None)
    try:
        if isinstance(named, str):
            known = task_of(named)
            return EmbeddingTaskType[(known or "TASK_TYPE_UNSPECIFIED").upper()]
        if isinstance(task, int) and not isinstance(task, bool):
            return EmbeddingTaskType(task)
    except (ConfigError, ValueError) as error:
        raise ArgumentError(f"task_type cannot be used: {error}") from None
    raise ArgumentTypeError(
        f"task_type is a name, a number from 0 to 8 or a member of an enumeration, not {type(task).__name__}"
    )


def options_of(given: object) -> dict[str, Any]:
    """Return ``timeout`` and ``retry``, where they are given; raise `ArgumentTypeError` for anything else."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        read = {name: getattr(given, name) for name in ("retry", "timeout") if hasattr(given, name)}
        if not read:
            raise ArgumentTypeError(f"request_options has timeout and retry, and {type(given).__name__} has neither")
        return read
    unknown = [name for name in given if name not in {"retry", "timeout"}]
    if unknown:
        raise ArgumentTypeError(f"request_options has timeout and retry, and no {unknown[0]!r}: leave it out")
    return dict(given)


def seconds_of(timeout: object) -> float | None:
    """Return how long a call may take, given as a number or as google.api_core's ``TimeToDeadlineTimeout``."""
    seconds: Any = getattr(timeout, "_timeout", timeout)
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise ArgumentError(f"timeout must be a number of seconds above 0, or None, not {timeout!r}")
    return seconds

"""Which prompt and task a text has: the original's rules, which differ from those of vecsmith's own tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vecsmith.compat.errors import ArgumentError, ArgumentTypeError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_default", "prompt_for", "prompts_of", "task_of"]

DOCUMENTS = ("document", "passage", "corpus")
QUERIES = ("query",)


def prompts_of(given: Mapping[str, str | None] | None, saved: Mapping[str, str]) -> dict[str, str]:
    """Return all prompts by name: those given, else the model's own; ``query`` and ``document`` are always there."""
    mine: dict[str, str | None] = {"query": None, "document": None, **(given or {})}
    filled = {**mine, **{name: text for name, text in saved.items() if mine.get(name) is None}}
    return {name: text or "" for name, text in filled.items()}


def check_default(name: str | None, prompts: Mapping[str, str]) -> None:
    """Raise `ArgumentError` for a default that is none of the prompts."""
    if name is not None and name not in prompts:
        raise ArgumentError(f"default_prompt_name {name!r} is none of the prompts: {', '.join(prompts)} are")


def prompt_for(
    prompts: Mapping[str, str], default: str | None, task: str | None, name: str | None, prompt: str | None
) -> str:
    """Return what stands before every text of a call: what it gives, else names, else its task's, else the default."""
    if prompt is not None:
        return prompt
    if name is None:
        names = {"query": QUERIES, "document": DOCUMENTS}.get(task or "", ())
        name = next((each for each in names if each in prompts), None)
    if name is None:
        return prompts.get(default or "", "") or ""
    if name not in prompts:
        raise ArgumentError(f"prompt_name {name!r} is none of the model's prompts: {', '.join(prompts)} are")
    return prompts[name]


def task_of(options: Mapping[str, Any], batch_size: int, chunk_size: int | None) -> str | None:
    """Return the task; raise `ArgumentError` for a size below 1, and for an option that there is none of."""
    for name, size in (("batch_size", batch_size), ("chunk_size", 1 if chunk_size is None else chunk_size)):
        if size < 1:
            raise ArgumentError(f"{name} must be from 1 up, not {size}")
    unknown = [name for name in options if name != "task"]
    if unknown:
        raise ArgumentTypeError(f"encode has no option {unknown[0]!r} here: leave it out")
    task: str | None = options.get("task")
    if task not in {None, "query", "document"}:
        raise ArgumentError(f"task is 'query' or 'document', not {task!r}")
    return task

"""Which prompt stands before a text: the original's rules, which differ from those of vecsmith's own tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.compat.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["check_default", "prompt_for", "prompts_of"]

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

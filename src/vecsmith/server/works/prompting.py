"""A model's prompts by the names that its own files give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.dialects.serving import Problem
from vecsmith.errors import ConfigError
from vecsmith.local.folder import ModelFolder
from vecsmith.server.menu import beneath
from vecsmith.tasks import task_of

if TYPE_CHECKING:
    from vecsmith.prompts import Prompts
    from vecsmith.server.menu import Served

__all__ = ["named_prompt"]


def named_prompt(served: Served, name: str | None) -> str | None:
    """Return the prompt of a name; None for no name, `Problem` for a name that the model does not have.

    Where a model's files name none, its family's are found by the names of tasks.
    """
    if name is None:
        return None
    folder: ModelFolder | None = beneath(served.embedder.generator, ModelFolder)
    if folder is None:
        raise Problem(
            "unsupported", f"the prompts of {served.name} are not here: send 'task' or 'prompt'", param="prompt_name"
        )
    if name in folder.prompts:
        return folder.prompts[name]
    prompt = of_family(folder.task_prompts, name)
    if prompt is None:
        there = ", ".join(folder.prompts) or "it has none by name; send 'task' or 'prompt'"
        raise Problem("input", f"'prompt_name' is none of the prompts of {served.name} ({there})", param="prompt_name")
    return prompt


def of_family(prompts: Prompts, name: str) -> str | None:
    """Return what a model's family puts before texts of a task; None where that is nothing, or no task."""
    if prompts.own:
        return None
    try:
        task = task_of(name)
        return prompts.text(task) or None if task else None
    except ConfigError:
        return None

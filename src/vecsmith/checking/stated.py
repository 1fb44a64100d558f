"""What a model's files say, each with the file that says it; and where none does, what is done instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.checking.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vecsmith.local.folder import ModelFolder

__all__ = ["stated"]

SENTENCE_TRANSFORMERS = "config_sentence_transformers.json"


def stated(folder: ModelFolder) -> Iterator[Row]:
    """Yield a row for each thing that changes a vector."""
    base, config = folder.folder, folder.config_file
    yield Row("architecture", folder.architecture, "ok", config.name)
    yield Row("weights", ", ".join(path.name for path in folder.weights), "ok", folder.weights[0].name)
    yield pooling(folder)
    modules = "" if folder.modules.guessed else "modules.json"
    yield Row("normalised", "yes" if folder.normalize else "no", "ok", modules)
    yield Row("dimensions", str(folder.dimensions), "ok", config.name)
    yield length(folder)
    yield from prompts(folder)
    said = (base / SENTENCE_TRANSFORMERS).is_file()
    yield Row("similarity", folder.similarity, "ok", SENTENCE_TRANSFORMERS if said else "no file: the usual")


def pooling(folder: ModelFolder) -> Row:
    """Say how it pools, and what follows."""
    if folder.modules.guessed:
        return Row("pooling", f"{folder.pooling}, because no file says", "warn", "no modules.json")
    return Row("pooling", folder.pooling, "ok", "modules.json and what it lists")


def length(folder: ModelFolder) -> Row:
    """Say how long a text it reads."""
    from vecsmith.local.folder import SETTINGS

    found = next((name for name in SETTINGS if (folder.folder / name).is_file()), None)
    if found is None:
        return Row("longest text", f"{folder.max_tokens} tokens", "ok", "tokenizer_config.json or config.json")
    return Row("longest text", f"{folder.max_tokens} tokens", "ok", found)


def prompts(folder: ModelFolder) -> Iterator[Row]:
    """Say what is put before texts for each task, and which of the files' prompts no task uses."""
    found = folder.task_prompts
    used = {task: text for task, text in found.table().items() if text}
    source = SENTENCE_TRANSFORMERS if any(found.own.values()) else f"what the {found.kind} models want"
    told = ", ".join(f"{task}: {text!r}" for task, text in used.items())
    yield Row("prompts", told or "none", "ok", source if used else "")
    if found.default:
        yield Row("prompt of no task", repr(found.default), "ok", SENTENCE_TRANSFORMERS)
    idle = sorted(name for name, text in found.own.items() if text and text not in {*used.values(), found.default})
    if idle:
        yield Row("prompts for no task here", ", ".join(idle), "warn", SENTENCE_TRANSFORMERS)
    if found.family and found.own and not any(found.own.values()):
        say = f"its files say that there are none, and {found.family.name} models want some"
        yield Row("prompts of its family", say, "warn", SENTENCE_TRANSFORMERS)

"""``vecsmith models``: which models there are, what one is, how one comes here, and what int8 means for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecsmith.cli.calibrate import calibrate, int8_here
from vecsmith.cli.check import check
from vecsmith.cli.tables import AsJson, columns, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.local.catalog import OnHub
    from vecsmith.local.folder import ModelFolder

__all__ = ["app"]

SHORT = 12
"""Digits of a commit that a person is shown."""

app = typer.Typer(
    name="models", no_args_is_help=True, rich_markup_mode=None, help="List models, show one, get one, or calibrate one."
)


app.command("check")(check)
app.command("calibrate")(calibrate)


@app.command("list")
def list_models(*, as_json: AsJson = False) -> None:
    """List the models that can be named, and where they are."""
    rows = known()
    if as_json:
        print_json(rows)
        return
    heads = ("NAME", "ALSO", "REPOSITORY", "REVISION", "WHERE")
    told = [(r["name"], ", ".join(r["also"]), r["repository"], r["revision"][:SHORT], r["where"]) for r in rows]
    for line in columns([heads, *told]):
        typer.echo(line)


@app.command("pull")
def pull(
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME[@REVISION]...", help="Short names, or Hugging Face ids, with or without @REVISION."
        ),
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Get models from the Hugging Face hub, whole and checked, into its cache on this machine.

    Only the files that are needed are downloaded; what is here already is checked, and kept. HF_TOKEN, HF_ENDPOINT,
    HF_HOME and HF_HUB_OFFLINE mean what they mean to huggingface_hub.
    """
    from vecsmith.errors import ConfigError
    from vecsmith.local.catalog import OnHub, meant
    from vecsmith.names import named

    rows = []
    for name in models:
        wanted = named(name)
        if wanted.provider.name != "local" or wanted.model is None:
            raise ConfigError(f"{name} is a model of {wanted.provider.name}, of which there is nothing to get")
        found = meant(wanted.model)
        if not isinstance(found, OnHub):
            rows.append({"name": found.name, "folder": str(found.folder)})
        else:
            rows.append(pulled(found))
        if not as_json:
            typer.echo(rows[-1]["folder"])
    if as_json:
        print_json(rows)


def pulled(model: OnHub) -> dict[str, Any]:
    """Get one model, and return what came."""
    from vecsmith.cli.messages import counted, say
    from vecsmith.hub.progress import in_bytes

    got = model.pull()
    whole = f"{counted(got.files, 'file')}, {in_bytes(got.size)}, all checked"
    say(f"{got.repository} at {got.commit[:SHORT]}: {whole}; {in_bytes(got.fetched)} downloaded")
    return {
        "name": model.name,
        "repository": got.repository,
        "revision": got.commit,
        "files": got.files,
        "bytes": got.size,
        "downloaded": got.fetched,
        "folder": str(got.folder),
    }


@app.command("show")
def show(
    model: Annotated[str, typer.Argument(help="A model's name, its folder, or its Hugging Face id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show what a model's own files say of it."""
    from vecsmith.names import named

    found = named(model)
    provider = found.table.name if found.table else found.provider.name
    facts = described(str(found.model)) if provider == "local" else remote(provider, str(found.model))
    if as_json:
        print_json(facts)
        return
    for line in columns([(name.replace("_", " "), shown(value)) for name, value in facts.items()]):
        typer.echo(line)


def known() -> list[dict[str, Any]]:
    """Return a row for each model with a short name."""
    from vecsmith.errors import ConfigError
    from vecsmith.hub import known_models
    from vecsmith.local.catalog import ALIASES, BUNDLED, find
    from vecsmith.local.folder import read_folder

    rows: list[dict[str, Any]] = []
    for name, path in BUNDLED.items():
        source = str((read_folder(path, name, trusted=True).manifest or {}).get("source", ""))
        also = [alias for alias, meant in ALIASES.items() if meant == name and alias != source]
        rows.append({"name": name, "also": also, "repository": source, "revision": "", "where": "inside vecsmith"})
    for model in dict.fromkeys(known_models().values()):
        try:
            where = str(find(model.name).folder)
        except ConfigError:
            where = f"not here: vecsmith models pull {model.name}"
        facts = {"repository": model.repository, "revision": model.revision, "where": where}
        rows.append({"name": model.name, "also": list(model.also), **facts})
    return rows


def remote(provider: str, name: str) -> dict[str, Any]:
    """Return what the catalogue says of a provider's model."""
    from vecsmith.cli.providers import known_models, row, wanted
    from vecsmith.errors import ConfigError
    from vecsmith.tasks import TASKS

    known = known_models(wanted(provider))
    found = next((each for each in known if each.ref.name == name), None)
    if found is None:
        there = ", ".join(each.ref.name for each in known) or "none"
        raise ConfigError(f"nothing is known of {provider}:{name}, though it may be there: {there} are known")
    facts = {fact: value for fact, value in row(found).items() if value is not None}
    return {**facts, "tasks": {task: facts["tasks"].get(task, "") for task in TASKS}}


def described(model: str) -> dict[str, Any]:
    """Return what there is to say of a model."""
    from vecsmith.local.architectures import why_not
    from vecsmith.local.catalog import find
    from vecsmith.local.folder import read_folder
    from vecsmith.matryoshka import MEASURED, in_words

    found = find(model)
    folder: ModelFolder = read_folder(found.folder, found.name, trusted=found.bundled)
    return {
        "name": folder.name,
        "revision": found.revision or "",
        "architecture": folder.architecture,
        "supported": folder.architecture == "onnx" or why_not(folder.config) is None,
        "dimensions": folder.dimensions,
        "trained_sizes": in_words(folder.trained_sizes),
        "kept_when_cut": kept(MEASURED.get(found.name, {})),
        "max_tokens": folder.max_tokens,
        "pooling": folder.pooling,
        "normalized": folder.normalize,
        "similarity": folder.similarity,
        "prompts": dict(folder.prompts),
        "default_prompt": folder.default_prompt,
        "tasks": folder.task_prompts.table(),
        "weights": [str(path) for path in folder.files],
        "sha256": folder.sha256(),
        "int8": int8_here(folder),
    }


def kept(shares: Mapping[int, float]) -> str:
    """Say what cutting a model's vectors leaves, where that was measured."""
    told = ", ".join(f"{share:.0%} at {width}" for width, share in shares.items())
    return f"{told} dimensions of SciFact's nDCG@10" if told else "not measured"


def shown(value: Any) -> str:
    """Return a fact as a person reads it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case dict():
            named = {name: text for name, text in value.items() if text}
            return ", ".join(f"{name}: {text!r}" for name, text in named.items()) or "none"
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value) or "none"

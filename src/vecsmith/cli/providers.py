"""``vecsmith providers``: which providers there are, what each is told, and whether it answers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from vecsmith.cli import options  # noqa: TC001 (typer reads the annotations when it runs)
from vecsmith.cli.tables import AsJson, columns, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vecsmith.config import Config
    from vecsmith.names import Named
    from vecsmith.providers import ModelDescriptor
    from vecsmith.providers.settings import Setting

__all__ = ["app"]

app = typer.Typer(name="providers", no_args_is_help=True, rich_markup_mode=None, help="List, show or test providers.")

Name = Annotated[str, typer.Argument(help="A provider's name, such as openai.")]


@app.command("list")
def list_providers(*, as_json: AsJson = False) -> None:
    """List the providers there are, those of plugins too, and whether what each needs is set."""
    rows = known()
    if as_json:
        print_json(rows)
        return
    header = ("NAME", "TITLE", "NEEDS")
    for line in columns([header, *((row["name"], row["title"], shown_needs(row)) for row in rows)]):
        typer.echo(line)


@app.command("show")
def show(name: Name, *, as_json: AsJson = False) -> None:
    """Show a provider's settings, with the variable of each, and its models."""
    facts = described(name)
    if as_json:
        print_json(facts)
        return
    typer.echo(f"{facts['title']} ({facts['name']})\n")
    settings = [(s["name"], s["variable"] or "-", s["value"], s["description"]) for s in facts["settings"]]
    for line in columns([("SETTING", "VARIABLE", "VALUE", "WHAT IT IS"), *settings]):
        typer.echo(line)
    if not facts["models"]:
        typer.echo(f"\nno model is known beforehand: name one, as in {name}:MODEL")
        return
    typer.echo("")
    header = ("MODEL", "DIMENSIONS", "OTHERS", "TOKENS", "US$ PER MILLION", "RETIRES", "CHECKED")
    names = ("model", "dimensions", "others", "max_tokens", "price", "retires", "checked")
    for line in columns([header, *(tuple(str(row[n] or "-") for n in names) for row in facts["models"])]):
        typer.echo(line)


@app.command("test")
def try_out(
    name: Annotated[str, typer.Argument(help="A provider, or provider:model.")],
    *,
    base_url: options.BaseUrl = None,
    as_json: AsJson = False,
) -> None:
    """Embed one word, and say what came back: it costs as much as one word does."""
    from vecsmith.sync import Embedder

    if ":" not in name:
        name = f"{name}:{default_model(name, {'base_url': base_url} if base_url else {})}"
    with Embedder(name, base_url=base_url) as embedder:
        start = time.monotonic()
        result = embedder.embed("hello")
        took = time.monotonic() - start
        address = embedder.metadata.address
    facts = {
        "model": result.model,
        "address": address,
        "dimensions": result.dimensions,
        "tokens": result.usage.total_tokens,
        "milliseconds": round(1000 * took),
        "space": str(result.space),
    }
    if as_json:
        print_json(facts)
        return
    for line in columns([(fact, str(value)) for fact, value in facts.items()]):
        typer.echo(line)


def known() -> list[dict[str, Any]]:
    """Return a row for each provider."""
    from vecsmith.config import configuration
    from vecsmith.providers.registry import load_plugins, provider_names

    config = configuration()
    load_plugins(config.plugins)
    rows = []
    for name in sorted({*provider_names(), *config.providers}):
        provider = wanted(name, config)
        needs = {
            " or ".join(told.variables) or told.field.name: told.value is not None
            for told in settings_of(provider)
            if told.field.required
        }
        rows.append({"name": name, "title": provider.provider.title, "needs": needs})
    return rows


def shown_needs(row: dict[str, Any]) -> str:
    """Say what a provider needs, and whether it is there."""
    return ", ".join(f"{need} ({'set' if there else 'not set'})" for need, there in row["needs"].items()) or "nothing"


def described(name: str) -> dict[str, Any]:
    """Return what there is to say of a provider."""
    provider = wanted(name)
    settings = [
        {
            "name": told.field.name,
            "description": told.field.description,
            "type": getattr(told.field.kind, "__name__", str(told.field.kind)),
            "variable": " or ".join(told.variables),
            "required": told.field.required,
            "secret": told.field.secret,
            "value": shown(told),
        }
        for told in settings_of(provider)
        if told.field.name != "rows"
    ]
    return {
        "name": name,
        "title": provider.provider.title,
        "settings": settings,
        "models": [row(model) for model in known_models(provider)],
    }


def wanted(name: str, config: Config | None = None) -> Named:
    """Return a provider by name, with what the configuration says of it."""
    from vecsmith.config import configuration
    from vecsmith.names import Named, provider_named

    config = config or configuration()
    provider, table = provider_named(name, config)
    return Named(provider, None, table, config.models)


class Told(NamedTuple):
    """A setting, where its value comes from, and what it is as things are."""

    field: Setting
    variables: Sequence[str]
    value: Any


def settings_of(provider: Named) -> list[Told]:
    """Return a provider's settings as they would be found; the value of one that is nowhere is None."""
    from vecsmith.config import secret

    written = provider.table.settings if provider.table else {}
    variables = provider.variables({})
    return [
        Told(
            field,
            variables[name],
            next((value for variable in variables[name] if (value := secret(variable))), written.get(name)),
        )
        for name, field in provider.provider.settings_type().fields.items()
    ]


def models(provider: Named, given: Mapping[str, Any]) -> Sequence[ModelDescriptor]:
    """Return the models of a provider, which some must be asked for."""
    from vecsmith.portal import run

    return run(provider.models(given))


def known_models(provider: Named) -> Sequence[ModelDescriptor]:
    """Return the models there are as far as that can be told, whatever settings are missing."""
    from vecsmith.errors import EmbedError

    stand_ins = {"base_url": "http://-"}
    missing = [told.field.name for told in settings_of(provider) if told.field.required and told.value is None]
    try:
        return models(provider, {name: stand_ins.get(name, "-") for name in missing})
    except EmbedError:
        return ()


def default_model(name: str, given: Mapping[str, Any]) -> str:
    """Return the model that a provider takes where none is named."""
    from vecsmith.cli.messages import stop

    there = models(wanted(name), given)
    return there[0].ref.name if there else stop(f"{name} has no default model: name one, as in {name}:MODEL")


def row(model: ModelDescriptor) -> dict[str, Any]:
    """Return what there is to say of a model."""
    return {
        "model": model.ref.name,
        "title": model.title,
        "dimensions": model.dimensions,
        "others": None if model.sizes is None else str(model.sizes),
        "max_tokens": model.max_tokens,
        "tasks": dict(model.tasks),
        "encodings": list(model.encodings),
        "tokenizer": model.tokenizer,
        "price": model.price,
        "retires": model.retires,
        "checked": model.checked,
    }


def shown(told: Told) -> str:
    """Return a setting's value as a person may see it."""
    if told.field.secret:
        return "set" if told.value else "not set"
    if told.value is None and told.field.required:
        return "not set"
    value = told.field.default if told.value is None else told.value
    return "-" if value is None else str(value)

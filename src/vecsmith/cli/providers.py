"""``vecsmith providers``: which providers there are, what each is told, and whether it answers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecsmith.cli import options  # noqa: TC001 (typer reads the annotations when it runs)
from vecsmith.cli.tables import AsJson, columns, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    from vecsmith.names import provider_named
    from vecsmith.sync import Embedder

    if ":" not in name:
        from vecsmith.config import configuration

        provider_named(name, configuration())
        name = f"{name}:{default_model(name)}"
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
    from vecsmith.names import provider_named
    from vecsmith.providers.registry import load_plugins, provider_names

    config = configuration()
    load_plugins(config.plugins)
    rows = []
    for name in sorted({*provider_names(), *config.providers}):
        provider, _ = provider_named(name, config)
        fields = provider.settings_type().fields.values()
        needs = {" or ".join(field.env) or field.name: bool(found(field)) for field in fields if field.required}
        rows.append({"name": name, "title": provider.title, "needs": needs})
    return rows


def shown_needs(row: dict[str, Any]) -> str:
    """Say what a provider needs, and whether it is there."""
    return ", ".join(f"{need} ({'set' if there else 'not set'})" for need, there in row["needs"].items()) or "nothing"


def described(name: str) -> dict[str, Any]:
    """Return what there is to say of a provider."""
    from vecsmith.config import configuration
    from vecsmith.names import provider_named

    provider, _ = provider_named(name, configuration())
    settings = [
        {
            "name": field.name,
            "description": field.description,
            "type": getattr(field.kind, "__name__", str(field.kind)),
            "variable": " or ".join(field.env),
            "required": field.required,
            "secret": field.secret,
            "value": shown(field),
        }
        for field in provider.settings_type().fields.values()
        if field.name != "rows"
    ]
    return {
        "name": name,
        "title": provider.title,
        "settings": settings,
        "models": [row(model) for model in models(name)],
    }


def models(name: str) -> Sequence[ModelDescriptor]:
    """Return the models of a provider that are known without asking it; none where it must be asked."""
    from vecsmith.config import configuration
    from vecsmith.errors import EmbedError
    from vecsmith.names import Named, provider_named
    from vecsmith.portal import run

    config = configuration()
    provider, table = provider_named(name, config)
    fields = provider.settings_type().fields
    stand_in = {field.name: "-" for field in fields.values() if field.required}
    if "base_url" in stand_in:
        stand_in["base_url"] = "http://-"
    try:
        settings = Named(provider, None, table, config.models).settings(stand_in)
        return run(provider.embeddings().get_models(settings))
    except EmbedError:
        return ()


def default_model(name: str) -> str:
    """Return the model that a provider takes where none is named."""
    from vecsmith.cli.messages import stop

    there = models(name)
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


def found(field: Setting) -> str | None:
    """Return what the variables of a setting hold."""
    from vecsmith.config import secret

    return next((value for variable in field.env if (value := secret(variable))), None)


def shown(field: Setting) -> str:
    """Return a setting's value as a person may see it."""
    value = found(field)
    if field.secret:
        return "set" if value else "not set"
    if value is None and field.required:
        return "not set"
    return value or ("-" if field.default is None else str(field.default))

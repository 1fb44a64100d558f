"""``vecsmith verify``: whether vectors that somebody has are a model's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from vecsmith.cli.messages import FAILED, say
from vecsmith.cli.tables import AsJson, columns, print_json

if TYPE_CHECKING:
    from vecsmith.verifying import Verdict

__all__ = ["verify"]

Model = Annotated[str, typer.Argument(help="A model's name, its folder, or its Hugging Face id.")]
Against = Annotated[
    str,
    typer.Option(
        "--against",
        envvar="VECSMITH_AGAINST",
        metavar="FILE|postgresql://…",
        help="Where the texts and their vectors are: a .jsonl, .csv, .tsv or .parquet file, or a Postgres database.",
    ),
]
Text = Annotated[str, typer.Option("--text", envvar="VECSMITH_TEXT", help="The column of the texts.")]
Vector = Annotated[str, typer.Option("--vector", envvar="VECSMITH_VECTOR", help="The column of the vectors.")]
Table = Annotated[str | None, typer.Option("--table", envvar="VECSMITH_TABLE", help="The table of a database.")]
Count = Annotated[int, typer.Option("--sample", envvar="VECSMITH_SAMPLE", min=1, help="Rows to look at.")]


def verify(
    model: Model,
    *,
    against: Against,
    text: Text = "text",
    vector: Vector = "vector",
    table: Table = None,
    sample: Count = 200,
    as_json: AsJson = False,
) -> None:
    """Say whether a model made the vectors that you have, or what was done otherwise.

    Embeds a sample of texts whose vectors you have, and compares. Where they differ, other poolings, prompts, cuts and
    lengths are tried, and the one that gives your vectors is named. Exit code 0 if nothing need be embedded again.
    """
    from vecsmith import Embedder
    from vecsmith.verifying import verify as judged
    from vecsmith.verifying.samples import Columns, sample_of

    drawn = sample_of(against, Columns(text, vector, table), sample)
    with Embedder(model) as embedder:
        verdict = judged(embedder.generator, drawn.texts, drawn.vectors)
        facts = described(verdict, embedder.metadata.model, drawn.vectors.shape)
    if as_json:
        print_json(facts)
    else:
        for line in columns([(name.replace("_", " "), shown(value)) for name, value in facts.items()]):
            typer.echo(line)
    if not verdict.same:
        say("some vectors would not be comparable: embed again, or as the verdict says")
        raise typer.Exit(FAILED)


def described(verdict: Verdict, model: str, shape: tuple[int, ...]) -> dict[str, object]:
    """Return what is told of a verdict."""
    import numpy as np

    from vecsmith.verifying.verdict import SAME

    cosines = np.sort(verdict.cosines)
    told = ", ".join(f"{name}={value!r}" for name, value in verdict.options)
    return {
        "model": model,
        "rows": shape[0],
        "dimensions": shape[1],
        "cosine_mean": round(float(cosines.mean()), 6),
        "cosine_least": round(float(cosines[0]), 6),
        "cosine_median": round(float(cosines[len(cosines) // 2]), 6),
        f"rows_from_{SAME}": verdict.agreeing,
        "same_space": verdict.same,
        "verdict": str(verdict),
        "to_go_on": f"embed(…, {told})" if told and not verdict.same else "",
    }


def shown(value: object) -> str:
    """Return a fact as a person reads it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.6f}"
        case _:
            return str(value) or "none"

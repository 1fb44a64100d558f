"""``vecsmith models check``: a model's files and its vectors, looked at for a review."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from vecsmith.cli.messages import FAILED
from vecsmith.cli.tables import AsJson, columns, print_json

__all__ = ["check"]

MEANT = {
    "ok": "the model is what its files say, and works here",
    "warn": "the model works here; look at the rows that say warn",
    "fail": "do not use this model before the rows that say fail are understood",
}


def check(
    model: Annotated[str, typer.Argument(help="A model's name, its folder, or its Hugging Face id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Check a model: what its files say, what is used, and whether its vectors are right here.

    Exit code 1 if a row says fail.
    """
    from vecsmith.checking import check as checked

    report = checked(model)
    if as_json:
        print_json(
            {
                "model": report.model,
                "sha256": report.sha256,
                "verdict": report.verdict,
                "rows": [asdict(row) for row in report.rows],
            }
        )
    else:
        typer.echo(f"{report.model}, sha256 {report.sha256}\n")
        rows = [(row.verdict, row.what, row.seen, row.source) for row in report.rows]
        for line in columns([("VERDICT", "WHAT", "SEEN", "SAID BY"), *rows]):
            typer.echo(line)
        typer.echo(f"\n{report.verdict}: {MEANT[report.verdict]}")
    if report.verdict == "fail":
        raise typer.Exit(FAILED)

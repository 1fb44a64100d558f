"""``vecsmith models calibrate``: a model's values measured, so that it can be computed in int8."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 (typer reads what commands are annotated with)
from typing import TYPE_CHECKING, Annotated

import typer

from vecsmith.cli.messages import counted, say
from vecsmith.cli.options import Threads  # noqa: TC001 (as above)
from vecsmith.cli.tables import AsJson, print_json

if TYPE_CHECKING:
    from vecsmith.local.folder import ModelFolder
    from vecsmith.local.quantization import Quantization

__all__ = ["calibrate", "int8_here"]

MOST_TEXTS = 1_000
"""Of a file, spread evenly over it, on which a model is calibrated."""


def calibrate(
    model: Annotated[str, typer.Argument(help="A model's name, its folder, or its Hugging Face id.")],
    text: Annotated[
        Path | None,
        typer.Option(
            "--text",
            envvar="VECSMITH_CALIBRATION_TEXT",
            metavar="FILE",
            help="Texts like those to be embedded, one a line. Default: some that come with vecsmith.",
        ),
    ] = None,
    *,
    threads: Threads = None,
    as_json: AsJson = False,
) -> None:
    """Measure a model's values on texts, so that it can be computed in int8, and print the file that was written."""
    from vecsmith.local import check_threads
    from vecsmith.local.calibrating import built_in_texts
    from vecsmith.local.calibrating import calibrate as calibrated
    from vecsmith.local.catalog import find
    from vecsmith.local.folder import read_folder
    from vecsmith.local.quantization import own_path, save

    found = find(local_name(model))
    folder = read_folder(found.folder, found.name, trusted=found.bundled)
    texts = built_in_texts() if text is None else lines_of(text)
    made = calibrated(folder, texts, threads=check_threads(threads))
    path = own_path(made.weights)
    save(made, path)
    if as_json:
        print_json({"file": str(path), "id": made.id, "cosine": made.cosine, "left_out": made.left_out})
        return
    say(f"{folder.name} on {counted(len(texts), 'text')}: {told(made)}")
    typer.echo(path)


def local_name(model: str) -> str:
    """Return the name of a model on this machine; raise `ConfigError` for a provider's."""
    from vecsmith.errors import ConfigError
    from vecsmith.names import named

    wanted = named(model)
    if wanted.provider.name != "local" or wanted.model is None:
        raise ConfigError(f"{model} is a model of {wanted.provider.name}: only models on this machine are calibrated")
    return str(wanted.model)


def lines_of(path: Path) -> list[str]:
    """Return the lines of a file that are not empty, or as many as are enough."""
    from vecsmith.files import read_rows

    with read_rows(path, kind="txt", on_bad=lambda _row: None) as rows:
        texts = [row.text for row in rows if row.text.strip()]
    return texts[:: -(-len(texts) // MOST_TEXTS) or 1]


def told(int8: Quantization) -> str:
    """Say what int8 is for a model."""
    left = f", {counted(len(int8.left_out), 'group')} of layers left out" if int8.left_out else ""
    return f"cosine to f32 {int8.cosine:.3f}{left}"


def int8_here(folder: ModelFolder) -> str:
    """Say what ``compute="int8"`` would do for a model on this machine."""
    from vecsmith.errors import EmbedError
    from vecsmith.local.arithmetic import int8_is_fast
    from vecsmith.local.quantization import find

    try:
        made, (fast, why) = find(folder.sha256()), int8_is_fast()
    except EmbedError as error:
        return str(error)
    calibrated = "not calibrated (vecsmith models calibrate)" if made is None else told(made)
    return f"{calibrated}; {'faster' if fast else 'of no use'} here: {why}"

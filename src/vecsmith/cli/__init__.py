"""The command line: ``vecsmith COMMAND``."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from vecsmith.cli.background import background, start, status, stop
from vecsmith.cli.cache import app as cache
from vecsmith.cli.classify import app as classify
from vecsmith.cli.cluster import cluster
from vecsmith.cli.doctor import doctor
from vecsmith.cli.embed import embed
from vecsmith.cli.functions import app as functions
from vecsmith.cli.init import init
from vecsmith.cli.keys import app as keys
from vecsmith.cli.messages import FAILED, say
from vecsmith.cli.models import app as models
from vecsmith.cli.providers import app as providers
from vecsmith.cli.search import search
from vecsmith.cli.serve import serve
from vecsmith.cli.streams import prepare_streams
from vecsmith.cli.verify import verify
from vecsmith.errors import EmbedError, EmbedWarning

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["app", "main"]

BY_SIGNAL = 128
"""Exit codes above it say which signal ended the program."""

app = typer.Typer(
    name="vecsmith",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # help in plain text, because loading rich takes longer than all else here
)


def show_version(wanted: bool) -> None:  # noqa: FBT001 (a callback of typer)
    """Print the version and end."""
    if wanted:
        from vecsmith import __version__

        typer.echo(f"vecsmith {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Turn text into embeddings."""
    # typer needs the parameter; its callback did the work
    del version


app.command("embed")(embed)
app.add_typer(models)
app.add_typer(providers)
app.add_typer(cache)
app.command("init")(init)
app.command("serve")(serve)
app.command("start")(start)
app.command("stop")(stop)
app.command("status")(status)
app.command("background", hidden=True)(background)
app.add_typer(functions)
app.add_typer(keys)
app.add_typer(classify)
app.command("search")(search)
app.command("cluster")(cluster)
app.command("verify")(verify)
app.command("doctor")(doctor)


def main() -> NoReturn:
    """Run the command line and end the process."""
    prepare_streams()
    warnings.showwarning = show_warning
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, on_signal)
    leave(exit_code())


def exit_code() -> int:
    """Run the command and return its exit code."""
    try:
        app()
    except EmbedError as error:
        say(f"error: {error}")
        return FAILED
    except KeyboardInterrupt:
        return BY_SIGNAL + signal.SIGINT
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED if end.code else 0
    return 0


def leave(code: int) -> NoReturn:
    """End the process at once.

    Taking the interpreter and the libraries apart takes some 70 ms, and may wait for a thread that still computes.
    """
    if code < BY_SIGNAL:
        atexit._run_exitfuncs()  # noqa: SLF001 (what others registered is still done)
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def on_signal(number: int, _: FrameType | None) -> NoReturn:
    """End the program so that what is open is cleaned up."""
    raise SystemExit(BY_SIGNAL + number)


def show_warning(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """Say what vecsmith warns of in one line; others' warnings do not concern who uses the command."""
    if issubclass(category, EmbedWarning):
        say(f"warning: {message}")

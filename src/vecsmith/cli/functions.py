"""``vecsmith functions``: edge functions of a person's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from vecsmith.cli import server_options as said  # noqa: TC001 (typer reads the annotations when it runs)
from vecsmith.cli.messages import FAILED, say, stop

__all__ = ["app"]

app = typer.Typer(
    name="functions", no_args_is_help=True, rich_markup_mode=None, help="Write edge functions, and serve them."
)

FOLDER = Path("functions")

PORT = 54321
"""Where clients of edge functions look on their own machine."""

TEMPLATE = """\
from vecsmith import AsyncSession

session = AsyncSession()


async def handler(request):
    body = await request.json()
    embedding = await session.run(body["input"], mean_pool=True, normalize=True)
    return {"embedding": embedding}
"""


@app.command("new")
def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Letters, digits, - and _; the last word of its address.")
    ],
) -> None:
    """Write functions/NAME/index.py, which embeds what it is sent."""
    from vecsmith.server.functions.loading import FILE, check_name

    check_name(name)
    path = FOLDER / name / FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE)
    except FileExistsError:
        stop(f"{path.as_posix()} is here already, and is left as it is: take another name", FAILED)
    except OSError as error:
        stop(f"{path.as_posix()} cannot be written ({error.strerror})", FAILED)
    say(f"wrote {path.as_posix()}")
    say("next: vecsmith functions serve")


@app.command("serve")
def serve(
    *,
    port: Annotated[
        int,
        typer.Option("--port", envvar="VECSMITH_FUNCTIONS_PORT", min=0, max=65535, help="The port to listen at."),
    ] = PORT,
    host: said.Host = None,
) -> None:
    """Serve ./functions at /functions/v1/NAME while you write them: what is saved counts with the next request.

    `embed` is built in. Everything else is read from [server] in vecsmith.toml. Ends on Ctrl-C.
    """
    from vecsmith.config import configuration
    from vecsmith.server.run import start
    from vecsmith.server.settings import ServerSettings

    arguments = {"port": port, "host": host, "functions": str(FOLDER), "log_format": "none"}
    settings = ServerSettings.of(arguments, os.environ, configuration())
    start(settings, show, tell=say)


def show(address: str) -> None:
    """Say which functions there are, and how the first is called."""
    from vecsmith.dialects.functions import BUILT_IN
    from vecsmith.server.access.keystore import publishable
    from vecsmith.server.functions.loading import FILE, names_in

    own = names_in(FOLDER)
    say(f"serving functions at {address}/functions/v1/\n")
    width = max(map(len, [BUILT_IN, *own]))
    for name in sorted({BUILT_IN, *own}):
        say(f"  {name.ljust(width)}  {f'{FOLDER}/{name}/{FILE}' if name in own else 'built in'}")
    if not own:
        say("\n`vecsmith functions new NAME` writes one of your own")
    key = publishable()
    shown = (own or [BUILT_IN])[0]
    say(
        f"\ntry:\n  curl {address}/functions/v1/{shown} --header 'apikey: {(key and key.shown) or 'any'}' \\\n"
        "    --header 'Content-Type: application/json' --data '{ \"input\": \"hello world\" }'\n"
    )

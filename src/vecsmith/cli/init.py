"""``vecsmith init``: a file of settings and a key, to begin with."""

from __future__ import annotations

import time
from pathlib import Path

import typer

from vecsmith.cli.messages import say

__all__ = ["init"]

SETTINGS = """\
# What `vecsmith` does in this folder. Options and variables count before what stands here.

[server]                        # `vecsmith start`, `vecsmith serve`, `vecsmith functions serve`
models = ["minilm"]             # what is served, the default first
# host = "127.0.0.1"            # any other address needs a secret key: `vecsmith keys create`
# port = 8080
# timeout = 60                  # seconds that an answer, or a function, may take
# cors = []                     # web pages that may ask, such as "http://localhost:3000"

[aliases]                       # other names for models
# text-embedding-3-small = "minilm"
"""


def init() -> None:
    """Write vecsmith.toml here, unless there is one, and show your publishable key, which is made if you have none.

    That key is no secret: it is good for local models, on this machine.
    """
    from vecsmith.config import FILE
    from vecsmith.server.access.keys import Limits, make_key
    from vecsmith.server.access.keystore import add_key, publishable

    try:
        with Path(FILE).open("x", encoding="utf-8") as file:
            file.write(SETTINGS)
        say(f"wrote {FILE}")
    except FileExistsError:
        say(f"{FILE} is here already, and is left as it is")
    key = publishable()
    if key is None:
        key, _ = make_key("init", "publishable", Limits(), None, time.time())
        add_key(key)
    say("your publishable key, which is no secret:")
    typer.echo(key.shown)
    say("next:")
    say("  vecsmith functions new hello    write a function of your own")
    say("  vecsmith start                  serve it, and all wire formats, behind the terminal")
    say("  vecsmith status                 see the address and what was used")

"""Real servers for tests: in this process with any generator, or as the command starts them."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from vecsmith import AsyncEmbedder
from vecsmith.server.menu import Menu, Served
from vecsmith.server.run import listening, uvicorn_of
from vecsmith.server.service import Service
from vecsmith.server.settings import ServerSettings
from vecsmith.testing import FakeGenerator


@contextmanager
def serving(models=None, *, aliases=None, access=None, **settings):
    """Serve generators, or embedders, by name in a thread; yield the service, whose `address` is where."""
    models = models or {"fake": FakeGenerator()}
    embedders = {
        name: model if isinstance(model, AsyncEmbedder) else AsyncEmbedder.from_generator(model)
        for name, model in models.items()
    }
    meant = aliases or {}
    menu = Menu(
        Served(name, embedder, tuple(alias for alias, one in meant.items() if one == name))
        for name, embedder in embedders.items()
    )
    told = ServerSettings(models=tuple(models), aliases=meant, port=0, **settings)
    service = Service.of(told, menu, access)
    with listening(told) as socket:
        server = uvicorn_of(service)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[socket])), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{socket.getsockname()[1]}", service
        finally:
            server.should_exit = True
            thread.join(20)


@contextmanager
def started(*arguments, environment=None, command=("serve",)):
    """Run ``vecsmith serve``, or another command that serves, as a person does; yield its address and its process."""
    command = [sys.executable, "-m", "vecsmith", *command, "--port", "0", *arguments]
    with TemporaryDirectory() as home:
        variables = {**os.environ, "VECSMITH_HOME": home, **(environment or {})}
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=variables)
        try:
            while (line := process.stderr.readline()) and not (found := re.search(r"at (http://[^\s/]+)", line)):
                pass
            yield found[1], process
        finally:
            process.terminate()
            process.wait(30)
            process.stderr.close()

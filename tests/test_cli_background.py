"""A server behind the terminal, and what a person begins with, as processes of their own."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from asking import asked
from pages import ROOT
from processes import PATIENCE
from vecsmith import EmbedError
from vecsmith.cli import app
from vecsmith.cli.background import span
from vecsmith.config import Config
from vecsmith.server import background
from vecsmith.server.settings import ServerSettings

SLOW = """
import asyncio
from pathlib import Path

async def handler(request):
    Path("began").touch()
    while not Path("free").exists():
        await asyncio.sleep(0.01)
    return "done"
"""


class Person:
    """Types commands in a folder of their own, which is the current one."""

    def __init__(self, folder):
        self.folder = folder
        self.variables = {k: v for k, v in os.environ.items() if not k.startswith("VECSMITH_")}
        self.variables["VECSMITH_HOME"] = str(folder / "home")

    def types(self, *words):
        """Run a command in this process, which takes a fraction of the time; it must leave nothing behind."""
        done = CliRunner().invoke(app, words)
        error = f"error: {done.exception}\n" if isinstance(done.exception, EmbedError) else ""
        if not error and done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(words, done.exit_code, done.stdout, done.stderr + error)

    def runs(self, *words):
        """Run a command in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "vecsmith", *words],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def status(self):
        return json.loads(self.types("status", "--json").stdout)

    def writes(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def person(tmp_path, monkeypatch):
    found = Person(tmp_path)
    monkeypatch.chdir(tmp_path)
    for variable in [variable for variable in os.environ if variable.startswith("VECSMITH_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("VECSMITH_HOME", found.variables["VECSMITH_HOME"])
    yield found
    if (server := background.current()) is not None:
        background.kill(server)


def test_init_writes_settings_that_say_what_is_so_anyway(person):
    assert person.types("init").returncode == 0
    text = (person.folder / "vecsmith.toml").read_text(encoding="utf-8")
    for each in (text, re.sub(r"^# (?=\w+(?:-\w+)* = )", "", text, flags=re.MULTILINE)):
        tables = tomllib.loads(each)
        assert ServerSettings.of({}, {}, Config(server=tables["server"])) == ServerSettings()
    assert set(tables["server"]) == {"models", "host", "port", "timeout", "cors"}
    assert tables["aliases"] == {"text-embedding-3-small": "minilm"}
    assert person.types("models", "list").returncode == 0  # the file is one that can be read


def test_init_overwrites_nothing_and_makes_one_key(person):
    person.writes("vecsmith.toml", "[server]\nport = 1\n")
    first, second = person.types("init"), person.types("init")
    assert (first.returncode, second.returncode) == (0, 0)
    assert re.fullmatch(r"vs_pub_[0-9a-f]{32}\n", first.stdout)
    assert second.stdout == first.stdout
    assert "is left as it is" in first.stderr
    assert (person.folder / "vecsmith.toml").read_text() == "[server]\nport = 1\n"


def test_a_server_is_started_looked_at_and_stopped(person):
    key = person.runs("init").stdout.strip()
    person.runs("functions", "new", "hello")
    started = person.runs("start", "--port", "0", "--alias", "small=minilm")
    assert started.returncode == 0, started.stderr
    assert started.stdout.startswith("vecsmith is running\n")
    assert key in started.stdout
    assert "(embed, hello)" in started.stdout
    shown = person.runs("status")
    assert (shown.returncode, shown.stderr) == (0, "")
    told = person.status()
    address = told["address"]
    assert (told["state"], told["models"], told["publishable_key"]) == ("running", ["minilm"], key)
    assert address in shown.stdout
    for name in told["functions"]:
        said = asked(address, f"/functions/v1/{name}", {"input": "hello world"}, {"apikey": key})
        assert len(said.body["embedding"]) == 384
    assert asked(address, "/v1/embeddings", {"model": "small", "input": "a cat"}).status == 200

    again = person.runs("start", "--port", "0")
    assert (again.returncode, again.stdout) == (1, "")
    assert f"a server runs already at {address} (process {told['pid']})" in again.stderr
    assert person.status()["pid"] == told["pid"]

    ended = person.runs("stop")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert f"stopped {address} after" in ended.stderr
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])))
    assert "error" not in (person.folder / "home" / "server.log").read_text()


def test_where_no_server_runs_stop_is_content_and_status_is_not(person):
    for _ in range(2):
        stopped, status = person.types("stop"), person.types("status")
        assert (stopped.returncode, stopped.stderr) == (0, "no server runs\n")
        assert (status.returncode, status.stdout) == (1, "")
        assert "`vecsmith start` starts one" in status.stderr
    assert person.status()["state"] == "stopped"
    assert person.types("status", "--json").returncode == 1


def test_what_was_used_today_is_shown(person):
    person.runs("start", "--port", "0")
    asked(person.status()["address"], "/v1/embeddings", {"model": "minilm", "input": ["a cat", "a dog"]})
    person.types("stop")
    used = person.status()["today"]
    assert (used["requests"], used["texts"], used["errors"]) == (1, 2, 0)
    assert used["tokens"] > 2


def test_a_server_that_was_killed_is_not_taken_to_run(person):
    assert person.runs("start", "--port", "0").returncode == 0
    process = psutil.Process(person.status()["pid"])
    process.kill()
    process.wait(PATIENCE)
    status = person.types("status")
    assert status.returncode == 1
    assert f"process {process.pid} was not stopped, and is gone" in status.stderr
    assert person.runs("start", "--port", "0").returncode == 0
    assert person.status()["pid"] != process.pid
    assert person.types("stop").returncode == 0


def test_another_process_with_the_number_of_one_that_is_gone_is_not_taken_for_it(person):
    background.claim(ServerSettings())
    assert background.current().pid == os.getpid()
    with background.STATE.opened() as db:
        db.execute("UPDATE server SET began = began - 60")
    assert background.current() is None
    assert person.runs("stop").returncode == 0  # and ends nothing
    assert person.runs("start", "--port", "0").returncode == 0
    assert person.types("stop").returncode == 0


def test_one_server_alone_can_claim_to_be_it(person):
    background.claim(ServerSettings())
    with pytest.raises(background.ConfigError, match="a server runs already"):
        background.claim(ServerSettings())
    background.release(os.getpid())


@pytest.mark.parametrize("words", [["no-such-model"], ["minilm", "--alias", "a=b"], ["--functions", "none"]])
def test_a_server_that_cannot_begin_says_why(person, words):
    failed, served = person.runs("start", "--port", "0", *words), person.runs("serve", "--port", "0", *words)
    assert (failed.returncode, failed.stdout, failed.stderr) == (1, "", served.stderr)
    assert person.status()["state"] == "stopped"


def test_a_port_that_is_taken_is_named(person):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        failed = person.runs("start", "--port", str(taken.getsockname()[1]))
    assert failed.returncode == 1
    assert "name another --host or --port" in failed.stderr


def test_stopping_waits_for_requests_under_way(person):
    person.writes("functions/slow/index.py", SLOW)
    person.runs("start", "--port", "0")
    address, got = person.status()["address"], []
    under_way = threading.Thread(target=lambda: got.append(asked(address, "/functions/v1/slow").body))
    under_way.start()
    end = time.monotonic() + PATIENCE
    while not (person.folder / "began").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    stopping = threading.Thread(target=lambda: got.append(person.runs("stop").returncode))
    stopping.start()
    (person.folder / "free").touch()
    under_way.join(PATIENCE)
    stopping.join(PATIENCE)
    assert sorted(got, key=str) == [0, b"done"]


@pytest.mark.skipif(os.name != "posix", reason="files have no such rights there")
def test_nobody_else_can_read_what_the_server_keeps(person):
    person.runs("start", "--port", "0")
    home = person.folder / "home"
    assert {path.name: path.stat().st_mode & 0o077 for path in home.iterdir()} == dict.fromkeys(
        (path.name for path in home.iterdir()), 0
    )


def test_functions_new_writes_a_function_that_is_short_and_overwrites_none(person):
    made = person.types("functions", "new", "my-embed")
    path = person.folder / "functions" / "my-embed" / "index.py"
    text = path.read_text(encoding="utf-8")
    assert (made.returncode, made.stderr.splitlines()[0]) == (0, "wrote functions/my-embed/index.py")
    assert len(text.splitlines()) <= 10
    for word in ("AsyncSession()", "async def handler(request)", "mean_pool=True", "normalize=True"):
        assert word in text
    assert f"```python\n{text}```" in (ROOT / "docs" / "functions.md").read_text(encoding="utf-8")
    path.write_text("my own", encoding="utf-8")
    again = person.types("functions", "new", "my-embed")
    assert again.returncode == 1
    assert "is here already" in again.stderr
    assert path.read_text() == "my own"


@pytest.mark.parametrize("name", ["", "1", "-a", "../up", "a/b", "a.b", "a b", "ä", "_shared", "a" * 64])
def test_a_name_that_cannot_be_a_functions_is_refused(person, name):
    refused = person.types("functions", "new", "--", name)
    assert (refused.returncode, "begins with a letter" in refused.stderr) == (1, True)
    assert not (person.folder / "functions").exists()


def test_functions_serve_shows_who_writes_them_what_goes_wrong(person):
    command = [sys.executable, "-m", "vecsmith", "functions", "serve", "--port", "0"]
    process = subprocess.Popen(
        command, cwd=person.folder, env=person.variables, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )
    try:
        address = re.search(r"at (http://[^/]+)/", line_with(process, "serving functions"))[1]
        said = asked(address, "/functions/v1/embed", {"input": "hello world"}, {"apikey": "any"})
        assert len(said.body["embedding"]) == 384
        line_with(process, "200  POST /functions/v1/embed")
        person.writes("functions/hello/index.py", "async def handler(request):\n    return {}['a cat']\n")
        end = time.monotonic() + PATIENCE
        while asked(address, "/functions/v1/hello").status != 500:
            assert time.monotonic() < end
        line_with(process, "functions/hello/index.py failed:")
        line_with(process, "KeyError: 'a cat'")
        line_with(process, "500  GET /functions/v1/hello")
        person.writes("functions/hello/index.py", "async def handler(request:\n")
        line_with(process, "functions/hello/index.py cannot be loaded:")
        line_with(process, "SyntaxError")
    finally:
        process.terminate()
        process.wait(PATIENCE)
        process.stderr.close()
    assert process.returncode == 0


def line_with(process, words):
    """Read what a process says until a line has some words."""
    lines = []
    while line := process.stderr.readline():
        lines.append(line)
        if words in line:
            return line
    pytest.fail(f"it never said {words}: {lines}")


def test_the_log_of_a_server_has_no_text_that_a_function_failed_with(person):
    person.writes("functions/hello/index.py", "async def handler(request):\n    return {}[await request.json()]\n")
    person.runs("start", "--port", "0")
    said = asked(person.status()["address"], "/functions/v1/hello", b'"a secret cat"')
    assert (said.status, "a secret cat" in said.body["message"]) == (500, True)  # to whoever sent it, from here
    person.types("stop")
    log = Path(person.folder / "home" / "server.log").read_text()
    assert "KeyError at" in log
    assert "secret cat" not in log


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 seconds"),
        (1, "1 second"),
        (60, "1 minute"),
        (61, "1 minute 1 second"),
        (3600, "1 hour"),
        (3 * 3600 + 130, "3 hours 2 minutes"),
        (86_400 * 2 + 3600, "2 days 1 hour"),
    ],
)
def test_an_uptime_is_in_words(seconds, words):
    assert span(seconds) == words

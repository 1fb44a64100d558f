"""What an operator says of a server, and where it may be said."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vecsmith.cli import app
from vecsmith.config import Config, parsed
from vecsmith.errors import ConfigError
from vecsmith.server.settings import NAMES, VARIABLES, ServerSettings


def of(text="", environment=None, arguments=None, *, trusted=True):
    file = parsed(text, Path("vecsmith.toml"), trusted=trusted) if text else Config()
    return ServerSettings.of(arguments or {}, environment or {}, file)


def test_nothing_said_is_the_default():
    assert of() == ServerSettings()


def test_an_argument_counts_before_a_variable_before_the_file():
    text = "[server]\nport = 1\nhost = '::1'\ntimeout = 5\nmax_requests = 7"
    found = of(text, {"VECSMITH_PORT": "2", "VECSMITH_TIMEOUT": "2.5"}, {"port": 3, "host": None})
    assert (found.port, found.host, found.timeout, found.max_requests) == (3, "::1", 2.5, 7)


def test_every_setting_can_be_said_in_the_file():
    said = {
        "models": ["a", "b"],
        "aliases": {"c": "a"},
        "host": "::1",
        "port": 1,
        "compute": "f32",
        "threads": 2,
        "cache": "default",
        "vocabulary": "ids.tiktoken",
        "on_long": "error",
        "timeout": 1.5,
        "body_timeout": 2,
        "max_body": "8MB",
        "max_batch": 4,
        "max_requests": 3,
        "max_waiting": 1000,
        "cors": ["*"],
        "allow_hosts": ["here.example"],
        "functions": "functions",
        "auth": False,
        "open_metrics": True,
        "log_format": "json",
        "drain": 5,
    }
    assert set(said) == set(NAMES)
    found = ServerSettings.of({}, {}, Config(Path("vecsmith.toml"), server=said))
    meant = {**said, "max_body": 8_000_000}
    assert json.loads(json.dumps({name: getattr(found, name) for name in NAMES})) == meant


def test_variables_are_written_as_words():
    found = of(
        environment={
            "VECSMITH_MODELS": "a b",
            "VECSMITH_ALIAS": "c=a d=b",
            "VECSMITH_CORS": "http://x http://y",
            "VECSMITH_MAX_BODY": "1MiB",
            "VECSMITH_NO_AUTH": "1",
        }
    )
    assert found.models == ("a", "b")
    assert found.aliases == {"c": "a", "d": "b"}
    assert found.cors == ("http://x", "http://y")
    assert (found.max_body, found.auth) == (2**20, False)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("prot = 1", "did you mean 'port'"),
        ("port = 'x'", "port is not what it may be: expected `int`"),
        ("port = 70000", "<= 65535"),
        ("port = true", "expected `int`"),
        ("timeout = 0", "> 0"),
        ("timeout = nan", "> 0"),
        ("on_long = 'cut'", "there are truncate,"),
        ("models = []", "must name a model"),
        ("models = 'minilm'", "expected `array`"),
        ("max_body = 'much'", "max_body is not what it may be: 'much' is not a size"),
        ("max_requests = 0", ">= 1"),
        ("aliases = {a = 1}", "expected `str`"),
    ],
)
def test_what_is_wrong_in_the_file_is_named(line, words):
    with pytest.raises(ConfigError, match=r"vecsmith\.toml: \[server\]") as caught:
        of(f"[server]\n{line}")
    assert words in str(caught.value)


def test_what_is_wrong_in_a_variable_is_named():
    with pytest.raises(ConfigError, match="VECSMITH_MAX_REQUESTS"):
        of(environment={"VECSMITH_MAX_REQUESTS": "many"})


def test_a_file_that_lies_where_a_server_is_started_cannot_take_the_lock_off():
    with pytest.raises(ConfigError, match="--no-auth"):
        of("[server]\nauth = false", trusted=False)
    assert not of("[server]\nauth = false").auth


def test_every_setting_has_an_option_and_a_variable():
    told = CliRunner().invoke(app, ["serve", "--help"], env={"COLUMNS": "200"}).stdout
    for name in NAMES:
        assert VARIABLES.get(name, f"VECSMITH_{name.upper()}") in told


def test_the_command_says_what_is_wrong_in_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("vecsmith.toml").write_text("[server]\nprot = 1\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["serve"])
    assert isinstance(done.exception, ConfigError)
    assert "did you mean 'port'" in str(done.exception)

"""A key appears in no log, repr, error, trace or file, whatever happens."""

import logging
import pickle
import traceback
from contextlib import suppress

import pytest
from typer.testing import CliRunner

from stubs import PATHS, stub
from vecsmith import Embedder, EmbedError
from vecsmith.cli import app
from vecsmith.middleware import Logged, compose
from vecsmith.providers import delivery
from vecsmith.providers.registry import find_provider

KEY = "sk-marked-4f1c9b7e2d8a"

TROUBLE = [{}, {"key": "another", "echoes": True}, {"faults": 1.0}, {"quota": True}, {"max_items": 0}]


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """A folder to write into, and failures that are over soon."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VECSMITH_HOME", str(tmp_path))
    monkeypatch.setattr(delivery, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 0.002)
    monkeypatch.setattr(delivery, "ATTEMPTS", 3)


def told(error):
    """Return all that a trace of an error may show, local variables too."""
    seen = []
    while error is not None:
        frames = traceback.TracebackException.from_exception(error, capture_locals=True)
        seen += ["".join(frames.format()), repr(error), str(error), repr(vars(error)), repr(error.args)]
        error = error.__cause__
    return "\n".join(seen)


def everything(embedder):
    """Return the repr of all that is to be had of an embedder."""
    generator = embedder.generator
    parts = [embedder, generator, vars(embedder), generator.settings, generator.service, generator.metadata]
    return "\n".join(map(repr, parts))


@pytest.mark.parametrize("trouble", TROUBLE, ids=str)
@pytest.mark.parametrize("provider", PATHS)
def test_a_key_is_shown_nowhere(provider, trouble, caplog, tmp_path):
    caplog.set_level(logging.DEBUG)
    seen = []
    with stub(seed=1, **trouble) as service:
        address = service.address + PATHS[provider]
        with suppress(EmbedError):
            embedder = Embedder(f"{provider}:some-model", base_url=address, api_key=KEY, cache=tmp_path / "v.sqlite")
            seen.append(everything(embedder))
            logged = Embedder.from_generator(compose(embedder.generator, Logged))
            for each in (embedder, logged):
                try:
                    seen.append(repr(each.embed(["a", "b"], timeout=1)))
                except EmbedError as error:
                    seen.append(told(error))
            seen.append(everything(embedder))
            embedder.close()
    seen += [record.getMessage() + str(record.__dict__) for record in caplog.records]
    seen += [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    assert len(seen) > 3
    assert KEY not in "\n".join(seen)


@pytest.mark.parametrize("command", [["providers", "list"], ["providers", "show", "openai"], ["embed", "a"]])
def test_the_command_line_shows_no_key(command, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with stub(key="another", echoes=True) as service:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{service.address}/v1")
        if command[0] == "embed":
            command = [*command, "--model", "openai:text-embedding-3-small"]
        done = CliRunner().invoke(app, command)
    assert KEY not in done.output
    assert KEY not in str(done.exception)


def test_settings_do_not_show_a_key_and_do_not_lose_it():
    settings = find_provider("openai").settings_type()(api_key=KEY)
    assert KEY not in repr(settings)
    assert KEY not in str(settings)
    assert settings.api_key == KEY
    with suppress(Exception):  # where it can be pickled at all, it is the caller's own doing
        assert pickle.loads(pickle.dumps(settings)).api_key == KEY

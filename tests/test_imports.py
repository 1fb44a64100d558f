"""What an import loads, and what a first embedding does to the machine: nothing that was not asked for."""

import os
from textwrap import dedent

import pytest

import vecsmith
from processes import run_python

HEAVY = {
    "aiohttp",
    "asyncio",
    "concurrent",
    "email",
    "h11",
    "http",
    "httpcore",
    "httpx",
    "huggingface_hub",
    "matplotlib",
    "multiprocessing",
    "numpy",
    "openvino",
    "orjson",
    "regex",
    "requests",
    "rich",
    "safetensors",
    "scipy",
    "sklearn",
    "socket",
    "ssl",
    "subprocess",
    "tokenizers",
    "tqdm",
    "typer",
    "urllib3",
}


def test_the_import_loads_no_library():
    code = """
        import sys
        before = set(sys.modules)
        import vecsmith
        print(*{name.partition(".")[0] for name in set(sys.modules) - before})
        """
    loaded = set(run_python(code).split())
    assert "vecsmith" in loaded
    assert loaded & HEAVY == set()


def test_the_import_loads_no_module_of_ours_but_the_package():
    code = "import sys, vecsmith; print(*[name for name in sys.modules if name.startswith('vecsmith')])"
    assert run_python(code).split() == ["vecsmith"]


def test_errors_and_spaces_need_no_library():
    code = """
        import sys
        before = set(sys.modules)
        from vecsmith import ConfigError, InputError, Space, Usage
        print(*{name.partition(".")[0] for name in set(sys.modules) - before})
        """
    assert set(run_python(code).split()) & (HEAVY - {"asyncio", "concurrent", "email", "socket", "subprocess"}) == set()


def test_middleware_and_suites_load_neither_telemetry_nor_pytest():
    code = """
        import sys
        import vecsmith.middleware, vecsmith.testing, vecsmith.adapters
        print(*{name.partition(".")[0] for name in sys.modules})
        """
    loaded = set(run_python(code).split())
    assert loaded & {"opentelemetry", "pytest", "langchain_core", "openai", "aiohttp"} == set()


def test_an_embedding_loads_no_network_library_and_no_model_converter():
    code = """
        import sys
        import vecsmith
        vecsmith.embed("hello")
        print(*sys.modules)
        """
    modules = set(run_python(code).split())
    loaded = {name.partition(".")[0] for name in modules}
    assert "openvino" in loaded
    assert loaded & {"huggingface_hub", "requests", "httpx", "urllib3", "aiohttp", "torch", "transformers"} == set()
    assert modules & {"openvino.tools.ovc", "openvino_telemetry"} == set()  # neither loaded nor left as a stub


@pytest.mark.parametrize("name", vecsmith.__all__)
def test_every_public_name_can_be_had(name):
    assert getattr(vecsmith, name).__module__.startswith("vecsmith.")


def test_the_public_names_are_those_that_are_exported():
    from vecsmith import _HOMES, _MODULES

    assert sorted(_MODULES) == sorted(vecsmith.__all__)
    assert sum(map(len, _HOMES.values())) == len(vecsmith.__all__)


def test_every_public_name_is_one_of_its_modules_own():
    from importlib import import_module

    from vecsmith import _MODULES

    for name, module in _MODULES.items():
        assert name in import_module(f"vecsmith.{module}").__all__


def test_the_public_names_are_sorted():
    assert sorted(vecsmith.__all__) == vecsmith.__all__


def test_dir_shows_the_public_names():
    assert set(vecsmith.__all__) <= set(dir(vecsmith))


def test_a_star_import_gives_the_public_names():
    code = "from vecsmith import *; print(*sorted(name for name in dir() if not name.startswith('_')))"
    assert run_python(code).split() == sorted(vecsmith.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'vecsmith' has no attribute 'Embeder'"):
        _ = vecsmith.Embeder


# Audit hooks see what Python code does, patches what is called by name; what is left in the folders shows the rest.
FORBID = """
import os, socket, subprocess, sys

def refuse(*args, **kwargs):
    raise AssertionError(f"forbidden: {args}")

FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "socket.gethostby", "socket.bind", "socket.sendto", "os.fork",
             "os.posix_spawn", "os.exec", "os.system", "subprocess.Popen", "os.mkdir", "os.rename", "os.remove")

def audit(event, arguments):
    if event.startswith(FORBIDDEN):
        raise AssertionError(f"forbidden: {event} {arguments}")
    if event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        if arguments[0] != os.devnull:
            raise AssertionError(f"forbidden: writing {arguments[0]}")

sys.addaudithook(audit)
for owner, names in {
    os: ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system", "popen"),
    socket: ("getaddrinfo", "gethostbyname", "create_connection"),
    subprocess: ("Popen", "run", "call", "check_output"),
}.items():
    for name in names:
        if hasattr(owner, name):
            setattr(owner, name, refuse)

class NoSocket(socket.socket):
    # an event loop wakes itself through a pair of connected sockets, which reach nobody
    def connect(self, *args): refuse("connect", *args)
    def connect_ex(self, *args): refuse("connect", *args)
    def bind(self, *args): refuse("bind", *args)

socket.socket = NoSocket
"""


@pytest.fixture
def bare(tmp_path):
    """An environment with an empty home, and no sign of a build server."""
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    away = ("CI", "HF_", "XDG_", "VECSMITH_", "TRANSFORMERS_", "GITHUB_", "BUILD_", "OPENVINO", "OV_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(away)}
    places = {name: str(home) for name in ("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP")}
    return {"cwd": work, "env": {**kept, **places, "PYTHONDONTWRITEBYTECODE": "1"}}, home, work


@pytest.mark.parametrize("compute", ["auto", "f32"])
def test_a_first_embedding_writes_looks_up_and_forks_nothing(bare, compute):
    options, home, work = bare
    code = """
        import vecsmith
        embedder = vecsmith.Embedder(compute=sys.argv[1])
        print(embedder.embed(["hello", "hello " * 900], on_long="truncate").vectors.shape)
        """
    assert run_python(FORBID + dedent(code), compute, **options) == "(2, 384)\n"
    assert [path for folder in (home, work) for path in folder.rglob("*")] == []


def test_offline_a_model_that_is_not_here_is_looked_for_without_a_network(bare):
    options, home, work = bare
    options["env"]["HF_HUB_OFFLINE"] = "1"
    code = """
        import vecsmith
        try:
            vecsmith.Embedder("gte-small")
        except vecsmith.ConfigError as error:
            print("is not on this machine" in str(error))
        """
    assert run_python(FORBID + dedent(code), **options) == "True\n"
    assert [path for folder in (home, work) for path in folder.rglob("*")] == []


def test_the_guard_of_these_tests_holds(bare):
    options, home, _ = bare
    code = """
        import threading
        attempts = [
            lambda: open(os.path.expanduser("~/file"), "w"),
            lambda: os.mkdir(os.path.expanduser("~/folder")),
            lambda: socket.create_connection(("localhost", 9)),
            lambda: socket.socket().connect(("127.0.0.1", 9)),
            lambda: socket.getaddrinfo("localhost", 9),
            lambda: os.fork(),
            lambda: subprocess.run(["true"]),
        ]
        for attempt in attempts:
            try:
                attempt()
            except AssertionError:
                print("refused")
        """
    assert run_python(FORBID + dedent(code), **options).split() == ["refused"] * 7
    assert list(home.iterdir()) == []


def test_an_openvino_that_was_imported_before_is_used():
    code = """
        import sys, types
        import vecsmith.local.runtime as runtime
        first = runtime.openvino()
        runtime.openvino.cache_clear()
        assert runtime.openvino() is first
        import vecsmith
        print(len(vecsmith.embed("hello")))
        """
    assert run_python(code) == "1\n"

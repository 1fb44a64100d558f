"""Models from the hub in processes of their own: several at once, by variables, from the command line, in a server."""

import json
import os
import signal
import subprocess
import sys
import time
from textwrap import dedent

import pytest

from asking import asked
from hub import hub_serving, small_model
from processes import PATIENCE
from served import started

NAME = "org/name"
PULL = "from vecsmith.hub import find; print(find('org/name', download=True))"


@pytest.fixture
def hub():
    with hub_serving() as hub:
        yield hub


@pytest.fixture
def environment(hub, tmp_path):
    """The variables of a person who asks this hub, and whose cache is empty."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "VECSMITH_", "HUGGING"))}
    places = {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "hf"), "VECSMITH_HOME": str(tmp_path / "home")}
    return {**kept, **places}


def command(*arguments, **options):
    done = subprocess.run(
        [sys.executable, "-m", "vecsmith", *arguments], capture_output=True, text=True, check=False, **options
    )
    return done.returncode, done.stdout, done.stderr


def test_processes_that_start_at_once_all_find_the_whole_model(hub, environment, tmp_path):
    count = 8
    files = small_model(os.urandom(3_000_000))
    commit = hub.add(NAME, files)
    processes = [
        subprocess.Popen([sys.executable, "-c", PULL], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(count)
    ]
    told = [process.communicate() for process in processes]
    folder = tmp_path / "hf" / "hub" / "models--org--name" / "snapshots" / commit
    assert [out.decode().strip() for out, _ in told] == [str(folder)] * count, told
    assert (folder / "model.safetensors").read_bytes() == files["model.safetensors"]
    assert hub.fetched().count("model.safetensors") == 1
    assert not [path for path in (tmp_path / "hf").rglob("*") if path.name.endswith(".incomplete")]


def test_the_command_gets_a_model_and_embeds_with_it(hub, environment, make_model, tmp_path):
    commit = hub.add_folder(NAME, make_model().path, token="hf_mine")
    mine = {**environment, "HF_TOKEN": "hf_mine"}
    code, out, told = command("models", "pull", f"{NAME}@main", "--json", env=mine)
    (row,) = json.loads(out)
    assert (code, row["revision"], row["downloaded"]) == (0, commit, row["bytes"])
    assert f"org/name at {commit[:12]}: " in told
    assert "hf_mine" not in told + out
    hub.asked.clear()
    code, out, told = command("embed", "the cat", "--model", NAME, env=environment)
    assert (code, told) == (0, "")
    assert len(json.loads(out)["embedding"]) == 32
    code, out, _ = command("models", "show", NAME, env={**environment, "HF_HUB_OFFLINE": "1"})
    assert (code, f"revision        {commit}" in out) == (0, True)
    assert hub.asked == []


SLOWLY = """
    import signal
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell has what runs behind it ignore Ctrl-C
    from huggingface_hub import constants
    constants.DOWNLOAD_CHUNK_SIZE = 1 << 16
    import vecsmith
    vecsmith.Embedder("org/name")
"""


@pytest.mark.skipif(os.name == "nt", reason="there a signal cannot be sent to one process")
def test_an_interrupted_download_ends(hub, environment):
    hub.add(NAME, small_model(bytes(1 << 25)))
    hub.pause = PATIENCE / 100  # five times as long as is waited for
    process = subprocess.Popen([sys.executable, "-c", dedent(SLOWLY)], env=environment, stderr=subprocess.DEVNULL)
    try:
        while "model.safetensors" not in hub.fetched():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()


FUNCTION = """
    import asyncio
    from vecsmith import AsyncSession, Session

    async def handler(request):
        if "blocking" in request.query_params:
            return await asyncio.to_thread(lambda: Session("org/other").run("a"))
        return await AsyncSession("org/other").run("a")
"""


def test_a_server_gets_the_models_that_it_is_started_with_and_no_other(hub, environment, make_model, tmp_path):
    hub.add_folder(NAME, make_model().path)
    hub.add_folder("org/other", make_model().path)
    function = tmp_path / "functions" / "other" / "index.py"
    function.parent.mkdir(parents=True)
    function.write_text(dedent(FUNCTION), encoding="utf-8")
    with started(NAME, "--functions", str(tmp_path / "functions"), environment=environment) as (address, _):
        assert asked(address, "/v1/embeddings", {"model": NAME, "input": "a"}).status == 200
        hub.asked.clear()
        assert asked(address, "/v1/embeddings", {"model": "org/other", "input": "a"}).status == 404
        for path in ("/functions/v1/other", "/functions/v1/other?blocking"):
            assert asked(address, path).status == 500
    assert hub.asked == []

"""Models brought from the hub: whole, checked, and whatever goes wrong."""

import io
import json
import logging
import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub import constants

from hub import digest, hub_serving, small_model
from vecsmith import ConfigError, Embedder
from vecsmith.hub import find, known_models, pull, without_downloads
from vecsmith.hub.progress import in_bytes

NAME = "org/name"
NEEDED = {
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "modules.json",
    "1_Pooling/config.json",
    "sentence_bert_config.json",
    "model.safetensors",
}


@pytest.fixture(scope="module")
def served():
    """A hub on loopback."""
    with hub_serving() as hub:
        yield hub
    huggingface_hub.close_session()


@pytest.fixture
def hub(served, tmp_path, monkeypatch):
    """The hub without any repository, and an empty cache."""
    served.empty()
    point(monkeypatch, served.address, tmp_path / "hf")
    monkeypatch.setattr("vecsmith.hub.download.PAUSE", 0.0)
    monkeypatch.setattr("huggingface_hub.file_download.time", SimpleNamespace(sleep=lambda _: None))
    return served


def point(monkeypatch, address, home):
    """Let huggingface_hub, which read its variables long ago, ask another hub and keep another cache."""
    for name, value in {
        "ENDPOINT": address,
        "HUGGINGFACE_CO_URL_TEMPLATE": address + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
        "HF_HUB_OFFLINE": False,
        "DOWNLOAD_CHUNK_SIZE": 1 << 12,
    }.items():
        monkeypatch.setattr(constants, name, value)
    for variable in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.delenv(variable, raising=False)


def files_in(folder):
    return {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}


def refusal(work=pull, *arguments, **options):
    with pytest.raises(ConfigError) as caught:
        work(*(arguments or (NAME,)), **options)
    message = str(caught.value)
    assert "\n" not in message
    assert "Traceback" not in message
    assert constants.HF_HUB_CACHE not in message
    return message


def offline(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def nothing_usable(monkeypatch):
    """Whether what is here is refused where there is no network."""
    offline(monkeypatch)
    return refusal(find, NAME, download=True)


def test_a_pull_brings_the_files_that_are_needed_and_no_other(hub):
    files = small_model()
    commit = hub.add(NAME, files)
    got = pull(NAME)
    assert files_in(got.folder) == NEEDED == set(hub.fetched())
    assert all((got.folder / path).read_bytes() == files[path] for path in NEEDED)
    assert (got.commit, got.files) == (commit, len(NEEDED))
    assert got.size == got.fetched == sum(len(files[path]) for path in NEEDED)


def test_other_tools_find_what_was_pulled(hub):
    hub.add(NAME, small_model())
    got = pull(NAME)
    assert huggingface_hub.try_to_load_from_cache(NAME, "config.json") == str(got.folder / "config.json")
    (repository,) = huggingface_hub.scan_cache_dir().repos
    assert [revision.commit_hash for revision in repository.revisions] == [got.commit]
    assert not huggingface_hub.scan_cache_dir().warnings


def test_what_is_here_is_used_without_asking_anybody(hub):
    hub.add(NAME, small_model())
    folder = find(NAME, download=True)
    hub.asked.clear()
    assert find(NAME, download=True) == folder
    assert hub.asked == []


def test_a_second_pull_downloads_nothing_and_checks_all(hub):
    hub.add(NAME, small_model())
    got = pull(NAME)
    assert pull(NAME).fetched == 0
    (got.folder / "tokenizer.json").write_bytes(b'{"version": "1.1"}')
    hub.asked.clear()
    assert pull(NAME).fetched == len(b'{"version": "1.0"}')
    assert (got.folder / "tokenizer.json").read_bytes() == b'{"version": "1.0"}'
    assert hub.fetched() == ["tokenizer.json"]


def test_a_branch_moves_when_it_is_pulled_and_not_before(hub):
    first = hub.add(NAME, small_model())
    find(NAME, download=True)
    second = hub.repositories[NAME].commit(small_model(b"v" * 100))
    assert find(NAME, download=True).name == first
    assert pull(NAME).commit == second
    assert find(NAME, download=True).name == second
    assert find(NAME, first, download=False).name == first


def test_a_revision_is_brought_by_its_branch_and_by_its_commit(hub):
    first = hub.add(NAME, small_model())
    second = hub.repositories[NAME].commit(small_model(b"v"), branch="refs/pr/1")
    assert find(NAME, "refs/pr/1", download=True).name == second
    assert find(NAME, first, download=True).name == first
    assert find(NAME, "refs/pr/1", download=False).name == second


def test_shards_come_with_their_index(hub):
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
    shards = {name: name.encode() for name in index["weight_map"].values()}
    name = "model.safetensors.index.json"
    hub.add(NAME, small_model(weights=None, **{name: json.dumps(index).encode()}, **shards))
    assert {name, *shards} == files_in(pull(NAME).folder) - NEEDED


def test_of_an_architecture_that_is_not_built_the_onnx_file_comes(hub):
    hub.add(NAME, small_model() | {"config.json": b'{"model_type": "deberta"}'})
    assert files_in(pull(NAME, architectures=["bert"]).folder) - NEEDED == {"onnx/model.onnx"}
    assert "model.safetensors" not in hub.fetched()


def test_of_an_architecture_that_is_not_built_nothing_large_comes(hub):
    files = small_model() | {"config.json": b'{"model_type": "deberta"}'}
    del files["onnx/model.onnx"]
    hub.add(NAME, files)
    assert "the architecture 'deberta' of org/name is not supported" in refusal(pull, NAME, architectures=["bert"])
    assert "model.safetensors" not in hub.fetched()


def test_a_repository_without_safetensors_gives_its_onnx_file_and_the_data_of_that(hub):
    more = {"onnx/model.onnx_data": b"d", "onnx/model_fp16.onnx": b"half", "onnx/model_fp16.onnx_data": b"half"}
    hub.add(NAME, small_model(weights=None, **more))
    assert files_in(pull(NAME).folder) - NEEDED == {"onnx/model.onnx", "onnx/model.onnx_data"}


def test_the_weights_of_a_module_come_with_it(hub):
    modules = json.dumps([{"type": "Transformer", "path": ""}, {"type": "Dense", "path": "2_Dense"}]).encode()
    dense = {"2_Dense/config.json": b"{}", "2_Dense/model.safetensors": b"d", "2_Dense/pytorch_model.bin": b"p"}
    hub.add(NAME, small_model(**dense) | {"modules.json": modules})
    assert {"2_Dense/config.json", "2_Dense/model.safetensors"} <= files_in(pull(NAME).folder)
    assert "2_Dense/pytorch_model.bin" not in hub.fetched()


def test_a_module_that_is_only_a_pickle_is_refused(hub):
    modules = json.dumps([{"type": "Transformer", "path": ""}, {"type": "Dense", "path": "2_Dense"}]).encode()
    dense = {"2_Dense/config.json": b"{}", "2_Dense/pytorch_model.bin": b"p"}
    hub.add(NAME, small_model(**dense) | {"modules.json": modules})
    assert "2_Dense/pytorch_model.bin only as a pickle" in refusal()


def test_a_repository_of_pickles_is_refused_before_anything_large_comes(hub):
    files = small_model(weights=None)
    del files["onnx/model.onnx"]
    hub.add(NAME, files)
    assert "only pickled weights (pytorch_model.bin)" in refusal()
    assert set(hub.fetched()) == {"config.json", "modules.json"}


def test_a_repository_without_any_weights_is_refused(hub):
    hub.add(NAME, {"config.json": b"{}", "README.md": b"#"})
    assert "has no model.safetensors and no ONNX file" in refusal()


@pytest.mark.parametrize("path", ["../../evil.json", "1_Pooling/../../evil.json", "1_Pooling\\evil.json"])
def test_a_path_that_leads_out_of_the_folder_is_never_written(hub, path, tmp_path):
    hub.add(NAME, small_model(**{path: b"{}"}))
    assert files_in(pull(NAME).folder) == NEEDED
    assert not list(tmp_path.rglob("*evil*"))


def test_a_connection_that_ends_in_the_middle_goes_on_from_there(hub):
    commit = hub.add(NAME, small_model())
    hub.cuts["model.safetensors"] = [20_000, 10_000]
    assert (pull(NAME).folder / "model.safetensors").read_bytes() == b"w" * 50_000
    ranges = [
        headers.get("range") for _, path, headers in hub.asked if path == f"/cdn/{NAME}/{commit}/model.safetensors"
    ]
    assert ranges[0] is None
    assert len(ranges) == 3
    assert all(int(each.removeprefix("bytes=").rstrip("-")) > 0 for each in ranges[1:])


def test_a_connection_that_always_ends_is_one_sentence_and_leaves_nothing_to_be_used(hub, monkeypatch):
    hub.add(NAME, small_model())
    hub.cuts["model.safetensors"] = [0] * 100
    assert "cannot be reached, or ends before all of org/name is here" in refusal()
    assert "model.safetensors is missing or damaged" in nothing_usable(monkeypatch)
    hub.cuts.clear()
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    hub.asked.clear()
    find(NAME, download=True)
    assert hub.fetched() == ["model.safetensors"]


def test_what_killed_downloads_left_is_removed_when_nobody_can_be_writing_it(hub):
    hub.add(NAME, small_model())
    blobs = Path(constants.HF_HUB_CACHE) / "models--org--name" / "blobs"
    blobs.mkdir(parents=True)
    name = digest("model.safetensors", b"w" * 50_000)
    old, new = blobs / f"{name}.0a1b2c3d.incomplete", blobs / f"{name}.4e5f6a7b.incomplete"
    for path in (old, new):
        path.write_bytes(b"w")
    os.utime(old, (0, 0))
    pull(NAME)
    assert (old.exists(), new.exists()) == (False, True)


def test_what_passes_is_waited_for(hub):
    hub.add(NAME, small_model())
    hub.statuses = {"api": [503], "config.json": [503]}
    assert files_in(pull(NAME).folder) == NEEDED


def test_a_hub_that_stays_broken_is_one_sentence(hub):
    hub.add(NAME, small_model())
    hub.statuses["api"] = [503] * 9
    assert refusal().endswith("answers 503 when asked for org/name: try again later")


@pytest.mark.parametrize("path", ["model.safetensors", "tokenizer.json", "modules.json"])
def test_a_file_with_the_wrong_hash_is_removed_and_never_used(hub, path, monkeypatch):
    hub.add(NAME, small_model())
    hub.spoilt.add(path)
    assert f"{path} of org/name arrived damaged and was removed" in refusal()
    assert not [
        found
        for found in Path(constants.HF_HUB_CACHE).rglob("*")
        if found.name in {path, digest(path, small_model()[path])}
    ]
    nothing_usable(monkeypatch)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    hub.spoilt.clear()
    assert (find(NAME, download=True) / path).read_bytes() == small_model()[path]


def test_a_damaged_file_of_another_program_is_fetched_again(hub):
    hub.add(NAME, small_model())
    hub.spoilt.add("tokenizer.json")
    huggingface_hub.snapshot_download(NAME)
    hub.spoilt.clear()
    hub.asked.clear()
    folder = find(NAME, download=True)
    assert (folder / "tokenizer.json").read_bytes() == small_model()["tokenizer.json"]
    assert hub.fetched() == ["tokenizer.json"]


def test_a_damaged_file_that_only_another_commit_has_is_fetched_again(hub):
    first = hub.add(NAME, small_model())
    blob = (pull(NAME).folder / "model.safetensors").resolve()
    blob.write_bytes(b"x" * 50_000)
    second = hub.repositories[NAME].commit(small_model() | {"config.json": b"{}"})
    assert first != second
    assert (pull(NAME).folder / "model.safetensors").read_bytes() == b"w" * 50_000


def test_what_another_program_brought_whole_is_checked_and_used_without_a_network(hub, monkeypatch):
    hub.add(NAME, small_model())
    folder = huggingface_hub.snapshot_download(NAME)
    hub.asked.clear()
    offline(monkeypatch)
    assert find(NAME, download=True) == Path(folder)
    assert hub.asked == []


def test_what_another_program_brought_in_part_is_refused_without_a_network(hub, monkeypatch):
    hub.add(NAME, small_model())
    huggingface_hub.snapshot_download(NAME, ignore_patterns=["sentence_bert_config.json"])
    assert "(sentence_bert_config.json is missing or damaged) and HF_HUB_OFFLINE is set" in nothing_usable(monkeypatch)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    assert files_in(find(NAME, download=True)) >= NEEDED


def unlisted(files=NEEDED):
    """Bring files one by one, as programs do that keep no list; return the folder."""
    return {Path(huggingface_hub.hf_hub_download(NAME, path)).parents[path.count("/")] for path in files}.pop()


def test_of_files_that_nobody_listed_the_hub_is_asked(hub):
    hub.add(NAME, small_model())
    folder = unlisted(NEEDED - {"modules.json", "sentence_bert_config.json", "1_Pooling/config.json"})
    assert find(NAME, download=True) == folder
    assert files_in(folder) == NEEDED


def test_files_that_nobody_listed_stay_the_commit_that_they_are(hub):
    hub.add(NAME, small_model())
    folder = unlisted()
    hub.repositories[NAME].commit(small_model(b"v"))
    assert find(NAME, download=True) == folder
    assert (folder / "model.safetensors").read_bytes() == b"w" * 50_000


def test_files_that_nobody_listed_are_not_used_where_the_hub_says_that_they_are_damaged(hub, monkeypatch):
    hub.add(NAME, small_model())
    hub.spoilt.add("tokenizer.json")
    unlisted()
    assert "tokenizer.json is missing or damaged" in refusal(find, NAME, download=True)
    assert "tokenizer.json is missing or damaged" in nothing_usable(monkeypatch)


@pytest.mark.parametrize("path", ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"])
def test_of_files_that_nobody_listed_none_may_be_missing_without_a_network(hub, monkeypatch, path):
    hub.add(NAME, small_model())
    unlisted(NEEDED - {path})
    assert f"({path} is missing or damaged)" in nothing_usable(monkeypatch)


def test_files_that_nobody_listed_are_used_without_a_network_where_none_is_missing(hub, monkeypatch):
    hub.add(NAME, small_model())
    folder = unlisted()
    offline(monkeypatch)
    assert find(NAME, download=True) == folder
    assert find(NAME, download=False) == folder


def test_a_model_that_is_not_here_says_how_to_get_it(hub):
    assert refusal(find, NAME, "v2", download=False) == (
        "the model 'org/name@v2' is not on this machine: get it with `vecsmith models pull org/name@v2`, or name a "
        "folder that holds it"
    )
    assert hub.asked == []


def test_offline_nothing_is_asked(hub, monkeypatch):
    hub.add(NAME, small_model())
    offline(monkeypatch)
    assert "'org/name' is not on this machine and HF_HUB_OFFLINE is set: unset it" in refusal(find, NAME, download=True)
    assert "HF_HUB_OFFLINE is set" in refusal()
    assert hub.asked == []


def test_a_repository_that_is_not_there_is_one_sentence(hub):
    message = refusal()
    assert message.startswith("there is no org/name at 127.0.0.1:")
    assert "HF_TOKEN" in message


def test_a_revision_that_is_not_there_is_one_sentence(hub):
    hub.add(NAME, small_model())
    assert "org/name has no revision 'v9' at 127.0.0.1" in refusal(pull, NAME, "v9")


def test_a_file_that_is_listed_and_not_there_is_one_sentence(hub):
    hub.add(NAME, small_model(), hidden=("tokenizer.json",))
    assert "lists a file of org/name and does not have it" in refusal()


def test_a_gated_model_says_what_to_do(hub, monkeypatch):
    hub.add(NAME, small_model(), token="hf_right", gated=True)
    message = refusal()
    assert message.startswith("org/name is gated: accept its terms at 127.0.0.1:")
    assert "set HF_TOKEN" in message
    monkeypatch.setenv("HF_TOKEN", "hf_right")
    assert files_in(pull(NAME).folder) == NEEDED


def test_a_token_is_sent_to_the_hub_and_to_nobody_else(hub, monkeypatch):
    hub.add(NAME, small_model(), token="hf_secret")
    assert "HF_TOKEN" in refusal()
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    assert "hf_wrong" not in refusal()
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    hub.asked.clear()
    pull(NAME)
    told = {path.startswith("/cdn/"): headers.get("authorization") for _, path, headers in hub.asked}
    assert told == {False: "Bearer hf_secret", True: None}


def test_nothing_is_reported_and_nothing_else_asked(hub):
    hub.add(NAME, small_model())
    before = constants.HF_HUB_DISABLE_TELEMETRY, logging.getLogger("huggingface_hub").level
    pull(NAME)
    assert (constants.HF_HUB_DISABLE_TELEMETRY, logging.getLogger("huggingface_hub").level) == before
    assert all(path.startswith(("/api/models/org/name", "/org/name/", "/cdn/org/name/")) for _, path, _ in hub.asked)
    assert {headers["user-agent"].partition("/")[0] for _, _, headers in hub.asked} == {"vecsmith"}


def test_a_disk_without_room_is_told_before_anything_large_comes(hub, monkeypatch):
    hub.add(NAME, small_model())
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    assert "org/name takes 50.1 kB, and 1.0 kB are free" in refusal()
    assert "model.safetensors" not in hub.fetched()


def test_a_cache_that_cannot_be_written_is_one_sentence(hub, monkeypatch, tmp_path):
    hub.add(NAME, small_model())
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "file"))
    assert "cannot be written to the Hugging Face cache" in refusal()


def test_a_hub_that_cannot_be_reached_is_one_sentence_with_its_name_alone(hub, monkeypatch, tmp_path):
    point(monkeypatch, "http://user:secret@127.0.0.1:9", tmp_path)
    message = refusal()
    assert message.startswith("127.0.0.1:9 cannot be reached")
    assert "secret" not in message


def test_where_downloads_are_ruled_out_nothing_is_asked(hub):
    hub.add(NAME, small_model())
    with without_downloads():
        assert "get it with `vecsmith models pull org/name`" in refusal(find, NAME, download=True)
    assert hub.asked == []
    find(NAME, download=True)


@pytest.mark.parametrize("revision", ["", "../main", "a b", "-x", "v2\n"])
def test_what_can_be_no_revision_is_refused(hub, revision):
    assert "is no revision" in refusal(pull, NAME, revision)
    assert hub.asked == []


def test_without_a_terminal_one_line_says_what_comes(hub, capsys):
    hub.add(NAME, small_model())
    pull(NAME)
    pull(NAME)
    host = hub.address.removeprefix("http://")
    assert capsys.readouterr().err == f"vecsmith: getting org/name from {host}: 7 files, 50.3 kB\n"


def test_on_a_terminal_a_bar_shows_what_comes(hub, monkeypatch):
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    hub.add(NAME, small_model())
    pull(NAME)
    assert "50.3/50.3 kB" in screen.getvalue()


@pytest.mark.parametrize(("size", "told"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_270_000_000, "2.3 GB")])
def test_bytes_are_told_as_people_read_them(size, told):
    assert in_bytes(size) == told


def test_a_model_is_downloaded_at_first_use_and_embeds(hub, make_model):
    model = make_model()
    hub.add_folder(NAME, model.path)
    with Embedder(NAME, compute="f32", threads=1) as embedder:
        result = embedder.embed("the cat")
    assert result.vector == pytest.approx(model.vector("the cat"), abs=1e-5)
    assert result.model == NAME


def test_a_short_name_is_the_commit_it_is_pinned_to(hub, make_model, monkeypatch):
    commit = hub.add_folder("thenlper/gte-small", make_model().path)
    known = known_models()["gte-small"]
    hub.repositories["thenlper/gte-small"].commits[known.revision] = hub.repositories["thenlper/gte-small"].commits[
        commit
    ]
    with Embedder("gte-small", compute="f32", threads=1) as embedder:
        assert embedder.embed("the cat").model == "gte-small"
    assert next(path for _, path, _ in hub.asked).endswith(f"/revision/{known.revision}")
    with Embedder("gte-small@main", compute="f32", threads=1) as embedder:
        embedder.embed("the cat")
    assert any(path.endswith("/revision/main") for _, path, _ in hub.asked)


def test_every_short_name_means_a_commit_of_a_repository():
    for name, model in known_models().items():
        assert re.fullmatch("[0-9a-f]{40}", model.revision)
        assert name in {model.name, *model.also}
        assert model.repository.endswith(f"/{model.name}")

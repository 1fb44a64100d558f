"""From a model's name to its folder."""

from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest

from vecsmith import ConfigError, Embedder
from vecsmith.hub import known_models
from vecsmith.local.catalog import BUNDLED, find

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty Hugging Face cache, and no network."""
    folder = tmp_path / "hub"
    folder.mkdir()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    return folder


def refusal(model, **options):
    with pytest.raises(ConfigError) as caught:
        find(model, **options)
    return str(caught.value)


@pytest.mark.parametrize("name", ["minilm", "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"])
def test_the_bundled_model_is_found_under_all_its_names(name):
    found = find(name)
    assert (found.name, found.folder) == ("minilm", BUNDLED["minilm"])


def test_every_bundled_folder_exists():
    assert all(folder.is_dir() for folder in BUNDLED.values())


def test_a_path_is_a_folder(tmp_path):
    found = find(tmp_path)
    assert (found.name, found.folder) == (tmp_path.name, tmp_path)


@pytest.mark.parametrize("name", ["./some/model", "../model", "/model", ".", "C:\\models\\x", "C:/models/x"])
def test_a_string_that_looks_like_a_path_is_a_folder(name):
    assert find(name).folder == Path(name)


def test_a_tilde_is_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert find("~/model").folder == tmp_path / "model"


def test_an_onnx_file_asks_for_its_folder(tmp_path):
    assert refusal(tmp_path / "model.onnx").endswith("name the folder that holds it with its tokenizer.json")


@pytest.mark.parametrize("name", ["~no-such-user/m", "./a\0b", "./\ud800"])
def test_a_path_that_leads_nowhere_is_one_sentence(name):
    message = refusal(name)
    assert repr(name.removeprefix("./")) in message
    assert message.endswith("): name a model folder that exists")
    assert ".)" not in message


def test_a_link_to_itself_is_one_sentence(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(ConfigError, match="name a model folder that exists") as caught:
        Embedder(tmp_path / "loop")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("model", [None, 5, b"minilm", ["minilm"]], ids=str)
def test_a_model_that_is_neither_a_string_nor_a_path_is_refused(model):
    with pytest.raises(ConfigError, match=f"named by a string or a Path, not by {type(model).__name__}"):
        Embedder(model)


@pytest.mark.parametrize(("name", "meant"), [("gte-smal", "gte-small"), ("Minilm", "minilm"), ("mini-lm", "minilm")])
def test_a_misspelt_name_gets_a_suggestion(name, meant):
    assert refusal(name) == f"unknown model {name!r}: did you mean {meant!r}?"


def test_a_name_like_no_other_gets_the_list():
    message = refusal("qqqqqqqq")
    assert all(name in message for name in [*BUNDLED, *known_models()])
    assert "./qqqqqqqq" in message
    assert "org/qqqqqqqq" in message


@pytest.fixture
def online(monkeypatch):
    """A network that nothing may ask."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("vecsmith.hub.download.pull", None)


def test_a_hub_id_that_is_not_here_says_how_to_get_it(online):
    assert "not on this machine: get it with `vecsmith models pull org/name`" in refusal("org/name")


@pytest.mark.parametrize(("name", "options"), [("org/name", {"revision": "v2"}), ("org/name@v2", {})])
def test_the_way_to_get_a_model_names_the_revision(online, name, options):
    assert "`vecsmith models pull org/name@v2`" in refusal(name, **options)


def test_two_revisions_are_refused():
    assert "leave one of them out" in refusal("org/name@v2", revision="v3")


@pytest.mark.parametrize("name", ["gte-small", "bge-small", "nomic-embed-text-v1.5"])
def test_a_short_name_that_is_not_here_says_how_to_get_it(online, name):
    assert f"`vecsmith models pull {name}`" in refusal(name)


def test_the_bundled_model_has_no_revisions():
    assert "leave revision out" in refusal("minilm", revision="main")
    assert "leave revision out" in refusal("minilm@main")


@pytest.mark.parametrize(
    "name", ["org/my--model", "org/-x", "a..b/c", "org/x.git", "org/" + "x" * 120, "org/", "a/b/c"]
)
def test_a_name_that_no_repository_can_have_is_refused(name):
    refusal(name)


@pytest.mark.parametrize("name", ["", " ", "\n", "a b", "漢字"])
def test_a_name_that_is_none_is_unknown(name):
    assert f"unknown model {name!r}" in refusal(name)


def cached(cache, repository, model, revision="main", commit=COMMIT):
    """Lay a model's files out as the hub's cache does."""
    home = cache / f"models--{repository.replace('/', '--')}"
    snapshot = home / "snapshots" / commit
    snapshot.parent.mkdir(parents=True)
    model.path.rename(snapshot)
    (home / "refs").mkdir()
    (home / "refs" / revision).write_text(commit, encoding="ascii")
    return snapshot


def test_a_repository_in_the_cache_is_found(cache, make_model):
    snapshot = cached(cache, "org/name", make_model())
    found = find("org/name")
    assert (found.name, found.folder) == ("org/name", snapshot)


def test_a_short_name_in_the_cache_is_found_under_its_short_name(cache, make_model):
    known = known_models()["bge-small"]
    snapshot = cached(cache, known.repository, make_model(), commit=known.revision)
    found = find("bge-small")
    assert (found.name, found.folder, found.revision) == ("bge-small-en-v1.5", snapshot, known.revision)


def test_a_short_name_at_another_revision_is_that_one(cache, make_model):
    snapshot = cached(cache, "thenlper/gte-small", make_model())
    found = find("gte-small@main")
    assert (found.name, found.folder) == ("gte-small", snapshot)
    assert "'gte-small' is not on this machine" in refusal("gte-small")


def test_a_branch_in_the_cache_is_found_by_its_name(cache, make_model):
    snapshot = cached(cache, "org/name", make_model(), revision="v2")
    assert find("org/name", revision="v2").folder == snapshot


def test_a_revision_in_the_cache_is_found_by_its_commit(cache, make_model):
    snapshot = cached(cache, "org/name", make_model())
    assert find("org/name", revision=COMMIT).folder == snapshot


def test_another_revision_than_the_cached_is_not_found(cache, make_model):
    cached(cache, "org/name", make_model())
    assert "'org/name@v2' is not on this machine" in refusal("org/name", revision="v2")


def test_a_cached_model_embeds(cache, make_model):
    model = make_model()
    cached(cache, "org/name", model)
    with Embedder("org/name", compute="f32", threads=1) as embedder:
        result = embedder.embed("the cat")
    np.testing.assert_allclose(result.vector, model.vector("the cat"), atol=1e-5)
    assert result.model == "org/name"


def test_a_half_downloaded_model_says_what_is_missing(cache, make_model):
    snapshot = cached(cache, "org/name", make_model())
    (snapshot / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"\(model\.safetensors is missing or damaged\)"):
        Embedder("org/name")


def test_a_folder_has_no_revisions_to_choose_from(tmp_path):
    with pytest.raises(ConfigError, match="leave revision out"):
        find(tmp_path, revision="v2")

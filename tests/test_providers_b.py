"""Azure, Ollama, TEI, Hugging Face, another vecsmith and the services of the table, over HTTP with the stub."""

import asyncio
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from stub_dialects_b import BATCH, MODEL
from stub_service import vector_of
from stubs import stub
from vecsmith import AuthError, ConfigError, Embedder, InputError
from vecsmith.dialects import Asked
from vecsmith.providers import GenerationOptions, delivery
from vecsmith.providers.compatible import made_of
from vecsmith.providers.paid import Paid
from vecsmith.providers.registry import find_provider, provider_names
from vecsmith.providers.services import services

TEXTS = ["a cat", "a dog", "naïve café", "日本語", *(f"text {i}" for i in range(60))]
VARIABLES = (
    *("OLLAMA_HOST", "OLLAMA_API_KEY", "TEI_BASE_URL", "TEI_API_KEY", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"),
    *("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION"),
    *("VECSMITH_BASE_URL", "VECSMITH_API_KEY"),
    *(variable for row in services().values() for variable in row.get("key", ())),
)

KINDS = [
    ("azure:my-deployment", ""),
    ("ollama:some-model:tag", ""),
    ("tei:", ""),
    ("huggingface:org/model", "/hf-inference"),
    ("vecsmith:minilm", "/vecsmith/v1"),
    ("together:some-model", "/v1"),
    ("infinity:some-model", "/v1"),
]
"""A model of each provider, and where the stub has it."""


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


def expected(model, texts, width=16, prompt=""):
    own = "||" if model.startswith("vecsmith:") else ""
    return np.array([vector_of(own + prompt + text, width) for text in texts])


@pytest.mark.parametrize(("model", "path"), KINDS)
def test_each_text_gets_its_own_vector_in_order(model, path):
    with stub() as s, Embedder(model, base_url=s.address + path, api_key="k") as embedder:
        vectors = embedder.embed(TEXTS).vectors
        seen = s.seen()
    np.testing.assert_allclose(vectors, expected(model, TEXTS), atol=1e-6)
    assert seen["most"] == 1


@pytest.mark.parametrize(("model", "path"), KINDS)
def test_a_fifth_of_faults_leaves_every_vector_right(model, path):
    honest = ["too_many", "broken", "reset", "slow", "truncated", "html", "not_a_number", "fewer"]
    texts = [f"{i} of many" for i in range(200)]
    with (
        stub(faults=0.2, seed=3, kinds=honest) as s,
        Embedder(model, base_url=s.address + path, api_key="k") as embedder,
    ):
        vectors = embedder.embed(texts).vectors
    np.testing.assert_allclose(vectors, expected(model, texts), atol=1e-6)


@pytest.mark.parametrize(("model", "path"), KINDS)
def test_a_wrong_key_is_an_error_of_its_own_and_is_not_shown(model, path):
    with (
        stub(key="the right one") as s,
        Embedder(model, base_url=s.address + path, api_key="a wrong one") as embedder,
        pytest.raises(AuthError) as caught,
    ):
        embedder.embed("a")
    assert "a wrong one" not in str(caught.value)


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("azure:missing", ""),
        ("ollama:missing", ""),
        ("huggingface:org/missing", "/hf-inference"),
        ("vecsmith:missing", "/vecsmith/v1"),
        ("together:missing", "/v1"),
    ],
)
def test_a_model_that_is_not_there_is_named(model, path):
    with stub() as s, Embedder(model, base_url=s.address + path, api_key="k") as embedder:
        name = model.partition(":")[2]
        with pytest.raises(ConfigError, match=name):
            embedder.embed("a")


def test_ollama_says_how_to_fetch_a_model():
    with (
        stub() as s,
        Embedder("ollama:missing", base_url=s.address) as embedder,
        pytest.raises(ConfigError, match="`ollama pull missing`"),
    ):
        embedder.embed("a")


def test_ollama_has_the_prompts_of_the_model_put_before_texts():
    with stub(width=768) as s, Embedder("ollama:nomic-embed-text", base_url=s.address) as embedder:
        query = embedder.embed_query("a cat").vector
        document = embedder.embed_documents(["a cat"]).vectors[0]
        none = embedder.embed("a cat").vector
        custom = embedder.embed("a cat", task="clustering", prompt="mine: ").vector
    for vector, prompt in ((query, "search_query: "), (document, "search_document: "), (none, ""), (custom, "mine: ")):
        np.testing.assert_allclose(vector, vector_of(prompt + "a cat", 768), atol=1e-6)


def test_ollama_cuts_vectors_where_a_width_is_asked():
    with stub(width=768) as s, Embedder("ollama:nomic-embed-text:v1.5", base_url=s.address) as embedder:
        vectors = embedder.embed(["a", "b"], dimensions=64).vectors
        body = s.seen()["bodies"][-1]
        with pytest.raises(InputError, match="769"):
            embedder.embed("a", dimensions=769)
    assert vectors.shape == (2, 64)
    assert (body["dimensions"], body["model"]) == (64, "nomic-embed-text:v1.5")


@pytest.mark.parametrize("model", ["ollama:m", "tei:m", "huggingface:org/m"])
def test_an_empty_text_is_refused_before_anything_is_sent(model):
    path = "/hf-inference" if model.startswith("h") else ""
    with stub() as s, Embedder(model, base_url=s.address + path, api_key="k") as embedder:
        with pytest.raises(InputError) as caught:
            embedder.embed(["a", ""])
        assert s.seen()["bodies"] == []
    assert caught.value.index == 1


@pytest.mark.parametrize("model", ["ollama:m", "tei:m"])
def test_one_long_text_is_refused_alone_where_it_is_an_error(model):
    texts = ["a", "b" * 2000, "c"]
    with stub() as s, Embedder(model, base_url=s.address) as embedder:
        with pytest.raises(InputError) as caught:
            embedder.embed(texts, on_long="error")
        assert len(embedder.embed(texts, on_long="truncate")) == 3
    assert (caught.value.index, caught.value.others) == (1, ())


def test_ollama_host_says_where_it_is_and_its_latest_is_the_plain_name(monkeypatch):
    with stub(width=768) as s:
        monkeypatch.setenv("OLLAMA_HOST", s.address.removeprefix("http://"))
        with Embedder("ollama:nomic-embed-text:latest") as embedder:
            assert embedder.embed("a").vectors.shape == (1, 768)
            assert embedder.metadata.dimensions == 768
        assert s.seen()["bodies"][-1]["model"] == "nomic-embed-text"


def test_ollama_lists_the_models_that_it_has_fetched():
    with stub() as s:
        ollama = find_provider("ollama")
        settings = ollama.settings_type()(base_url=s.address)
        models = asyncio.run(ollama.embeddings().get_models(settings))
    assert [str(model.ref) for model in models] == ["ollama:nomic-embed-text", "ollama:all-minilm:22m"]
    assert models[0].dimensions == 768


def test_tei_says_which_model_it_has_and_how_much_it_takes_at_once():
    with stub() as s, Embedder("tei:whatever", base_url=s.address) as embedder:
        vector = embedder.embed_query("a cat").vector
        embedder.embed(TEXTS)
        metadata, seen = embedder.metadata, s.seen()
    assert (metadata.model, metadata.max_tokens, metadata.provider) == (MODEL, 8192, "tei")
    np.testing.assert_allclose(vector, vector_of("search_query: a cat"), atol=1e-6)
    assert max(len(body["inputs"]) for body in seen["bodies"]) == BATCH
    assert "422" not in seen["statuses"]


def test_two_versions_of_a_model_behind_tei_are_two_spaces_and_share_no_cache(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with stub() as s:
        told, keys = [], []
        for sha in ("aaaa", "aaaa", "bbbb"):
            with Embedder("tei:m", base_url=f"{s.address}/pinned/{sha}", cache=tmp_path / "cache.db") as embedder:
                told.append(embedder.embed("a cat"))
                keys.append({**embedder.generator.identity(GenerationOptions()).parts, "address": ""})
    assert [result.space.revision for result in told] == ["aaaa", "aaaa", "bbbb"]
    assert told[0].space == told[1].space != told[2].space
    assert [result.items[0].cached for result in told] == [False, True, False]
    assert keys[0] == keys[1] != keys[2]


def test_tei_behind_a_gateway_that_hides_what_it_is_still_embeds():
    with stub() as s, Embedder("tei:nomic-embed-text", base_url=s.address + "/hidden") as embedder:
        vectors = embedder.embed(TEXTS, task="retrieval_query").vectors
    np.testing.assert_allclose(vectors, expected("tei:", TEXTS, prompt="search_query: "), atol=1e-6)


def test_tei_that_serves_a_folder_has_the_model_that_the_caller_names():
    with stub() as s, Embedder("tei:BAAI/bge-small-en-v1.5", base_url=s.address + "/mounted") as embedder:
        vector = embedder.embed_query("a cat").vector
        assert embedder.metadata.model == "BAAI/bge-small-en-v1.5"
    asked = "Represent this sentence for searching relevant passages: a cat"
    np.testing.assert_allclose(vector, vector_of(asked), atol=1e-6)


def test_tei_with_a_model_that_makes_no_embeddings_is_refused_when_it_is_opened():
    with stub() as s, pytest.raises(ConfigError, match="makes no embeddings"):
        Embedder("tei:m", base_url=s.address + "/reranker")


def test_tei_without_an_address_says_which_variable_to_set():
    with pytest.raises(ConfigError, match="TEI_BASE_URL"):
        Embedder("tei:m")


@pytest.mark.parametrize(("version", "route"), [("2024-10-21", "classic"), (None, "v1")])
def test_azure_speaks_the_form_that_its_version_says(monkeypatch, version, route):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k")
    if version:
        monkeypatch.setenv("OPENAI_API_VERSION", version)
    with stub(key="k") as s:
        for copied in ("", "/", "/openai/v1/", "/openai"):
            with Embedder("azure:d", base_url=s.address + copied) as embedder:
                np.testing.assert_allclose(embedder.embed("a").vector, vector_of("a"), atol=1e-6)


def test_azure_takes_an_entra_token_before_a_key(monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "a key")
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "a token")
    with stub(key="Bearer a token") as s:
        monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", s.address)
        with Embedder("azure:d") as embedder:
            np.testing.assert_allclose(embedder.embed("a").vector, vector_of("a"), atol=1e-6)


def test_azure_takes_a_key_that_is_given_before_a_token_of_the_environment(monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "a token")
    with stub(key="given") as s, Embedder("azure:d", base_url=s.address, api_key="given") as embedder:
        assert len(embedder.embed("a")) == 1


@pytest.mark.parametrize("more", ["", 'api_key_env = "MINE"\n'])
def test_a_file_in_the_working_directory_cannot_have_azures_token_sent_elsewhere(monkeypatch, tmp_path, more):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "a token")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://localhost")
    monkeypatch.setenv("MINE", "mine")
    with stub(key="mine") as s:
        text = f'[providers.elsewhere]\nkind = "azure"\nbase_url = "{s.address}"\n{more}'
        (tmp_path / "vecsmith.toml").write_text(text)
        if more:
            monkeypatch.setenv("VECSMITH_CONFIG", "vecsmith.toml")
            with Embedder("elsewhere:d") as embedder:
                assert len(embedder.embed("a")) == 1
        else:
            with pytest.raises(ConfigError, match="api_key is missing"):
                Embedder("elsewhere:d")


def test_a_file_in_the_working_directory_cannot_name_the_key_of_a_listed_service(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOGETHER_API_KEY", "k")
    text = (
        '[providers.elsewhere]\nkind = "compatible"\nbase_url = "http://localhost"\napi_key_env = "TOGETHER_API_KEY"\n'
    )
    (tmp_path / "vecsmith.toml").write_text(text)
    with pytest.raises(ConfigError, match="may not send the key of 'elsewhere'"):
        Embedder("elsewhere:m")


def test_a_file_in_the_working_directory_may_say_where_a_server_is_that_is_sent_no_key(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with stub() as s:
        (tmp_path / "vecsmith.toml").write_text(f'[providers.tei]\nbase_url = "{s.address}"\n')
        with Embedder("tei:") as embedder:
            assert len(embedder.embed("a")) == 1
        monkeypatch.setenv("TEI_API_KEY", "k")
        with pytest.raises(ConfigError, match="may not send the key"):
            Embedder("tei:")


def test_azure_without_any_key_says_which_variables_to_set():
    with pytest.raises(ConfigError, match="AZURE_OPENAI_API_KEY or AZURE_OPENAI_AD_TOKEN"):
        Embedder("azure:d", base_url="http://localhost")


@pytest.mark.parametrize("variable", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"])
def test_huggingface_takes_its_token_from_either_variable(monkeypatch, variable):
    monkeypatch.setenv(variable, "hf_token")
    with stub(key="Bearer hf_token") as s, Embedder("huggingface:org/m", base_url=s.address + "/endpoint") as embedder:
        np.testing.assert_allclose(embedder.embed("a").vector, vector_of("a"), atol=1e-6)


def test_huggingface_takes_one_vector_without_a_list_and_refuses_vectors_of_tokens():
    with stub() as s:
        where = {"base_url": s.address + "/hf-inference", "api_key": "k"}
        with Embedder("huggingface:org/flat", **where) as embedder:
            np.testing.assert_allclose(embedder.embed("a").vector, vector_of("a"), atol=1e-6)
        with (
            Embedder("huggingface:org/tokens", **where) as embedder,
            pytest.raises(ConfigError, match="vector of each token"),
        ):
            embedder.embed(["a", "b"])


def test_a_model_that_is_being_loaded_is_waited_for_as_long_as_the_service_says(monkeypatch):
    monkeypatch.setattr(delivery, "FIRST_WAIT", 1e6)
    monkeypatch.setattr(delivery, "LONGEST_WAIT", 1e6)
    with (
        stub() as s,
        Embedder("huggingface:org/loading", base_url=s.address + "/hf-inference", api_key="k", timeout=60) as embedder,
    ):
        np.testing.assert_allclose(embedder.embed("a").vector, vector_of("a"), atol=1e-6)


def test_huggingface_gives_no_width_but_the_models_own():
    with (
        Embedder("huggingface:org/m", base_url="http://localhost", api_key="k") as embedder,
        pytest.raises(InputError, match="its own alone"),
    ):
        embedder.embed("a", dimensions=64)


def test_another_vecsmith_is_sent_the_task_the_prompt_and_what_to_do_with_long_texts():
    with stub() as s, Embedder("vecsmith:minilm", base_url=s.address + "/vecsmith/v1") as embedder:
        task = embedder.embed("a", task="query", on_long="truncate_start").vector
        first = s.seen()["bodies"][-1]
        prompt = embedder.embed("a", prompt="p: ").vector
        second = s.seen()["bodies"][-1]
    assert (first["task"], first["on_long"]) == ("retrieval_query", "truncate_start")
    assert "prompt" not in first
    assert (second["prompt"], second["input"]) == ("p: ", ["a"])
    np.testing.assert_allclose(task, vector_of("retrieval_query||a"), atol=1e-6)
    np.testing.assert_allclose(prompt, vector_of("|p: |a"), atol=1e-6)


def test_what_was_paid_for_under_one_prompt_is_not_given_out_under_another():
    paid, asked = Paid(), Asked(["a"], "m", prompt="one: ")
    paid.put(asked, 0, vector_of("a"), 1)
    assert paid.take(replace(asked, prompt="another: ")) == {}
    assert list(paid.take(asked)) == [0]


def test_nvidia_is_told_which_side_a_text_is_and_what_to_do_with_a_long_one():
    with stub() as s, Embedder("nvidia:nvidia/nv-embedqa-e5-v5", base_url=s.address + "/v1", api_key="k") as embedder:
        embedder.embed_query("a")
        embedder.embed("a", on_long="error")
        query, none = s.seen()["bodies"][-2:]
    assert (query["input_type"], query["truncate"]) == ("query", "END")
    assert (none["input_type"], none["truncate"]) == ("passage", "NONE")
    assert query["model"] == "nvidia/nv-embedqa-e5-v5"


def test_every_service_of_the_table_is_a_provider_at_its_own_address():
    for name, row in services().items():
        found = find_provider(name)
        assert (found.name, found.title) == (name, row["title"])
        settings = found.settings_type()(**({"api_key": "k"} if row.get("key") else {}))
        assert found.embeddings().service(settings).base_url == row["base_url"]
        assert find_provider(name) is found
    assert set(services()) <= set(provider_names())


def test_a_service_on_other_peoples_machines_wants_the_key_of_its_variable(monkeypatch):
    with pytest.raises(ConfigError, match="DEEPINFRA_API_KEY"):
        Embedder("deepinfra:m")
    monkeypatch.setenv("DEEPINFRA_TOKEN", "k")
    with stub(key="Bearer k") as s, Embedder("deepinfra:m", base_url=s.address + "/v1") as embedder:
        assert len(embedder.embed("a")) == 1
        assert "encoding_format" not in s.seen()["bodies"][-1]


def test_a_row_of_somebody_elses_makes_a_provider_and_a_wrong_one_is_named():
    made = made_of("acme", {"base_url": "https://acme.example/v1", "key": ["ACME_KEY"], "base64": True})
    assert made.embeddings().service(made.settings_type()(api_key="k")).base_url == "https://acme.example/v1"
    with pytest.raises(ConfigError, match="acme"):
        made_of("acme", {"base_url": "https://acme.example/v1", "fields": {"no_such": "x"}})
    with pytest.raises(ConfigError, match="acme"):
        made_of("acme", {"key": ["ACME_KEY"]})


def test_the_names_of_services_are_known_without_what_speaks_to_them():
    code = (
        "import sys; from vecsmith.providers.registry import provider_names; assert 'together' in provider_names();"
        "assert not {'numpy', 'aiohttp', 'msgspec'} & set(sys.modules), 'heavy'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_provider_without_a_model_means_its_default():
    with stub(width=768) as s, Embedder("ollama:", base_url=s.address) as embedder:
        assert embedder.embed("a").vectors.shape == (1, 768)
    with pytest.raises(ConfigError, match="no default model"):
        Embedder("azure:", base_url="http://localhost", api_key="k")


def test_a_row_of_ones_own_changes_only_the_limits_of_tei_that_it_names():
    kind = find_provider("tei").settings_type()
    settings = kind(base_url="http://127.0.0.1:1", rows={"tei:m": {"limits": {"in_flight": 4}}})
    limits = find_provider("tei").embeddings().create_generator(settings, "m").limits
    assert (limits.in_flight, limits.items, limits.bytes) == (4, 32, 1_500_000)

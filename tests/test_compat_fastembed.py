"""The drop-in for fastembed, and the original itself where it is installed (``drop_ins.py``).

Tests that have the fixture ``fe`` hold for both.
"""

import importlib
from collections.abc import Iterator
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import vecsmith.compat.fastembed as ours
from drop_ins import ONNX, imported, is_ours, sides
from reference_models import worst_cosine
from vecsmith import ConfigError, Embedder, EmbedWarning, InputError
from vecsmith.compat.fastembed import supported
from vecsmith.compat.fastembed.common.model_description import ModelSource, PoolingType

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
TEXTS = [
    "Cranes nest in the wetlands in spring.",
    "The tram stops in front of the library.",
    "Knead the dough for ten minutes.",
]


@pytest.fixture(scope="module", params=sides("fastembed", ONNX))
def fe(request):
    """The drop-in, or the original."""
    return imported(request.param)


@pytest.fixture(scope="module")
def where(fe):
    """What the original is told instead of downloading."""
    return {} if is_ours(fe) else {"specific_model_path": ONNX}


@pytest.fixture(scope="module")
def model(fe, where):
    return fe.TextEmbedding(MINILM, **where)


@pytest.fixture(scope="module")
def descriptions(fe):
    return importlib.import_module(f"{fe.__name__}.common.model_description")


@pytest.fixture
def only_these():
    """Forget the models that a test adds."""
    yield
    supported.added.clear()


def same(a, b, least=0.9999):
    assert worst_cosine(np.atleast_2d(a), np.atleast_2d(b)) >= least


# --- As in a first script


def test_a_first_script(fe, where):
    model = fe.TextEmbedding(model_name=MINILM, **where)
    generator = model.embed(TEXTS)
    assert isinstance(generator, Iterator)
    vectors = list(generator)
    assert [vector.shape for vector in vectors] == [(384,)] * 3
    assert {vector.dtype for vector in vectors} == {np.dtype(np.float32)}
    query = next(iter(model.query_embed("where do birds breed?")))
    assert np.argmax(np.stack(vectors) @ query) == 0


def test_the_vectors_are_those_of_the_native_call(model, auto_embedder):
    same(list(model.embed(TEXTS)), auto_embedder.embed(TEXTS).vectors)
    np.testing.assert_allclose(np.linalg.norm(list(model.embed(TEXTS)), axis=1), 1, atol=1e-3)


# --- Inputs and what they give


def test_one_string_is_one_text(model):
    same(list(model.embed(TEXTS[0])), list(model.embed([TEXTS[0]])))
    assert len(list(model.query_embed(TEXTS[0]))) == 1


def test_queries_and_passages_have_no_prompt(model):
    plain = list(model.embed(TEXTS))
    same(list(model.query_embed(TEXTS)), plain)
    same(list(model.passage_embed(TEXTS)), plain)


def test_texts_are_read_as_vectors_are_taken(model):
    pulled = []

    def texts():
        for number in range(100_000):
            pulled.append(number)
            yield TEXTS[number % 3]

    vectors = model.embed(texts(), batch_size=2)
    assert pulled == []
    first = [next(vectors) for _ in range(3)]
    vectors.close()
    same(first, list(model.embed(TEXTS)))
    assert len(pulled) < 50_000


def test_vectors_come_in_the_order_of_the_texts(model):
    texts = ["word " * n + "end" for n in range(60, 0, -9)]
    same(list(model.embed(texts, batch_size=2)), np.stack([next(iter(model.embed(text))) for text in texts]))


def test_no_texts_give_no_vectors(model):
    assert list(model.embed([])) == []


def test_a_batch_has_a_text_at_least(model):
    with pytest.raises(ValueError):
        list(model.embed(TEXTS, batch_size=0))


@pytest.mark.parametrize("texts", [[7], [None]])
def test_what_is_no_text_is_an_error(model, texts):
    with pytest.raises((ValueError, TypeError)):
        list(model.embed(texts))


# --- What is told of models


def test_widths(fe, model):
    assert model.embedding_size == 384
    assert fe.TextEmbedding.get_embedding_size("baai/BGE-base-en-v1.5") == 768
    with pytest.raises(ValueError, match="nowhere"):
        fe.TextEmbedding.get_embedding_size("nowhere")


def test_the_models_that_are_listed(fe):
    listed = fe.TextEmbedding.list_supported_models()
    (minilm,) = [each for each in listed if each["model"] == MINILM]
    assert minilm["dim"] == 384
    assert minilm["license"] == "apache-2.0"
    keys = {
        "model",
        "sources",
        "model_file",
        "description",
        "license",
        "size_in_GB",
        "additional_files",
        "dim",
        "tasks",
    }
    assert all(set(each) == keys for each in listed)
    assert sorted(listed, key=lambda each: each["size_in_GB"])
    assert {"hf", "url"} <= set(minilm["sources"])


def test_tokens_are_counted_as_they_are_read(model):
    assert model.token_count("one two") == 4
    assert model.token_count(["one two", "one two", "three"]) == 11
    assert model.token_count("word " * 1000) == 256


def test_a_model_is_opened_by_the_first_call_where_that_is_asked_for(fe, where):
    model = fe.TextEmbedding(MINILM, lazy_load=True, threads=1, **where)
    assert len(list(model.embed(TEXTS))) == 3


def test_a_model_that_there_is_none_of_is_a_value_error(fe):
    with pytest.raises(ValueError):
        fe.TextEmbedding("nowhere-at-all")


@pytest.mark.usefixtures("only_these")
@pytest.mark.parametrize(("pooling", "normalization"), [("CLS", True), ("MEAN", False), ("LAST_TOKEN", True)])
def test_a_model_of_the_programs_own(fe, where, descriptions, pooling, normalization):
    name = f"own/{fe.__name__}-{pooling}"
    fe.TextEmbedding.add_custom_model(
        name,
        pooling=descriptions.PoolingType(pooling),
        normalization=normalization,
        sources=descriptions.ModelSource(hf=MINILM),
        dim=384,
        model_file="model.onnx",
    )
    model = fe.TextEmbedding(name, **where)
    (vector,) = model.embed(TEXTS[0])
    assert np.isclose(np.linalg.norm(vector), 1, atol=1e-3) == normalization
    same(vector, token_pooled(TEXTS[0], pooling), 0.999)
    with pytest.raises(ValueError, match=name):
        fe.TextEmbedding.add_custom_model(
            name, descriptions.PoolingType.CLS, normalization=True, sources=descriptions.ModelSource(hf="a/b"), dim=384
        )


@cache
def tokens_of(text):
    from vecsmith.compat.sentence_transformers import SentenceTransformer

    return np.asarray(SentenceTransformer("all-MiniLM-L6-v2").encode(text, output_value="token_embeddings"))


def token_pooled(text, pooling):
    """Return what a pooling makes of the vectors of a text's tokens."""
    tokens = tokens_of(text)
    return {"CLS": tokens[0], "MEAN": tokens.mean(axis=0), "LAST_TOKEN": tokens[-1]}[pooling]


# --- The drop-in alone: what differs, and why


def test_the_default_model_is_told_of_in_a_sentence_where_it_is_not_here():
    with pytest.raises(ConfigError, match=r"^the model 'BAAI/bge-small-en-v1.5' is not on this machine") as caught:
        ours.TextEmbedding(local_files_only=True)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


def test_a_name_in_any_case_and_any_other_that_vecsmith_knows():
    same(list(ours.TextEmbedding(MINILM.upper()).embed(TEXTS)), list(ours.TextEmbedding("minilm").embed(TEXTS)))


def test_a_folder_is_named_beside_the_model(make_model):
    made = make_model()
    with pytest.raises(ConfigError, match=r"^the model has vectors of \d+ dimensions, and '.*' is listed with 384$"):
        ours.TextEmbedding(MINILM, specific_model_path=str(made.path))
    model = ours.TextEmbedding("any", specific_model_path=str(made.path))
    with Embedder(made.path, compute="f32") as embedder:
        same(list(model.embed(["a b"])), embedder.embed(["a b"], prompt="").vectors, 0.999)


def test_a_text_that_is_cut_is_told_of_once_at_the_callers_line():
    with pytest.warns(EmbedWarning, match=r"^2 texts were longer than the model reads, and 1488 tokens at") as told:
        list(ours.TextEmbedding("minilm").embed(["word " * 998] * 2))
    assert [each.filename for each in told] == [__file__]


@pytest.mark.parametrize(
    "arguments",
    [{"cuda": True}, {"cuda": "cuda"}, {"cuda": SimpleNamespace(value="cuda")}],
)
def test_other_devices_are_told_of_and_change_nothing(arguments):
    with pytest.warns(EmbedWarning, match=r"^cuda is not used: vecsmith computes on the processor$") as told:
        ours.TextEmbedding("minilm", lazy_load=True, **arguments)
    assert told[0].filename == __file__
    with pytest.warns(EmbedWarning, match=r"^CUDAExecutionProvider is not used"):
        ours.TextEmbedding("minilm", providers=[("CUDAExecutionProvider", {}), "CPUExecutionProvider"], lazy_load=True)


def test_what_changes_no_vector_is_taken():
    model = ours.TextEmbedding(
        "minilm",
        cache_dir="elsewhere",
        providers=["CPUExecutionProvider"],
        device_ids=[0],
        enable_cpu_mem_arena=False,
        local_files_only=True,
    )
    assert (model.model_name, model.cache_dir) == ("minilm", "elsewhere")
    same(list(model.embed(TEXTS, parallel=2)), list(ours.TextEmbedding(MINILM).embed(TEXTS)))


def test_what_is_no_text_is_an_input_error_with_its_place():
    with pytest.raises(InputError) as caught:
        list(ours.TextEmbedding("minilm").embed(["a", 7]))
    assert caught.value.index == 1


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: ours.TextEmbedding("minilm", colour="blue"), r"^TextEmbedding has no option 'colour' here"),
        (lambda: ours.TextEmbedding("minilm", threads=0), r"^threads "),
        (lambda: list(ours.TextEmbedding("minilm").embed("a", parallel=-1)), r"^batch_size is from 1 up"),
        (ModelSource, r"^a source is a Hugging Face id or an address"),
        (
            lambda: ours.TextEmbedding.add_custom_model(
                "own/x", PoolingType.DISABLED, normalization=True, sources=ModelSource("a/b"), dim=3
            ),
            r"^models that pool in their own graph are not computed here",
        ),
        (
            lambda: ours.TextEmbedding.add_custom_model(
                "own/x", PoolingType.CLS, True, ModelSource("a/b"), 3, output_name="pooled"
            ),
            r"^output_name cannot be honoured",
        ),
    ],
)
def test_what_cannot_be_honoured_is_refused_in_a_sentence(ask, told):
    with pytest.raises(ValueError, match=told):
        ask()

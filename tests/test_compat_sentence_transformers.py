"""The drop-in for sentence-transformers, and the original itself where it is installed (``drop_ins.py``).

Tests that have the fixture ``st`` hold for both.
"""

import copy
import importlib
import pickle
import warnings
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import vecsmith.compat.sentence_transformers as ours
from drop_ins import MINILM, TORCH, imported, is_ours, sides, skip_without_torch
from fake_generator import WIDTH, FakeGenerator, vector_of
from processes import run_python
from reference_models import MODELS, TEXTS, reference_vectors, short_model, worst_cosine
from vecsmith import ConfigError, Embedder, EmbedWarning, InputError
from vecsmith.compat.sentence_transformers.loading import checked
from vecsmith.encodings import Calibration, encode
from vecsmith.providers import EmbeddingCapability, Provider, Settings, provider
from vecsmith.providers.plugin import registered

pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

CORPUS = [
    "The ferry to the island leaves at half past seven.",
    "Add the flour slowly and stir until the batter is smooth.",
    "Our team scored twice in the last five minutes.",
    "The baker sells rye bread on Fridays.",
    "Snow closed the mountain pass for two days.",
    "A penalty decided the cup final.",
]
LONG = "The river rose again and the bridge was closed. " * 60


@pytest.fixture(scope="module", params=sides("sentence_transformers", MINILM))
def st(request):
    """The drop-in, or the original."""
    return imported(request.param)


@pytest.fixture(scope="module")
def make(st):
    """Open all-MiniLM-L6-v2 with arguments."""

    def make_(**arguments):
        name = "all-MiniLM-L6-v2" if is_ours(st) else MINILM
        return st.SentenceTransformer(name, device="cpu", **arguments)

    return make_


@pytest.fixture(scope="module")
def shared(make):
    return make()


@pytest.fixture
def model(shared):
    """The model with its defaults."""
    yield shared
    shared.similarity_fn_name = "cosine"


@pytest.fixture(scope="module")
def util(st):
    return importlib.import_module(f"{st.__name__}.util")


@pytest.fixture(scope="module")
def own():
    """The drop-in alone."""
    return ours.SentenceTransformer("all-MiniLM-L6-v2")


def quietly(call, *arguments, **options):
    """Do what warns of a cut text in the drop-in alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*arguments, **options)


def same(a, b, least=0.9999):
    """Whether vectors point the same way, whatever batch they were in."""
    assert worst_cosine(np.atleast_2d(a), np.atleast_2d(b)) >= least


# --- As in a first script


def test_a_first_script(model):
    embeddings = model.encode(
        ["A heron stands in the reeds.", "A wading bird by the water.", "The invoice is overdue."]
    )
    assert embeddings.shape == (3, 384)
    similarities = model.similarity(embeddings, embeddings)
    assert tuple(similarities.shape) == (3, 3)
    assert similarities[0][0].item() == pytest.approx(1, abs=1e-3)
    assert similarities[0][1].item() > 0.3 > similarities[0, 2].item()
    assert len(str(similarities).splitlines()) == 3
    assert f"{similarities[1][0]:.2f}" == f"{similarities[0][1]:.2f}"
    assert similarities[0].tolist()[0] == similarities[0][0].item()


def test_a_semantic_search(model, util):
    corpus = model.encode(CORPUS)
    queries = model.encode(["who won the football match?", "how is the cake made?"])
    hits = util.semantic_search(queries, corpus, top_k=2)
    assert {hit["corpus_id"] for hit in hits[0]} == {2, 5}
    assert hits[1][0]["corpus_id"] == 1
    assert hits[0][0]["score"] >= hits[0][1]["score"]
    assert type(hits[0][0]["corpus_id"]) is int
    assert type(hits[0][0]["score"]) is float


def test_a_semantic_search_with_tensors_and_topk(model):
    skip_without_torch()
    import torch

    corpus = model.encode(CORPUS, convert_to_tensor=True)
    scores = model.similarity(model.encode("how is the cake made?", convert_to_tensor=True), corpus)[0]
    values, places = torch.topk(scores, k=2)
    assert places[0].item() == 1
    assert values[0] >= values[1]


def test_the_functions_of_torch_take_scores_of_arrays(model):
    skip_without_torch()
    import torch

    vectors = model.encode(CORPUS)
    scores = model.similarity(vectors[:1], vectors)
    assert torch.topk(scores[0], k=1).indices.tolist() == [0]
    assert torch.cat([scores, scores]).shape == (2, len(CORPUS))
    assert scores.cpu().numpy().shape == (1, len(CORPUS))


# --- Inputs and what they give


def test_one_text_gives_one_vector_and_a_list_one_each(model):
    one, listed = model.encode("A heron."), model.encode(["A heron."])
    assert (one.shape, listed.shape) == ((384,), (1, 384))
    assert type(one) is type(listed) is np.ndarray
    assert one.dtype == listed.dtype == np.float32
    assert one.flags.writeable
    same(one, listed[0])


@pytest.mark.parametrize("texts", [("a", "b"), np.array(["a", "b"]), np.array(["a", "b"], object)])
def test_tuples_and_arrays_of_strings_are_lists(model, texts):
    same(model.encode(texts), model.encode(["a", "b"]))


def test_a_numpy_string_is_one_text(model):
    assert model.encode(np.array(["a", "b"])[0]).shape == (384,)


def test_no_texts_give_an_empty_array(model):
    found = model.encode([])
    assert (type(found), found.shape, found.dtype) == (np.ndarray, (0,), np.float64)


def test_an_empty_text_has_a_vector(model):
    assert model.encode(["", "a"]).shape == (2, 384)


def test_the_older_name_of_the_first_argument(model):
    same(model.encode(sentences=["a"]), model.encode(["a"]))


def test_the_vectors_are_those_of_the_native_call(model, auto_embedder):
    same(model.encode(CORPUS), auto_embedder.embed(CORPUS).vectors)


def test_vectors_come_in_the_order_of_the_texts(model):
    texts = [*CORPUS, *("word " * n for n in range(40, 0, -7))]
    together = model.encode(texts, batch_size=3)
    same(together, np.stack([model.encode(text) for text in texts]))


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_has_a_text_at_least(model, batch_size):
    with pytest.raises(ValueError):
        model.encode(["a"], batch_size=batch_size)


def test_an_unknown_option_is_refused(model):
    with pytest.raises((ValueError, TypeError)):
        model.encode(["a"], colour="blue")


def test_tensors_where_torch_is_installed(model):
    skip_without_torch()
    import torch

    tensor = model.encode(["a", "b"], convert_to_tensor=True)
    assert (type(tensor), tuple(tensor.shape), tensor.dtype) == (torch.Tensor, (2, 384), torch.float32)
    assert tuple(model.encode("a", convert_to_tensor=True).shape) == (384,)
    assert tuple(model.encode([], convert_to_tensor=True).shape) == (0,)
    listed = model.encode(["a", "b"], convert_to_numpy=False)
    assert [type(each) for each in listed] == [torch.Tensor] * 2
    assert tensor.to(model.device).device.type == "cpu"


@pytest.mark.skipif(TORCH, reason="torch is installed")
@pytest.mark.parametrize("how", [{"convert_to_tensor": True}, {"convert_to_numpy": False}])
def test_tensors_without_torch_are_refused_in_a_sentence(own, how):
    with pytest.raises(
        ConfigError, match=r"^tensors need PyTorch, which is not installed: pip install torch, or leave"
    ):
        own.encode(["a"], **how)


# --- Prompts


def test_a_prompt_stands_before_every_text(model):
    whole = model.encode(["query: a heron", "query: a boat"])
    same(model.encode(["a heron", "a boat"], prompt="query: "), whole)


def test_prompts_by_name(make):
    model = make(prompts={"query": "find: ", "topic": "topic: "})
    assert model.prompts == {"query": "find: ", "document": "", "topic": "topic: "}
    same(model.encode("a heron", prompt_name="topic"), model.encode("topic: a heron"))
    same(model.encode("a heron", prompt_name="topic", prompt="bird: "), model.encode("bird: a heron"))
    same(model.encode_query("a heron"), model.encode("find: a heron"))
    same(model.encode_query(["a heron"], prompt_name="topic"), model.encode(["topic: a heron"]))
    same(model.encode_document("a heron"), model.encode("a heron"))
    with pytest.raises(ValueError, match="elsewhere"):
        model.encode("a heron", prompt_name="elsewhere")


def test_documents_take_the_first_of_their_prompts(make):
    model = make(prompts={"passage": "passage: "})
    same(model.encode_document("a heron"), model.encode("a heron"))  # document is there, and empty
    model.prompts = {"corpus": "corpus: ", "passage": "passage: "}
    same(model.encode_document("a heron"), model.encode("passage: a heron"))
    same(model.encode_query("a heron"), model.encode("a heron"))


def test_a_default_prompt(make):
    model = make(prompts={"query": "find: "}, default_prompt_name="query")
    assert model.default_prompt_name == "query"
    same(model.encode("a heron"), model.encode("find: a heron", prompt=""))
    same(model.encode_document("a heron"), model.encode("a heron", prompt=""))
    with pytest.raises(ValueError, match="nowhere"):
        make(default_prompt_name="nowhere")


def test_a_model_without_prompts_has_two_empty_ones(model):
    assert model.prompts == {"query": "", "document": ""}
    assert model.default_prompt_name is None
    same(model.encode_query(CORPUS), model.encode(CORPUS))


@pytest.mark.parametrize("name", ["bert-prompts", "bert-without-prompt", "bert-dense"])
def test_a_folder_gives_what_the_original_gives(st, name):
    model = st.SentenceTransformer(str(MODELS / name), device="cpu")
    same(quietly(model.encode, TEXTS), reference_vectors(name), 0.999)
    if "prompt" in name:
        assert model.prompts == {"query": "search for: ", "document": ""}
        assert model.default_prompt_name == "query"
        same(model.encode("a bird"), model.encode_query("a bird"))


def test_prompts_that_vecsmith_knows_of_a_family_are_not_put_before_texts(make_model):
    folder = make_model().path.rename(make_model().path.parent / "e5-small-v2")
    with Embedder(folder, compute="f32") as embedder:
        plain = embedder.embed("a b", prompt="").vector
        assert worst_cosine(embedder.embed_query("a b").vector, plain) < 0.999
    model = ours.SentenceTransformer(folder)
    same(model.encode_query("a b"), plain, 0.999)
    same(model.encode("a b"), plain, 0.999)
    model.close()


# --- Widths


def test_vectors_are_cut_without_normalising(model):
    full, cut = model.encode(CORPUS), model.encode(CORPUS, truncate_dim=64)
    assert cut.shape == (len(CORPUS), 64)
    np.testing.assert_allclose(cut, full[:, :64], atol=2e-3)
    assert np.linalg.norm(cut, axis=1).max() < 0.95
    scaled = model.encode(CORPUS, truncate_dim=64, normalize_embeddings=True)
    np.testing.assert_allclose(np.linalg.norm(scaled, axis=1), 1, atol=1e-5)
    same(scaled, cut)


def test_a_model_with_a_width(make):
    model = make(truncate_dim=32)
    assert model.encode("a").shape == (32,)
    assert model.get_sentence_embedding_dimension() == model.get_embedding_dimension() == 32
    with model.truncate_embeddings(16):
        assert model.encode("a").shape == (16,)
    assert model.truncate_dim == 32
    assert model.encode("a", truncate_dim=8).shape == (8,)


def test_a_width_beyond_the_models_own_cuts_nothing(model):
    assert model.get_sentence_embedding_dimension() == 384
    assert model.encode("a", truncate_dim=999).shape == (384,)


# --- Precision


@pytest.mark.parametrize(
    ("precision", "dtype", "width"),
    [("int8", np.int8, 384), ("uint8", np.uint8, 384), ("binary", np.int8, 48), ("ubinary", np.uint8, 48)],
)
def test_precision(model, precision, dtype, width):
    found = model.encode(CORPUS, precision=precision)
    assert (found.dtype, found.shape) == (dtype, (len(CORPUS), width))


def test_bits_are_signs(model):
    vectors = model.encode(CORPUS)
    packed = model.encode(CORPUS, precision="ubinary")
    differ = np.unpackbits(packed, axis=1).astype(bool) != (vectors > 0)
    assert differ.mean() < 0.005  # those of numbers near 0
    assert model.encode("a heron", precision="binary").shape == (48,)


@pytest.mark.parametrize("precision", ["int8", "uint8"])
def test_a_single_text_has_no_ranges(model, precision):
    with pytest.raises(ValueError):
        model.encode(["a"], precision=precision)
    with pytest.raises(ValueError):
        model.encode("a", precision=precision)


def test_an_unknown_precision_is_refused(model):
    with pytest.raises(ValueError, match="int4"):
        model.encode(["a"], precision="int4")


def test_quantised_by_ranges(util):
    vectors = np.array([[0, -9, 9.5], [5.5, 0.5, 9.5], [300, 300, 9.5]], np.float32)
    ranges = np.array([[0, -1, 0], [255, 254, 255]], np.float32)
    np.testing.assert_array_equal(
        util.quantize_embeddings(vectors, "uint8", ranges=ranges), [[0, 0, 9], [5, 1, 9], [255, 255, 9]]
    )
    np.testing.assert_array_equal(
        util.quantize_embeddings(vectors, "int8", ranges=ranges),
        [[-128, -128, -119], [-123, -127, -119], [127, 127, -119]],
    )
    by_calibration = util.quantize_embeddings(vectors[:1], "uint8", calibration_embeddings=vectors)
    np.testing.assert_array_equal(by_calibration, [[0, 0, 0]])
    np.testing.assert_array_equal(util.quantize_embeddings(vectors, "ubinary"), [[32], [224], [224]])
    np.testing.assert_array_equal(util.quantize_embeddings(vectors, "binary"), [[-96], [96], [96]])
    assert util.quantize_embeddings(vectors.astype(np.float64), "float32").dtype == np.float32
    with pytest.raises(Exception, match="int8"):
        util.quantize_embeddings(np.zeros((2, 3), np.int8), "int8")


UNCUT = np.array([[0.5, 9.75, -3.25], [99.99, 128.5, 129.5], [255, 255, 255]], np.float32)
WHOLE = np.array([[0, 0, 0], [255, 255, 255]], np.float32)  # ranges of which each level is 1 wide


def test_levels_are_cut_downwards_and_int8_is_128_less(util):
    levels = np.clip(np.floor(UNCUT), 0, 255)
    np.testing.assert_array_equal(util.quantize_embeddings(UNCUT, "uint8", ranges=WHOLE), levels)
    np.testing.assert_array_equal(util.quantize_embeddings(UNCUT, "int8", ranges=WHOLE), levels - 128)


def test_calibrated_int8_of_the_native_call_is_cut_towards_zero_instead():
    calibration = Calibration(*WHOLE)
    native = encode(UNCUT, "int8", calibration)
    np.testing.assert_array_equal(native, [[-127, -118, -128], [-28, 0, 1], [127, 127, 127]])
    apart = native.astype(int) - ours.util.quantize_embeddings(UNCUT, "int8", ranges=WHOLE)
    np.testing.assert_array_equal(apart, [[1, 1, 0], [1, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(
        encode(UNCUT, "uint8", calibration), ours.util.quantize_embeddings(UNCUT, "uint8", ranges=WHOLE)
    )


# --- The type of the numbers


@pytest.fixture(scope="module")
def tiny_folder(st):
    """Open a tiny model, whose files say that its numbers are of float16."""
    return lambda **arguments: st.SentenceTransformer(str(MODELS / "bert"), device="cpu", **arguments)


@pytest.mark.parametrize(
    ("asked", "dtype"),
    [
        (None, np.float16),  # as the model's files say
        ({"dtype": "auto"}, np.float16),
        ({"torch_dtype": "float16"}, np.float16),
        ({"dtype": "float32"}, np.float32),
        ({"dtype": "bfloat16"}, np.float32),  # of which numpy has none
    ],
)
def test_vectors_are_of_the_type_of_the_models_numbers(tiny_folder, asked, dtype):
    model = tiny_folder(model_kwargs=asked)
    found = model.encode(TEXTS[:2], normalize_embeddings=True)
    assert found.dtype == model.encode("a cat", truncate_dim=8).dtype == dtype
    same(found, reference_vectors("bert")[:2], 0.999)


def test_a_model_without_a_type_has_float32_until_it_is_made_another(model):
    plain = model.encode("a heron")
    try:
        assert plain.dtype == np.float32
        halved = model.half().encode("a heron")
        assert halved.dtype == np.float16
        same(halved, plain)
        assert model.encode(["a heron"], precision="ubinary").dtype == np.uint8
        assert model.encode([]).dtype == np.float64
        assert np.asarray(model.similarity(halved, halved)).dtype == np.float32
        assert model.bfloat16().encode("a heron").dtype == np.float32
    finally:
        assert model.float().encode("a heron").dtype == np.float32


def test_vectors_of_tokens_are_of_that_type_too(tiny_folder):
    (tokens,) = tiny_folder().encode(["a cat"], output_value="token_embeddings")
    assert str(tokens.dtype).removeprefix("torch.") == "float16"


def test_tensors_are_of_the_type_of_the_models_numbers(tiny_folder):
    skip_without_torch()
    import torch

    model = tiny_folder()
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        assert model.to(dtype).encode(["a"], convert_to_tensor=True).dtype == dtype
        assert model.to("cpu", dtype).encode(["a"], convert_to_numpy=False)[0].dtype == dtype


# --- Likeness

A, B = (np.random.default_rng(seed).normal(size=(n, 5)).astype(np.float32) for seed, n in ((0, 3), (1, 4)))
C = B[:3]
FAR = A[:, None] - B
EXPECTED = {
    "cos_sim": (A / np.linalg.norm(A, axis=1)[:, None]) @ (B / np.linalg.norm(B, axis=1)[:, None]).T,
    "dot_score": A @ B.T,
    "euclidean_sim": -np.linalg.norm(FAR, axis=2),
    "manhattan_sim": -np.abs(FAR).sum(axis=2),
}
NAMES = {"cosine": "cos_sim", "dot": "dot_score", "euclidean": "euclidean_sim", "manhattan": "manhattan_sim"}


@pytest.mark.parametrize("name", EXPECTED)
def test_all_with_all_and_pairs(util, name):
    all_ = getattr(util, name)
    np.testing.assert_allclose(all_(A, B), EXPECTED[name], atol=1e-5)
    np.testing.assert_allclose(all_(A[0], B), EXPECTED[name][:1], atol=1e-5)
    np.testing.assert_allclose(all_(A.tolist(), list(B)), EXPECTED[name], atol=1e-5)
    np.testing.assert_allclose(getattr(util, f"pairwise_{name}")(A, C), EXPECTED[name][:, :3].diagonal(), atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_compares_by_the_function_that_is_named(st, make, name):
    model = make(similarity_fn_name=name)
    assert model.similarity_fn_name == name
    np.testing.assert_allclose(model.similarity(A, B), EXPECTED[NAMES[name]], atol=1e-5)
    np.testing.assert_allclose(model.similarity_pairwise(A, C), EXPECTED[NAMES[name]][:, :3].diagonal(), atol=1e-5)
    model.similarity_fn_name = st.SimilarityFunction.DOT_PRODUCT
    assert model.similarity_fn_name == "dot"
    with pytest.raises(ValueError):
        model.similarity_fn_name = "hamming"


def test_a_vector_of_length_zero_is_like_nothing(util):
    zero = np.zeros((1, 5), np.float32)
    np.testing.assert_array_equal(util.cos_sim(zero, B), np.zeros((1, 4)))
    np.testing.assert_array_equal(ours.util.normalize_embeddings(zero), zero)


def test_vectors_are_scaled_and_cut(util):
    given = A
    if not is_ours(util):
        skip_without_torch()
        import torch

        given = torch.from_numpy(A)
    np.testing.assert_allclose(util.normalize_embeddings(given), A / np.linalg.norm(A, axis=1)[:, None], atol=1e-6)
    np.testing.assert_array_equal(util.truncate_embeddings(A, 2), A[:, :2])


def test_vectors_of_two_widths_are_refused(util):
    with pytest.raises((ValueError, RuntimeError)):
        util.cos_sim(A, A[:, :3])


def test_arrays_give_arrays_and_tensors_tensors():
    assert isinstance(ours.util.cos_sim(A, B), np.ndarray)
    skip_without_torch()
    import torch

    tensor = ours.util.cos_sim(torch.from_numpy(A), B)
    assert type(tensor) is torch.Tensor
    np.testing.assert_allclose(tensor, EXPECTED["cos_sim"], atol=1e-6)
    assert type(ours.util.pairwise_cos_sim(A, list(torch.from_numpy(C)))) is torch.Tensor


def test_scores_have_what_tensors_have_and_arrays_lack():
    scores = ours.util.cos_sim(A, B)
    values, places = scores.topk(2)
    np.testing.assert_array_equal(places[:, 0], np.argmax(scores, axis=1))
    np.testing.assert_array_equal(values, -np.sort(-scores, axis=1)[:, :2])
    assert type(scores.cpu().detach().numpy()) is np.ndarray


# --- Search, paraphrases, communities


@pytest.mark.parametrize("chunks", [{}, {"query_chunk_size": 1, "corpus_chunk_size": 2}])
def test_search_finds_the_nearest_whatever_the_chunks(util, chunks):
    hits = util.semantic_search(A, B, top_k=2, **chunks)
    order = np.argsort(-EXPECTED["cos_sim"], axis=1)[:, :2]
    assert [[hit["corpus_id"] for hit in row] for row in hits] == order.tolist()
    scores = [[hit["score"] for hit in row] for row in hits]
    np.testing.assert_allclose(scores, np.take_along_axis(EXPECTED["cos_sim"], order, axis=1), atol=1e-5)


def test_search_with_one_query_few_documents_or_another_score(util):
    assert len(util.semantic_search(A[0], B)) == 1
    assert len(util.semantic_search(A, B, top_k=99)[0]) == len(B)
    hits = util.semantic_search(A, B, top_k=1, score_function=util.dot_score)
    assert [row[0]["corpus_id"] for row in hits] == np.argmax(A @ B.T, axis=1).tolist()


PARAPHRASES = ["A cat sits on a mat.", "Rain is forecast.", "A cat is sitting on the mat.", "They expect rain."]


@pytest.mark.parametrize("chunks", [{}, {"query_chunk_size": 2, "corpus_chunk_size": 3}])
def test_paraphrases(model, util, chunks):
    pairs = util.paraphrase_mining(model, PARAPHRASES, **chunks)
    assert [sorted(pair[1:]) for pair in pairs[:2]] == [[0, 2], [1, 3]]
    assert len(pairs) == 6
    assert [pair[0] for pair in pairs] == sorted((pair[0] for pair in pairs), reverse=True)
    assert all(i < j for _, i, j in pairs)


def test_paraphrases_are_as_many_as_asked_for(model, util):
    assert len(util.paraphrase_mining(model, PARAPHRASES, max_pairs=2)) == 2
    near = util.paraphrase_mining(model, PARAPHRASES, top_k=1)
    assert sorted(sorted(pair[1:]) for pair in near) == [[0, 2], [1, 3]]


CIRCLE = np.array([[np.cos(angle), np.sin(angle)] for angle in (0, 0.1, 0.2, 1.5, 1.6, 1.7, 1.8, 3.0)], np.float32)


@pytest.mark.parametrize("batch_size", [1024, 3])
def test_communities(util, batch_size):
    found = util.community_detection(CIRCLE, threshold=0.95, min_community_size=2, batch_size=batch_size)
    assert [sorted(each) for each in found] == [[3, 4, 5, 6], [0, 1, 2]]
    assert util.community_detection(CIRCLE, threshold=0.95, min_community_size=4) == found[:1]
    assert util.community_detection(CIRCLE, threshold=0.95, min_community_size=9) == []
    assert util.community_detection([]) == []


def test_the_first_of_a_community_is_its_centre(util):
    for community in util.community_detection(CIRCLE, threshold=0.95, min_community_size=2):
        cosines = CIRCLE[community] @ CIRCLE[community[0]]
        assert (cosines >= 0.95).all()
        assert (np.diff(cosines) <= 1e-6).all()


# --- Tokens


def test_max_seq_length_cuts(st, tmp_path):
    model = st.SentenceTransformer(str(short_model(tmp_path)), device="cpu")
    assert model.max_seq_length == model.get_max_seq_length() == 10
    letters = "a b c d e f g h i j k l"
    own = quietly(model.encode, letters)
    same(own, model.encode(letters[:15]), 0.999)
    model.max_seq_length = 6
    assert model.max_seq_length == 6
    cut = quietly(model.encode, letters)
    same(cut, model.encode(letters[:7]), 0.999)
    model.max_seq_length = 40
    whole = model.encode(letters)
    assert worst_cosine(np.stack([own, cut, cut]), np.stack([whole, whole, own])) < 0.99


def test_tokenize_gives_what_the_model_reads(model):
    features = model.tokenize(["one two", "one two three four"])
    assert tuple(features["input_ids"].shape) == (2, 6)
    assert features["attention_mask"].tolist() == [[1, 1, 1, 1, 0, 0], [1] * 6]
    assert features["input_ids"][0].tolist()[4:] == [0, 0]


def test_the_tokenizer(model):
    tokenizer = model.tokenizer
    ids = tokenizer.encode("one two")
    assert len(ids) == 4
    assert tokenizer.tokenize("unfathomable") == ["un", "##fat", "##hom", "##able"]
    assert tokenizer.decode(ids, skip_special_tokens=True) == "one two"
    assert tokenizer("one two")["input_ids"] == ids
    assert len(tokenizer) == 30522
    assert tokenizer.encode("one two", add_special_tokens=False) == ids[1:-1]
    assert tokenizer.encode("one two three", truncation=True, max_length=3) == [ids[0], ids[1], ids[-1]]
    assert len(tokenizer.encode("one " * 999, truncation=True)) == 256


def test_vectors_of_tokens(model):
    (tokens,) = model.encode(["one two"], output_value="token_embeddings")
    assert tuple(tokens.shape) == (4, 384)
    same(np.asarray(tokens).mean(axis=0), model.encode("one two"))
    assert tuple(model.encode("one two", output_value="token_embeddings").shape) == (4, 384)


def test_all_that_a_model_makes_of_a_text(model):
    found = model.encode("one two", output_value=None)
    assert {"input_ids", "attention_mask", "token_embeddings", "sentence_embedding"} <= set(found)
    same(np.asarray(found["sentence_embedding"]), model.encode("one two"))
    assert [type(each) for each in model.encode(["a"], output_value=None)] == [dict]


def test_where_it_computes(model):
    assert model.device.type == "cpu"
    assert str(model.device) == "cpu"
    assert model.to("cpu") is model
    assert model.eval() is model


# --- The drop-in alone: what differs, and why


def test_a_text_that_is_cut_is_told_of_at_the_callers_line(own):
    with pytest.warns(
        EmbedWarning, match=r"^1 text was longer than the model reads, and 346 tokens at the end"
    ) as told:
        own.encode(["short", LONG])
    assert [Path(each.filename).name for each in told] == [Path(__file__).name]
    with pytest.warns(EmbedWarning, match="set max_seq_length") as told:
        own.encode_query(LONG)
    assert told[0].filename == __file__


def test_other_devices_are_told_of_and_change_nothing(own):
    with pytest.warns(
        EmbedWarning, match=r"^the device 'cuda' is not used: vecsmith computes on the processor$"
    ) as told:
        model = ours.SentenceTransformer("all-MiniLM-L6-v2", device="cuda")
    assert told[0].filename == __file__
    same(model.encode("a heron"), own.encode("a heron"))
    with pytest.warns(EmbedWarning, match="mps:0"):
        own.encode(["a"], device="mps:0")
    with pytest.warns(EmbedWarning, match="cuda:1"):
        own.encode(["a"], device=["cpu", "cuda:1"])
    with pytest.raises(ValueError, match=r"^'gpu' is no device"):
        ours.SentenceTransformer("all-MiniLM-L6-v2", device="gpu")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"modules": [object()]}, "modules cannot be honoured"),
        ({"config_kwargs": {"hidden_size": 3}}, "config_kwargs cannot be honoured"),
        ({"backend": "tensorrt"}, "backend must be one of torch, onnx, openvino, not 'tensorrt'"),
        ({"model_kwargs": {"file_name": "onnx/model_qint8.onnx"}}, r"model_kwargs\['file_name'\] cannot be honoured"),
        ({"model_kwargs": {"torch_dtype": "torch.float64"}}, "vecsmith does not compute in float64"),
        ({"tokenizer_kwargs": {"stride": 1}}, r"processor_kwargs\['stride'\] cannot be honoured"),
        ({"processor_kwargs": {"model_max_length": 513}}, "max_seq_length must be a whole number from 1 to 512"),
        ({"similarity_fn_name": "maxsim"}, "similarity_fn_name must be one of cosine, dot, euclidean, manhattan"),
        ({"revision": "main"}, "minilm is inside the package and has one revision: leave revision out"),
    ],
)
def test_what_cannot_be_honoured_is_refused_in_a_sentence(arguments, told):
    with pytest.raises(ConfigError, match=told) as caught:
        ours.SentenceTransformer("all-MiniLM-L6-v2", **arguments)
    assert isinstance(caught.value, ValueError)
    assert "\n" not in str(caught.value)


def test_what_changes_no_vector_is_taken(own):
    model = ours.SentenceTransformer(
        "all-MiniLM-L6-v2",
        backend="onnx",
        trust_remote_code=True,
        cache_folder="elsewhere",
        token="hf_xyz",
        local_files_only=True,
        model_card_data=object(),
        model_kwargs={"attn_implementation": "sdpa", "torch_dtype": "float32", "provider": "CPUExecutionProvider"},
        tokenizer_kwargs={"padding_side": "left"},
    )
    same(model.encode(CORPUS, show_progress_bar=True, chunk_size=2), own.encode(CORPUS))


def test_the_tokenizers_length_is_the_models():
    told = {"padding_side": "left", "model_max_length": 20}
    assert ours.SentenceTransformer(MODELS / "bert", tokenizer_kwargs=told).max_seq_length == 20


def test_bfloat16_is_what_the_processor_has_of_it(own):
    model = ours.SentenceTransformer("all-MiniLM-L6-v2", model_kwargs={"dtype": "torch.bfloat16"})
    same(model.encode(CORPUS), own.encode(CORPUS))


def test_a_bar_shows_how_far_it_is_only_where_asked_for(own, capsys):
    own.encode(["a"])
    assert capsys.readouterr() == ("", "")
    own.encode(["a", "b"], show_progress_bar=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "2/2" in err


@pytest.mark.parametrize("name", ["fit", "save", "save_pretrained", "save_to_hub", "push_to_hub"])
def test_training_and_writing_are_refused_in_a_sentence(own, name):
    with pytest.raises(ConfigError, match=r"^vecsmith (trains|writes) no models: "):
        getattr(own, name)("folder")


def test_many_processes_are_this_one(own):
    pool = own.start_multi_process_pool(["cpu", "cpu"])
    same(own.encode(CORPUS, pool=pool, chunk_size=2), own.encode(CORPUS))
    same(own.encode_multi_process(CORPUS, pool, None, "find: ", 8), own.encode(CORPUS, prompt="find: "))
    same(own.encode(CORPUS, device=["cpu"] * 4), own.encode(CORPUS))
    own.stop_multi_process_pool(pool)


def test_an_evaluator_is_called_with_the_model(own):
    assert own.evaluate(lambda model, path: (model is own, path), "here") == (True, "here")


@pytest.mark.parametrize("value", [0, -3, 513, True, "64", None, 2.0])
def test_a_length_that_there_is_none_of_is_refused(own, value):
    with pytest.raises(ValueError, match=r"^max_seq_length must be a whole number from 1 to 512, not"):
        own.max_seq_length = value
    assert own.max_seq_length == 256


def test_a_length_without_room_for_text_is_refused(own):
    with pytest.raises(ValueError, match=r"^a limit of 2 tokens leaves no room for text"):
        own.max_seq_length = 2
    assert own.encode("a").shape == (384,)


@pytest.mark.parametrize("inputs", [7, None, b"a", {"text": "a"}, ["a", 7], [["a", "b"]]])
def test_what_is_no_text_is_a_value_error(own, inputs):
    with pytest.raises(InputError):
        own.encode(inputs)


def test_any_iterable_is_taken(own):
    same(own.encode(text for text in CORPUS), own.encode(CORPUS))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"output_value": "pooler_output"}, "^output_value is 'sentence_embedding', 'token_embeddings' or None"),
        ({"output_value": "token_embeddings", "precision": "binary"}, "^precision is for sentence embeddings"),
        ({"chunk_size": 0}, "^chunk_size must be from 1 up, not 0$"),
        ({"task": "clustering"}, "^task is 'query' or 'document', not 'clustering'$"),
        ({"processing_kwargs": {}}, "^encode has no option 'processing_kwargs' here"),
    ],
)
def test_what_a_call_cannot_be_given_is_refused_in_a_sentence(own, options, told):
    with pytest.raises(ValueError, match=told):
        own.encode(["a"], **options)


def test_characters_that_no_tokenizer_reads_are_replaced(own):
    same(own.encode("a \ud800 b"), own.encode("a \ufffd b"))
    (ids,) = own.tokenize("a \ud800 b")["input_ids"].tolist()
    assert ids == own.tokenizer.encode("a \ufffd b") == own.tokenizer.encode("a \ud800 b")


@pytest.mark.parametrize("again", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_is_the_same_model(again):
    model = ours.SentenceTransformer(MODELS / "bert", prompts={"query": "find: "}, truncate_dim=16)
    model.max_seq_length = 32
    other = again(model)
    assert (other.max_seq_length, other.prompts, other.truncate_dim) == (32, model.prompts, 16)
    same(other.encode_query("a heron"), model.encode_query("a heron"))


# --- Names


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("all-MiniLM-L6-v2", "all-MiniLM-L6-v2"),
        ("sentence-transformers/all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"),
        ("minilm", "minilm"),
        ("gte-small", "gte-small"),
        ("msmarco-distilbert-base-v4", "sentence-transformers/msmarco-distilbert-base-v4"),
        ("thenlper/gte-small", "thenlper/gte-small"),
        ("openai:text-embedding-3-small", "openai:text-embedding-3-small"),
        (Path("somewhere"), Path("somewhere")),
    ],
)
def test_names_mean_what_they_mean_in_the_original(name, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert checked(name) == meant


def test_a_folder_that_is_there_comes_before_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-model").mkdir()
    assert checked("my-model") == Path("my-model")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"^file is a file: name the folder of the model$"):
        checked("file")


@pytest.mark.parametrize("name", [None, "", "  ", 7])
def test_a_model_has_a_name(name):
    with pytest.raises(ValueError, match=r"^name a model, such as 'all-MiniLM-L6-v2', or a folder"):
        ours.SentenceTransformer(name)


def test_a_model_that_is_not_here_is_an_os_error_in_a_sentence():
    with pytest.raises(OSError, match=r"^the model 'sentence-transformers/nowhere-at-all' is not on this machine"):
        ours.SentenceTransformer("nowhere-at-all", local_files_only=True)


def test_a_token_of_the_callers_is_refused_where_it_would_be_used():
    with pytest.raises(ValueError, match=r"^tokens are read from HF_TOKEN alone"):
        ours.SentenceTransformer("nowhere-at-all", token="hf_xyz", local_files_only=True)


def test_a_folder_for_downloads_is_told_of_where_it_would_be_used():
    with (
        pytest.warns(EmbedWarning, match=r"^cache_folder is not used: models are in the cache of Hugging Face"),
        pytest.raises(OSError),
    ):
        ours.SentenceTransformer("nowhere-at-all", cache_folder="here", local_files_only=True)


# --- Models of services


class Watching(FakeGenerator):
    """Remembers what it was told."""

    told: ClassVar[list] = []

    async def generate(self, values, options=None):
        Watching.told.append((list(values), options))
        return await super().generate(values, options)


@pytest.fixture
def service():
    """A provider of a made-up service."""
    before = dict(registered)

    class Capability(EmbeddingCapability[Settings]):
        async def get_models(self, settings):
            return []

        def create_generator(self, settings, model=None):
            return Watching()

    @provider("paper", "Paper")
    class Paper(Provider[Settings]):
        capabilities = (Capability,)

    Watching.told.clear()
    yield ours.SentenceTransformer("paper:any")
    registered.clear()
    registered.update(before)


def test_a_service_is_told_the_task_and_has_no_tokens(service):
    same(service.encode("a"), vector_of("a"))
    assert service.get_sentence_embedding_dimension() == WIDTH
    service.encode_query("b")
    service.encode_document(["c"])
    service.encode("d", prompt="find: ")
    assert [options.task for _, options in Watching.told] == [None, "retrieval_query", "retrieval_document", None]
    for ask in (
        lambda: service.tokenizer,
        lambda: service.encode("a", output_value="token_embeddings"),
        lambda: setattr(service, "max_seq_length", 8),
    ):
        with pytest.raises(ConfigError, match="service"):
            ask()


def test_the_import_loads_neither_the_engine_nor_torch():
    code = """
        import sys
        import vecsmith.compat.sentence_transformers, vecsmith.compat.fastembed
        heavy = {"openvino", "torch", "tokenizers", "tqdm", "sklearn"}
        print(*{name.partition(".")[0] for name in sys.modules} & heavy)
        """
    assert run_python(code).split() == []

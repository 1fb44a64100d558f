"""Tiny models through the engine against the same mathematics in numpy."""

import numpy as np
import pytest

import reference
from tiny_model import write_json
from vecsmith import ConfigError, Embedder
from vecsmith.errors import EmbedWarning

TEXTS = ["the cat", "dog", "", "the dog is sleeping by the old door", "a b c d e f g"]


def assert_matches(embedder, model, texts=TEXTS):
    np.testing.assert_allclose(embedder.embed(texts).vectors, model.vectors(texts), rtol=0, atol=1e-5)


@pytest.mark.parametrize("pooling", reference.POOLINGS)
def test_every_pooling_equals_the_reference(open_model, pooling):
    model, embedder = open_model(pooling=pooling)
    assert_matches(embedder, model)


@pytest.mark.parametrize("pooling", reference.POOLINGS)
def test_poolings_are_read_by_their_new_names_too(make_model, pooling):
    model = make_model(pooling=pooling)
    write_json(model.path / "1_Pooling" / "config.json", {"embedding_dimension": 32, "pooling_mode": pooling})
    with Embedder(model.path, compute="f32", threads=1) as embedder:
        assert_matches(embedder, model)


@pytest.mark.parametrize("name", reference.ACTIVATIONS)
def test_every_activation_equals_the_reference(open_model, name):
    model, embedder = open_model(hidden_act=name)
    assert_matches(embedder, model)


def test_the_activations_differ_enough_to_be_told_apart(make_model):
    vectors = [make_model(hidden_act=name).vector("the cat") for name in ("gelu", "gelu_new", "relu", "silu")]
    gaps = [np.abs(a - b).max() for i, a in enumerate(vectors) for b in vectors[:i]]
    assert min(gaps) > 3e-5


@pytest.mark.parametrize("prefix", ["bert.", "model.", "encoder.bert."])
def test_weights_may_lie_under_a_prefix(open_model, prefix):
    model, embedder = open_model(prefix=prefix)
    assert_matches(embedder, model)


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
def test_weights_may_be_half_as_wide(open_model, dtype):
    model, embedder = open_model(dtype=dtype)
    assert_matches(embedder, model)


def test_a_model_without_normalize_gives_raw_vectors(open_model):
    model, embedder = open_model(normalize=False)
    lengths = np.linalg.norm(embedder.embed(TEXTS).vectors, axis=1)
    assert np.abs(lengths - 1).min() > 0.1
    assert_matches(embedder, model)


def test_layer_norm_takes_its_epsilon_from_the_configuration(open_model):
    model, embedder = open_model(layer_norm_eps=0.5)
    assert_matches(embedder, model)


def test_layers_and_heads_are_those_of_the_configuration(open_model):
    model, embedder = open_model(num_hidden_layers=3, num_attention_heads=2)
    assert_matches(embedder, model)


def test_the_default_prompt_comes_before_every_text(open_model):
    prompts = {"prompts": {"query": "dog ", "document": ""}, "default_prompt_name": "query"}
    model, embedder = open_model(sentence_transformers=prompts)
    expected = model.vectors(["dog the cat", "dog "])
    np.testing.assert_allclose(embedder.embed(["the cat", ""]).vectors, expected, rtol=0, atol=1e-5)


def test_prompts_without_a_default_change_nothing(open_model):
    model, embedder = open_model(sentence_transformers={"prompts": {"query": "dog "}, "default_prompt_name": None})
    assert_matches(embedder, model)


def test_a_callers_prompt_replaces_the_default(open_model):
    prompts = {"prompts": {"query": "dog "}, "default_prompt_name": "query"}
    model, embedder = open_model(sentence_transformers=prompts)
    expected = model.vectors(["cat the", "the"])
    vectors = np.stack([embedder.embed("the", prompt="cat ").vector, embedder.embed("the", prompt="").vector])
    np.testing.assert_allclose(vectors, expected, rtol=0, atol=1e-5)


def test_a_long_text_is_embedded_as_its_beginning(open_model):
    model, embedder = open_model(max_seq_length=8)
    result = embedder.embed(["a b c d e f g h i j"], on_long="truncate")
    np.testing.assert_allclose(result.vectors, model.vectors(["a b c d e f"]), rtol=0, atol=1e-5)


def test_every_length_up_to_the_limit_equals_the_reference(open_model):
    model, embedder = open_model()
    texts = [" ".join("abcdefghijklmnopqrstuvwxyzabcd"[:n]) for n in range(31)]
    assert_matches(embedder, model, texts)


def test_token_vectors_equal_the_reference(tiny):
    model, embedder = tiny
    rows = [np.array(model.tokenizer.encode(text).ids, np.int32) for text in TEXTS]
    vectors = embedder.generator.engine.submit(rows, "tokens").result(60)
    for text, row in zip(TEXTS, vectors, strict=True):
        np.testing.assert_allclose(row, model.token_vectors(text), rtol=0, atol=3e-5)


def test_a_model_without_sentence_transformers_files_pools_the_mean_unnormalised(make_model):
    model = make_model(normalize=False)
    for name in ("modules.json", "sentence_bert_config.json", "1_Pooling/config.json"):
        (model.path / name).unlink()
    with pytest.warns(EmbedWarning, match=r"has no modules\.json.* it pools the mean"):
        embedder = Embedder(model.path, compute="f32", threads=1)
    with embedder:
        assert_matches(embedder, model)


def test_an_unknown_activation_names_those_that_are_known(make_model):
    with pytest.raises(ConfigError, match="'mish' is not supported: gelu"):
        Embedder(changed(make_model(), hidden_act="mish"))


def changed(model, **config):
    write_json(model.path / "config.json", {**model.config, **config})
    return model.path


def test_relative_positions_are_refused(make_model):
    with pytest.raises(ConfigError, match="position_embedding_type absolute"):
        Embedder(changed(make_model(), position_embedding_type="relative_key"))


def test_another_architecture_names_what_is_supported(make_model):
    with pytest.raises(ConfigError, match=r"config\.json names the architecture 'mamba', which is not supported: bert"):
        Embedder(changed(make_model(), model_type="mamba"))

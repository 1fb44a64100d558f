"""The modules of sentence-transformers behind an encoder: which are read, and what is said of those that do not fit."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import reference
from reference_models import MODELS
from test_folder import change, one_sentence, refusal, without
from tiny_model import write_json
from vecsmith import Chunking, ConfigError, Embedder
from vecsmith.local.folder import read_folder
from vecsmith.providers import GenerationOptions

DENSE = "2_Dense"


@pytest.fixture
def make_dense(make_model):
    """Write a tiny model with a dense layer of 32 to 8 dimensions, and give its matrix and bias too."""

    def make(activation="torch.nn.modules.activation.Tanh", **changes):
        model = make_model(**changes)
        rng = np.random.default_rng(1)
        weights = {"linear.weight": rng.normal(size=(8, 32)), "linear.bias": rng.normal(size=8)}
        weights = {name: tensor.astype(np.float32) for name, tensor in weights.items()}
        modules = json.loads((model.path / "modules.json").read_text("utf-8"))
        modules.insert(2, {"path": DENSE, "type": "sentence_transformers.models.Dense"})
        write_json(model.path / "modules.json", modules)
        config = {"in_features": 32, "out_features": 8, "bias": True, "activation_function": activation}
        write_json(model.path / DENSE / "config.json", config)
        save_file(weights, model.path / DENSE / "model.safetensors")
        return model, weights

    return make


def vectors_of(path, texts):
    with Embedder(path, compute="f32", threads=1) as embedder:
        return embedder.embed(texts).vectors


# what is read

TEXTS = ["the cat", "", "the dog is here"]


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("torch.nn.modules.activation.Tanh", np.tanh),
        ("torch.nn.modules.linear.Identity", lambda x: x),
        ("torch.nn.modules.activation.ReLU", reference.relu),
        ("torch.nn.modules.activation.GELU", reference.gelu_erf),
        ("torch.nn.modules.activation.SiLU", reference.silu),
        ("torch.nn.modules.activation.Sigmoid", lambda x: 1 / (1 + np.exp(-x))),
        ("torch.nn.modules.activation.Mish", lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    ],
)
def test_a_dense_layer_ends_with_its_activation(make_dense, name, function):
    model, weights = make_dense(name, normalize=False)
    dense = model.vectors(TEXTS) @ weights["linear.weight"].T + weights["linear.bias"]
    np.testing.assert_allclose(vectors_of(model.path, TEXTS), function(dense), rtol=0, atol=2e-5)


def test_a_dense_layer_that_is_residual_adds_what_went_in(make_dense):
    model, weights = make_dense(normalize=False)
    residual = np.random.default_rng(2).normal(size=(8, 32)).astype(np.float32)
    save_file({**weights, "residual.weight": residual}, model.path / DENSE / "model.safetensors")
    change(model.path / DENSE / "config.json", use_residual=True)
    x = model.vectors(TEXTS)
    expected = np.tanh(x @ weights["linear.weight"].T + weights["linear.bias"]) + x @ residual.T
    np.testing.assert_allclose(vectors_of(model.path, TEXTS), expected, rtol=0, atol=2e-5)


def test_a_length_of_one_before_a_dense_layer_is_kept(make_dense):
    model, weights = make_dense(normalize=False)
    modules = json.loads((model.path / "modules.json").read_text("utf-8"))
    modules.insert(2, {"path": "3_Normalize", "type": "sentence_transformers.models.Normalize"})
    write_json(model.path / "modules.json", modules)
    unit = reference.unit(model.vectors(TEXTS))
    expected = np.tanh(unit @ weights["linear.weight"].T + weights["linear.bias"])
    np.testing.assert_allclose(vectors_of(model.path, TEXTS), expected, rtol=0, atol=1e-5)
    assert not read_folder(model.path, "tiny").normalize


def test_dropout_changes_nothing(make_model):
    model = make_model()
    modules = json.loads((model.path / "modules.json").read_text("utf-8"))
    modules.insert(2, {"path": "3_Dropout", "type": "sentence_transformers.models.Dropout"})
    write_json(model.path / "modules.json", modules)
    write_json(model.path / "3_Dropout" / "config.json", {"dropout": 0.5})
    np.testing.assert_allclose(vectors_of(model.path, TEXTS), model.vectors(TEXTS), rtol=0, atol=1e-5)


def test_several_old_flags_put_the_poolings_behind_each_other_in_their_order(make_model):
    model = make_model(pooling="mean", normalize=False)
    change(model.path / "1_Pooling" / "config.json", pooling_mode_max_tokens=True, pooling_mode_cls_token=True)
    rows = [model.token_vectors(text) for text in TEXTS]
    expected = [np.concatenate([reference.POOLINGS[mode](row) for mode in ("cls", "max", "mean")]) for row in rows]
    np.testing.assert_allclose(vectors_of(model.path, TEXTS), expected, rtol=0, atol=2e-5)
    assert read_folder(model.path, "tiny").dimensions == 96


def test_a_pooling_that_names_no_mode_is_the_mean(make_model):
    model = make_model(pooling="cls")
    write_json(model.path / "1_Pooling" / "config.json", {"word_embedding_dimension": 32})
    assert read_folder(model.path, "tiny").pooling == "mean"


def test_the_encoder_may_have_a_folder_of_its_own(make_model):
    model = make_model()
    own = model.path / "0_Transformer"
    own.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json", "sentence_bert_config.json"):
        (model.path / name).rename(own / name)
    (own / "sentence_bert_config.json").rename(own / "sentence_roberta_config.json")  # as it once was called
    change_first(model.path / "modules.json", path="0_Transformer")
    np.testing.assert_allclose(vectors_of(model.path, TEXTS), model.vectors(TEXTS), rtol=0, atol=1e-5)
    assert read_folder(model.path, "tiny").max_tokens == 32


def change_first(modules, **values):
    first, *rest = json.loads(modules.read_text("utf-8"))
    write_json(modules, [{**first, **values}, *rest])


# prompts that are not pooled


@pytest.fixture
def without_prompt(make_model):
    """A tiny model that pools the mean of what is not prompt, and its embedder."""
    model = make_model(normalize=False, max_seq_length=10)
    change(model.path / "1_Pooling" / "config.json", include_prompt=False)
    with Embedder(model.path, compute="f32", threads=1) as embedder:
        yield model, embedder


def test_the_prompts_tokens_and_those_before_them_are_left_out_of_pooling(without_prompt):
    model, embedder = without_prompt
    expected = model.token_vectors("dog the cat")[2:].mean(axis=0)  # [CLS] dog | the cat [SEP]
    np.testing.assert_allclose(embedder.embed("the cat", prompt="dog ").vector, expected, rtol=0, atol=2e-5)


def test_without_a_prompt_all_tokens_are_pooled(without_prompt):
    model, embedder = without_prompt
    np.testing.assert_allclose(embedder.embed(TEXTS).vectors, model.vectors(TEXTS), rtol=0, atol=2e-5)


def test_what_is_left_of_a_prompt_that_is_cut_is_left_out(without_prompt):
    model, embedder = without_prompt
    text = "a b c d e f g"  # of "dog dog a b c d e f g" the model reads eight
    vector = embedder.embed(text, prompt="dog dog ", on_long="truncate_start").vector
    expected = model.token_vectors("dog " + text)[2:].mean(axis=0)
    np.testing.assert_allclose(vector, expected, rtol=0, atol=2e-5)


def test_calls_with_other_prompts_may_share_a_batch(without_prompt):
    model, embedder = without_prompt
    engine, tokenizer = embedder.generator.engine, embedder.generator.tokenizer
    rows = tokenizer.encode(["dog the cat", "the dog cat"]).rows
    vectors = engine.submit(rows, skipped=[3, 1]).result(60)
    expected = [
        model.token_vectors(text)[skip:].mean(axis=0) for text, skip in (("dog the cat", 3), ("the dog cat", 1))
    ]
    np.testing.assert_allclose(vectors, expected, rtol=0, atol=2e-5)


def test_leaving_the_prompt_out_is_part_of_the_space(without_prompt):
    _, embedder = without_prompt
    assert embedder.embed("cat").space.pooling == "mean without the prompt"


# what identifies it


def identity(path):
    with Embedder(path, compute="f32", threads=1) as embedder:
        return embedder.generator.identity(GenerationOptions())


def test_the_weights_of_a_dense_layer_are_part_of_the_space(make_dense):
    model, weights = make_dense()
    before = identity(model.path)
    save_file({**weights, "linear.bias": weights["linear.bias"] + 1}, model.path / DENSE / "model.safetensors")
    assert before.space != identity(model.path).space


def test_the_activation_of_a_dense_layer_is_part_of_the_space(make_dense):
    model, _ = make_dense()
    before = identity(model.path)
    change(model.path / DENSE / "config.json", activation_function="torch.nn.modules.linear.Identity")
    after = identity(model.path)
    assert before.space.difference(after.space) == "pooling: 'mean, dense 32-8 Tanh' and 'mean, dense 32-8 Identity'"


def test_lower_case_is_part_of_what_a_cache_knows_a_vector_by(make_model):
    model = make_model()
    before = identity(model.path)
    change(model.path / "sentence_bert_config.json", do_lower_case=True)
    assert before.parts != identity(model.path).parts


def test_late_chunking_of_a_model_with_a_dense_layer_is_refused(make_dense):
    model, _ = make_dense()
    with (
        Embedder(model.path, compute="f32", threads=1) as embedder,
        pytest.raises(ConfigError, match="pools by mean alone, not by mean, dense 32-8 Tanh"),
    ):
        embedder.embed("the cat. " * 20, on_long="late", chunking=Chunking(tokens=5))


def test_the_similarity_a_model_is_meant_for_is_read(make_model):
    model = make_model(sentence_transformers={"similarity_fn_name": "dot"})
    assert read_folder(model.path, "tiny").similarity == "dot"


# what does not fit


def test_a_dense_layer_of_another_width_is_refused(make_dense):
    model, _ = make_dense()
    change(model.path / DENSE / "config.json", in_features=48)
    assert refusal(model.path) == (
        f"{model.path / DENSE / 'config.json'} takes vectors of 48 dimensions, and those before it have 32"
    )


@pytest.mark.parametrize(
    ("name", "shape"), [("linear.weight", (8, 16)), ("linear.weight", (4, 32)), ("linear.bias", (1,))]
)
def test_dense_weights_of_another_shape_are_refused(make_dense, name, shape):
    model, weights = make_dense()
    path = model.path / DENSE / "model.safetensors"
    save_file({**weights, name: np.ones(shape, np.float32)}, path)
    message = refusal(model.path)
    assert f"{path} has {name!r} of shape {shape}" in message
    assert one_sentence(message)


def test_dense_weights_without_the_bias_that_the_file_speaks_of_are_refused(make_dense):
    model, weights = make_dense()
    path = model.path / DENSE / "model.safetensors"
    save_file({"linear.weight": weights["linear.weight"]}, path)
    assert f"{path} holds no tensor 'linear.bias'" in refusal(model.path)


def test_pickled_dense_weights_are_refused_by_name(make_dense):
    model, _ = make_dense()
    path = model.path / DENSE / "pytorch_model.bin"
    (model.path / DENSE / "model.safetensors").rename(path)
    assert refusal(model.path) == f"{path} holds pickled weights, which are never loaded: save them as safetensors"


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_missing_file_of_a_dense_layer_is_named(make_dense, name):
    model, _ = make_dense()
    (model.path / DENSE / name).unlink()
    assert f"{model.path / DENSE} has no {name}" in refusal(model.path)


def test_truncated_dense_weights_are_named(make_dense):
    model, _ = make_dense()
    path = model.path / DENSE / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    assert f"{path} is truncated" in refusal(model.path)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("torch.nn.modules.activation.Softmax", "asks for the activation 'Softmax': Identity, Tanh"),
        ("my_code.activations.Swish7", "asks for the activation 'my_code.activations.Swish7'"),
    ],
)
def test_an_activation_that_is_not_known_is_refused(make_dense, name, says):
    model, _ = make_dense(name)
    message = refusal(model.path)
    assert f"{model.path / DENSE / 'config.json'} {says}" in message
    assert one_sentence(message)


@pytest.mark.parametrize("key", ["in_features", "out_features"])
def test_a_dense_layer_without_a_size_is_refused(make_dense, key):
    model, _ = make_dense()
    without(model.path / DENSE / "config.json", key)
    assert f"{model.path / DENSE / 'config.json'} does not hold what it should" in refusal(model.path)


def test_a_dense_layer_of_tokens_is_refused(make_dense):
    model, _ = make_dense()
    change(model.path / DENSE / "config.json", module_input_name="token_embeddings")
    assert "elsewhere than behind pooling" in refusal(model.path)


def test_a_module_of_the_models_own_code_is_refused(make_model):
    model = make_model()
    change_first(model.path / "modules.json", type="custom_st.Transformer")
    assert refusal(model.path) == (
        f"{model.path / 'modules.json'} asks for code of the model's own (custom_st.Transformer), which is never run"
    )


def test_a_module_outside_the_models_folder_is_refused(make_model):
    model = make_model()
    change_first(model.path / "modules.json", path="../elsewhere")
    assert "names a folder outside the model's" in refusal(model.path)


@pytest.mark.parametrize("kept", [[], [0], [1, 0], [0, 2], [0, 1, 1], [0, 0, 1]])
def test_modules_in_another_order_are_refused(make_model, kept):
    model = make_model()
    modules = json.loads((model.path / "modules.json").read_text("utf-8"))
    write_json(model.path / "modules.json", [modules[place] for place in kept])
    message = refusal(model.path)
    assert f"{model.path / 'modules.json'} lists " in message
    assert one_sentence(message)


def test_an_encoder_for_another_task_is_refused(tmp_path):
    shutil.copytree(MODELS / "bert", tmp_path / "bert")
    change(tmp_path / "bert" / "sentence_bert_config.json", transformer_task="fill-mask")
    assert "says transformer_task 'fill-mask': only feature-extraction" in refusal(tmp_path / "bert")


def test_a_layer_norm_of_another_width_is_refused(tmp_path):
    shutil.copytree(MODELS / "bert-dense", tmp_path / "model")
    path = next((tmp_path / "model").glob("*_LayerNorm/config.json"))
    change(path, dimension=32)
    assert f"{path} takes vectors of 32 dimensions, and those before it have 24" in refusal(tmp_path / "model")


def test_a_layer_norm_whose_vector_would_broadcast_is_refused(tmp_path):
    shutil.copytree(MODELS / "bert-dense", tmp_path / "model")
    path = next((tmp_path / "model").glob("*_LayerNorm/model.safetensors"))
    save_file({**load_file(path), "norm.weight": np.ones(1, np.float32)}, path)
    assert f"{path} has 'norm.weight' of shape (1,) where (24,) fits" in refusal(tmp_path / "model")


def test_a_pooling_flag_that_is_not_known_is_refused(make_model):
    model = make_model()
    change(model.path / "1_Pooling" / "config.json", pooling_mode_attention=True)
    assert "asks for the pooling ['mean', 'pooling_mode_attention']" in refusal(model.path)

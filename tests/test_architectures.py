"""Which encoders are built, from which files; and what is said of a folder whose files tell different stories."""

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from reference_models import MODELS, TEXTS, reference_vectors
from test_folder import change, one_sentence, refusal
from test_onnx import Encoder, expected, make_onnx  # noqa: F401 (a fixture)
from vecsmith import Embedder
from vecsmith.local.architectures import ARCHITECTURES, readable_positions
from vecsmith.local.architectures.mpnet import buckets
from vecsmith.local.folder import read_folder

CODE = {"AutoConfig": "configuration_own.OwnConfig", "AutoModel": "some/where--modeling_own.OwnModel"}


@pytest.fixture
def copied(tmp_path):
    """Copy one of the committed models into a folder that may be changed."""

    def copy(name):
        return shutil.copytree(MODELS / name, tmp_path / name)

    return copy


# which files count


def test_an_onnx_file_runs_where_the_architecture_of_the_safetensors_cannot_be_built(make_onnx):  # noqa: F811
    encoder = Encoder()
    model = make_onnx(encoder.graph(), model_type="mamba")
    save_file({"a": np.zeros(3, np.float32)}, model.path / "model.safetensors")
    assert read_folder(model.path, "tiny").architecture == "onnx"
    with Embedder(model.path, compute="f32", threads=1) as embedder:
        vectors = embedder.embed(["the cat", ""]).vectors
    np.testing.assert_allclose(vectors, expected(encoder, model)[:2], rtol=0, atol=1e-5)


def test_safetensors_count_before_an_onnx_file_where_the_architecture_can_be_built(make_onnx, make_model):  # noqa: F811
    model, built = make_onnx(Encoder().graph()), make_model()
    shutil.copy(built.path / "model.safetensors", model.path)
    assert read_folder(model.path, "tiny").architecture == "bert"


def test_code_of_the_models_own_is_refused_even_under_a_known_name(make_model):
    model = make_model(auto_map=CODE)
    message = refusal(model.path)
    assert message.startswith(
        f"{model.path / 'config.json'} asks for code of the model's own (some/where--modeling_own.OwnModel), "
        "which is never run"
    )
    assert one_sentence(message)


def test_an_onnx_file_runs_in_place_of_code_of_the_models_own(make_onnx):  # noqa: F811
    model = make_onnx(Encoder().graph(), auto_map=CODE)
    save_file({"a": np.zeros(3, np.float32)}, model.path / "model.safetensors")
    assert read_folder(model.path, "tiny").architecture == "onnx"


def test_code_for_the_configuration_alone_does_no_harm(make_model):
    model = make_model(auto_map={"AutoConfig": "configuration_own.OwnConfig"})
    with Embedder(model.path, compute="f32", threads=1) as embedder:
        np.testing.assert_allclose(embedder.embed("cat").vector, model.vector("cat"), atol=1e-5)


@pytest.mark.parametrize("kind", sorted(ARCHITECTURES))
def test_weights_of_another_architecture_are_refused_under_every_name(copied, kind):
    other = copied("mpnet" if kind != "mpnet" else "bert")
    change(other / "config.json", model_type=kind)
    message = refusal(other)
    assert str(other) in message
    assert one_sentence(message)


# lies


NAMES = ["bert", "distilbert", "roberta", "mpnet"]


@pytest.mark.parametrize("name", NAMES)
def test_more_layers_than_the_weights_hold_are_refused(copied, name):
    folder = copied(name)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    change(folder / "config.json", **{key: 3 for key in ("num_hidden_layers", "n_layers") if key in config})
    message = refusal(folder)
    assert f"{folder / 'model.safetensors'} holds no tensor" in message
    assert "layer.2." in message
    assert one_sentence(message)


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_of_another_shape_is_refused(copied, name):
    folder = copied(name)
    weights = load_file(folder / "model.safetensors")
    for tensor in [tensor for tensor in weights if "pooler" not in tensor and ".layer.1." not in tensor]:
        shape = (1,) if weights[tensor].ndim == 1 else (weights[tensor].shape[0], 5)
        save_file({**weights, tensor: np.ones(shape, np.float32)}, folder / "model.safetensors")
        message = refusal(folder)
        assert str(folder) in message, tensor
        assert one_sentence(message)


@pytest.mark.parametrize("name", NAMES)
def test_a_tokenizer_with_ids_beyond_the_weights_is_refused(copied, name):
    folder = copied(name)
    weights = load_file(folder / "model.safetensors")
    words = "embeddings.word_embeddings.weight"
    save_file({**weights, words: weights[words][:-1]}, folder / "model.safetensors")
    message = refusal(folder)
    assert str(folder / "tokenizer.json") in message
    assert "they are of two models" in message


def test_a_template_with_ids_beyond_the_weights_is_refused(copied):
    folder = copied("bert")
    state = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    state["post_processor"]["special_tokens"]["[SEP]"]["ids"] = [30522]
    (folder / "tokenizer.json").write_text(json.dumps(state), encoding="utf-8")
    assert "has 30523 tokens" in refusal(folder)


def test_a_decoder_is_refused(copied):
    folder = copied("bert")
    change(folder / "config.json", is_decoder=True)
    assert f"{folder / 'config.json'} does not hold what it should (ValueError: is_decoder is true" in refusal(folder)


# positions


@pytest.mark.parametrize(
    ("config", "tokens"),
    [
        ({"model_type": "bert"}, 514),
        ({"model_type": "xlm-roberta", "pad_token_id": 1}, 512),
        ({"model_type": "roberta"}, 512),
        ({"model_type": "roberta", "pad_token_id": 0}, 513),
        ({"model_type": "mpnet", "pad_token_id": 1}, 512),
        ({"model_type": "mamba"}, 514),
    ],
)
def test_positions_before_the_first_are_not_for_texts(config, tokens):
    assert readable_positions(config, 514) == tokens


@pytest.mark.parametrize("name", ["roberta", "mpnet"])
def test_a_limit_that_counts_those_positions_is_lowered(copied, name):
    folder = copied(name)
    rows = json.loads((folder / "config.json").read_text("utf-8"))["max_position_embeddings"]
    change(folder / "sentence_bert_config.json", max_seq_length=rows)
    assert read_folder(folder, name).max_tokens == rows - 2
    with Embedder(folder, compute="f32", threads=1) as embedder:
        np.testing.assert_allclose(
            embedder.embed(TEXTS, on_long="truncate").vectors, reference_vectors(name), rtol=0, atol=1e-4
        )


def test_fewer_positions_than_the_configuration_says_are_refused(copied):
    folder = copied("roberta")
    weights = load_file(folder / "model.safetensors")
    table = "embeddings.position_embeddings.weight"
    save_file({**weights, table: weights[table][:30]}, folder / "model.safetensors")
    assert f"{folder / 'model.safetensors'} has 28 positions" in refusal(folder)


def test_distances_fall_into_the_buckets_of_the_paper():
    assert buckets(np.array([0, -1, -7, -8, -15, -16, -127, -128, -500])).tolist() == [0, 1, 7, 8, 9, 10, 15, 15, 15]
    assert (buckets(np.arange(1, 600)) == buckets(-np.arange(1, 600)) + 16).all()

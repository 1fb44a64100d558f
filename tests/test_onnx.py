"""ONNX files of encoders through our engine."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import reference
from tiny_model import WORDS
from vecsmith import ConfigError, Embedder
from vecsmith.local.forks import native

WIDTH = 32


class Encoder:
    """One that looks tokens up, mixes in the mean of those present, and multiplies: each text depends on its mask."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(seed)
        self.words = rng.normal(size=(len(WORDS), WIDTH)).astype(np.float32)
        self.weight = rng.normal(size=(WIDTH, WIDTH)).astype(np.float32) / 6
        self.positions = rng.normal(size=(40, WIDTH)).astype(np.float32)

    def token_vectors(self, ids, *, positions):
        x = self.words[ids].astype(np.float64)
        if positions:
            x = x + self.positions[: len(ids)]
        return np.tanh((x + x.mean(axis=0)) @ self.weight)

    def graph(self, *, outputs=("last_hidden_state",), positions=False, types=False, mask="attention_mask", extra=()):
        """Return a model of `input_ids`, the mask, and what else is asked for, all int64."""
        names = ["input_ids", mask]
        nodes = [
            helper.make_node("Gather", ["words", "input_ids"], ["looked_up"]),
            helper.make_node("Cast", [mask], ["mask"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "two"], ["mask_3d"]),
        ]
        at = "looked_up"
        if positions:
            names.append("position_ids")
            nodes += [
                helper.make_node("Gather", ["positions", "position_ids"], ["placed"]),
                helper.make_node("Add", ["looked_up", "placed"], ["at_place"]),
            ]
            at = "at_place"
        if types:
            names.append("token_type_ids")
            nodes += [
                helper.make_node("Gather", ["types", "token_type_ids"], ["typed"]),
                helper.make_node("Add", [at, "typed"], ["with_type"]),
            ]
            at = "with_type"
        nodes += [
            helper.make_node("Mul", [at, "mask_3d"], ["masked"]),
            helper.make_node("ReduceSum", ["masked", "one"], ["sum"], keepdims=1),
            helper.make_node("ReduceSum", ["mask_3d", "one"], ["count"], keepdims=1),
            helper.make_node("Div", ["sum", "count"], ["mean"]),
            helper.make_node("Add", [at, "mean"], ["mixed"]),
            helper.make_node("MatMul", ["mixed", "weight"], ["product"]),
            helper.make_node("Tanh", ["product"], ["last_hidden_state"]),
            helper.make_node("Identity", ["last_hidden_state"], ["anything"]),
            helper.make_node("ReduceMean", ["last_hidden_state", "one"], ["sentence_embedding"], keepdims=0),
        ]
        shapes = {"sentence_embedding": ["n", WIDTH]}
        tables = {
            "words": self.words,
            "weight": self.weight,
            "positions": self.positions,
            "types": np.stack([np.zeros(WIDTH), np.full(WIDTH, 100)]).astype(np.float32),
            "one": np.array([1]),
            "two": np.array([2]),
        }
        return helper.make_model(
            helper.make_graph(
                nodes,
                "encoder",
                [helper.make_tensor_value_info(n, TensorProto.INT64, ["n", "t"]) for n in [*names, *extra]],
                [
                    helper.make_tensor_value_info(n, TensorProto.FLOAT, shapes.get(n, ["n", "t", WIDTH]))
                    for n in outputs
                ],
                [numpy_helper.from_array(table, name) for name, table in tables.items()],
            ),
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8,
        )


@pytest.fixture
def make_onnx(make_model):
    """Write a tiny model's folder with an ONNX file in place of its weights."""

    def make(graph, *, at="model.onnx", **changes):
        model = make_model(**changes)
        (model.path / "model.safetensors").unlink()
        (model.path / at).parent.mkdir(exist_ok=True)
        onnx.save(graph, model.path / at)
        return model

    return make


TEXTS = ["the cat", "", "dog dog dog the cat is here", "a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d"]


def expected(encoder, model, *, positions=False):
    rows = [encoder.token_vectors(model.tokenizer.encode(text).ids, positions=positions) for text in TEXTS]
    return np.stack([reference.unit(reference.POOLINGS[model.pooling](row)) for row in rows])


def assert_matches(model, vectors):
    with Embedder(model.path, compute="f32", threads=1) as embedder:
        np.testing.assert_allclose(embedder.embed(TEXTS).vectors, vectors, rtol=0, atol=1e-5)


@pytest.mark.parametrize("pooling", reference.POOLINGS)
def test_an_onnx_encoder_is_pooled_as_the_folder_says(make_onnx, pooling):
    encoder = Encoder()
    model = make_onnx(encoder.graph(), pooling=pooling)
    assert_matches(model, expected(encoder, model))


def test_the_file_may_lie_in_the_folder_onnx(make_onnx):
    encoder = Encoder(1)
    model = make_onnx(encoder.graph(), at="onnx/model.onnx")
    assert_matches(model, expected(encoder, model))


def test_positions_are_given_to_an_encoder_that_reads_them(make_onnx):
    encoder = Encoder(2)
    model = make_onnx(encoder.graph(positions=True))
    assert_matches(model, expected(encoder, model, positions=True))


def test_token_types_are_zero(make_onnx):
    encoder = Encoder(3)
    model = make_onnx(encoder.graph(types=True))
    assert_matches(model, expected(encoder, model))


def test_the_output_is_found_by_its_name_among_others(make_onnx):
    encoder = Encoder(4)
    model = make_onnx(encoder.graph(outputs=["sentence_embedding", "anything", "last_hidden_state"]))
    assert_matches(model, expected(encoder, model))


def test_an_output_of_another_name_is_found_by_its_rank(make_onnx):
    encoder = Encoder(5)
    model = make_onnx(encoder.graph(outputs=["sentence_embedding", "anything"]))
    assert_matches(model, expected(encoder, model))


def test_safetensors_come_before_onnx(make_model):
    model = make_model()
    onnx.save(Encoder().graph(), model.path / "model.onnx")
    assert_matches(model, model.vectors(TEXTS))


def test_two_files_with_the_same_graph_and_other_data_are_two_models(make_onnx):
    encoders, models = [Encoder(6), Encoder(7)], []
    for encoder in encoders:
        models.append(make_onnx(Encoder().graph()))
        onnx.save_model(
            encoder.graph(),
            models[-1].path / "model.onnx",
            save_as_external_data=True,
            location="model.onnx_data",
            size_threshold=0,
        )
    with Embedder(models[0].path, compute="f32", threads=1):
        assert_matches(models[1], expected(encoders[1], models[1]))


def refusal(model):
    with pytest.raises(ConfigError) as caught:
        Embedder(model.path, compute="f32", threads=1)
    message = str(caught.value)
    assert "\n" not in message
    return message


NO_ONNX = {
    "empty": b"",
    "text": b"secret words of somebody\n" * 9,
    "JSON": b'{"secret": 1}',
    "a pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "one field again and again": b"\x08\x08" * 50,
    "two fields": b"\x08\x08\x3a\x00",
    "a number for a length": b"\x08\x08\x10\x00\x3a\x00",
    "a length without an end": b"\x08\x08\x3a" + b"\xff" * 50,
    "an endless length": b"\x08\x08\x3a" + b"\xff" * 9 + b"\x7f",
    "a length beyond the end": b"\x08\x08\x12\x03abc\x3a\x70secret",
}


@pytest.mark.parametrize("content", NO_ONNX.values(), ids=NO_ONNX)
def test_a_file_that_is_not_onnx_is_named_and_nothing_of_it_is_printed(make_onnx, capfd, content):
    model = make_onnx(Encoder().graph())
    (model.path / "model.onnx").write_bytes(content)
    assert refusal(model) == (
        f"{model.path / 'model.onnx'} is not an ONNX file, or not all of it: copy or export it again"
    )
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("size", [1, 2, 30, 1000])
def test_a_truncated_file_is_named_and_nothing_of_it_is_printed(make_onnx, capfd, size):
    model = make_onnx(Encoder().graph())
    path = model.path / "model.onnx"
    path.write_bytes(path.read_bytes()[:size])
    assert f"{path} is not an ONNX file, or not all of it" in refusal(model)
    assert capfd.readouterr() == ("", "")


def test_a_file_that_is_damaged_further_on_is_named(make_onnx):
    model = make_onnx(Encoder().graph())
    path = model.path / "model.onnx"
    content = path.read_bytes()
    at = content.index(b"Gather")
    path.write_bytes(content[: at - 1] + b"\xff" + content[at:])
    assert f"{path} is not an ONNX file that can be read" in refusal(model)


def test_a_model_that_names_its_maker_and_describes_itself_is_taken(make_onnx):
    encoder = Encoder(8)
    graph = encoder.graph()
    graph.producer_name, graph.producer_version, graph.domain = "pytorch", "2.9.0", "org.example"
    graph.model_version, graph.doc_string = 1 << 40, "words " * 100
    model = make_onnx(graph)
    assert_matches(model, expected(encoder, model))


def test_a_fork_waits_until_a_file_is_read(make_onnx, monkeypatch):
    counts = []

    def read(self, path):
        counts.append(native.running)
        raise RuntimeError("seen")

    monkeypatch.setattr("openvino.Core.read_model", read)
    refusal(make_onnx(Encoder().graph()))
    assert counts == [1]


@pytest.mark.parametrize("name", ["pixel_values", "input_features"])
def test_an_input_that_is_none_of_an_encoders_is_named(make_onnx, name):
    message = refusal(make_onnx(Encoder().graph(mask=name)))
    assert f"has an input '{name}': an encoder with input_ids, attention_mask" in message
    assert "model.onnx" in message


def test_a_graph_without_token_vectors_says_so(make_onnx):
    message = refusal(make_onnx(Encoder().graph(outputs=["sentence_embedding"])))
    assert "model.onnx has no output of token vectors: export the encoder with last_hidden_state" in message


def test_a_width_other_than_the_configurations_is_refused(make_onnx):
    assert "gives 32 dimensions, and its config.json says 64" in refusal(make_onnx(Encoder().graph(), hidden_size=64))


def test_a_tokenizer_larger_than_the_configurations_vocabulary_is_refused(make_onnx):
    message = refusal(make_onnx(Encoder().graph(), vocab_size=50))
    assert f"tokenizer.json has {len(WORDS)} tokens" in message
    assert "model.onnx knows 50: they are of two models" in message

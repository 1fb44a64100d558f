"""A model's own files: what is read of them, and what is said of one that is missing or damaged."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tiny_model import SPECIAL, WORDS, write_json
from vecsmith import ConfigError, Embedder
from vecsmith.local.folder import read_folder


def refusal(path):
    """Return what an embedder says of a folder that it cannot use."""
    with pytest.raises(ConfigError) as caught:
        Embedder(path, compute="f32", threads=1)
    return str(caught.value)


def refusal_if_any(path):
    """Return the same, or None of a folder that can be used."""
    try:
        Embedder(path, compute="f32", threads=1).close()
    except ConfigError as error:
        return str(error)
    return None


def one_sentence(message):
    """No trace, no list of lines, and not a bare word."""
    return "\n" not in message and 4 <= len(message.split()) <= 80


def change(path, **values):
    write_json(path, {**json.loads(path.read_text(encoding="utf-8")), **values})


def without(path, *keys):
    write_json(path, {k: v for k, v in json.loads(path.read_text(encoding="utf-8")).items() if k not in keys})


def test_a_whole_folder_is_read(make_model):
    model = make_model(pooling="cls", max_seq_length=20)
    folder = read_folder(model.path, "name")
    assert folder.name == "name"
    assert (folder.dimensions, folder.max_tokens, folder.pooling, folder.normalize) == (32, 20, "cls", True)
    assert folder.weights == (model.path / "model.safetensors",)
    assert folder.architecture == "bert"


def test_the_bundled_model_is_read_as_its_files_have_it(embedder):
    folder = embedder.generator.folder
    assert (folder.dimensions, folder.max_tokens, folder.pooling, folder.normalize) == (384, 256, "mean", True)


# what is missing


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    assert refusal(tmp_path / "gone") == f"{tmp_path / 'gone'} is not a folder: name a model folder that exists"


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    assert "is not a folder" in refusal(tmp_path / "file")


def test_an_empty_folder_names_the_weights(tmp_path):
    assert f"{tmp_path} has no model.safetensors and no model.onnx" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json", "1_Pooling/config.json"])
def test_a_missing_file_is_named(make_model, name):
    model = make_model()
    (model.path / name).unlink()
    message = refusal(model.path)
    assert name.rpartition("/")[2] in message
    assert str(model.path) in message
    assert one_sentence(message)


@pytest.mark.parametrize("name", ["sentence_bert_config.json", "config_sentence_transformers.json"])
def test_files_of_sentence_transformers_may_be_missing(make_model, name):
    model = make_model(sentence_transformers={})
    (model.path / name).unlink()
    with Embedder(model.path, compute="f32", threads=1) as embedder:
        assert embedder.embed("cat").vectors.shape == (1, 32)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt"])
def test_pickled_weights_alone_are_refused(make_model, name):
    model = make_model()
    (model.path / "model.safetensors").rename(model.path / name)
    assert refusal(model.path) == (
        f"{model.path / name} holds pickled weights, which are never loaded: save the model as safetensors"
    )


def test_pickled_weights_beside_safetensors_do_no_harm(make_model):
    model = make_model()
    (model.path / "pytorch_model.bin").write_bytes(b"never read")
    with Embedder(model.path, compute="f32", threads=1) as embedder:
        np.testing.assert_allclose(embedder.embed("cat").vector, model.vector("cat"), atol=1e-5)


# what is damaged

JSON_FILES = [
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "1_Pooling/config.json",
    "config_sentence_transformers.json",
    "tokenizer.json",
]
DAMAGE = {
    "empty": b"",
    "cut": b'{"hidden_size": 3',
    "text": b"<html>404</html>",
    "not UTF-8": b'{"a": "\xff\xfe"}',
    "a number": b"5",
    "null": b"null",
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("name", JSON_FILES)
def test_a_damaged_json_file_is_named_in_one_sentence(make_model, name, content):
    model = make_model(sentence_transformers={})
    (model.path / name).write_bytes(content)
    message = refusal(model.path)
    assert str(model.path / name) in message
    assert one_sentence(message)


@pytest.mark.parametrize("name", [name for name in JSON_FILES if name != "modules.json"])
def test_a_list_where_an_object_should_be_is_refused(make_model, name):
    model = make_model(sentence_transformers={})
    (model.path / name).write_text("[]", encoding="utf-8")
    assert str(model.path / name) in refusal(model.path)


def test_a_truncated_weights_file_is_named(make_model):
    model = make_model()
    weights = model.path / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    message = refusal(model.path)
    assert f"{weights} is truncated" in message
    assert one_sentence(message)


def test_weights_that_are_something_else_are_named(make_model):
    model = make_model()
    (model.path / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    assert f"{model.path / 'model.safetensors'} is not a safetensors file" in refusal(model.path)


def test_a_folder_in_the_place_of_a_file_is_named(make_model):
    model = make_model()
    (model.path / "config.json").unlink()
    (model.path / "config.json").mkdir()
    assert f"{model.path / 'config.json'} cannot be read" in refusal(model.path)


def test_a_folder_that_may_not_be_read_is_named(make_model, monkeypatch):
    model = make_model()

    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.is_file", refuse)
    message = refusal(model.path)
    assert message == (
        f"{model.path / 'modules.json'} cannot be read (Permission denied): check its path and permissions"
    )


def test_a_name_longer_than_a_file_may_have_is_refused(tmp_path):
    assert one_sentence(refusal(tmp_path / ("x" * 300)))


def test_the_hash_of_weights_that_are_gone_names_them(make_model):
    model = make_model()
    folder = read_folder(model.path, "tiny")
    (model.path / "model.safetensors").unlink()
    with pytest.raises(ConfigError) as caught:
        folder.sha256()
    gone = model.path / "model.safetensors"
    assert str(caught.value) == (f"{gone} cannot be read (No such file or directory): copy or download the model again")


# values that make no sense


@pytest.mark.parametrize("key", ["hidden_size", "num_hidden_layers", "num_attention_heads"])
def test_a_configuration_without_a_size_names_it(make_model, key):
    model = make_model()
    without(model.path / "config.json", key)
    message = refusal(model.path)
    assert key in message
    assert one_sentence(message)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("hidden_size", 16),
        ("hidden_size", 64),
        ("hidden_size", 0),
        ("hidden_size", "32"),
        ("num_hidden_layers", 3),
        ("num_hidden_layers", 0),
        ("num_hidden_layers", -1),
        ("num_hidden_layers", None),
        ("num_hidden_layers", "two"),
        ("num_attention_heads", 0),
        ("num_attention_heads", 5),
        ("num_attention_heads", -4),
        ("num_attention_heads", None),
        ("layer_norm_eps", "small"),
        ("layer_norm_eps", None),
    ],
)
def test_a_configuration_that_does_not_match_the_weights_is_refused(make_model, key, value):
    model = make_model()
    change(model.path / "config.json", **{key: value})
    assert one_sentence(refusal(model.path))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("1_Pooling/config.json", {"pooling_mode": 5}),
        ("1_Pooling/config.json", {"pooling_mode": {"mean": True}, "include_prompt": False}),
        ("config_sentence_transformers.json", {"prompts": ["query"], "default_prompt_name": "query"}),
        ("config_sentence_transformers.json", {"prompts": {}, "default_prompt_name": []}),
        ("config_sentence_transformers.json", {"prompts": "query", "default_prompt_name": "query"}),
        ("model.safetensors.index.json", {"weight_map": []}),
        ("model.safetensors.index.json", {"weight_map": {"a": 5}}),
        ("model.safetensors.index.json", {"weight_map": {"a": ["b"]}}),
        ("manifest.json", {"name": "something else's manifest"}),
    ],
    ids=str,
)
def test_a_value_of_the_wrong_kind_is_refused_in_words_or_has_no_effect(make_model, name, changes):
    model = make_model()
    path = model.path / name
    if "index" in name:
        (model.path / "model.safetensors").unlink()
    write_json(path, {**(json.loads(path.read_text("utf-8")) if path.is_file() else {}), **changes})
    said = refusal_if_any(model.path)
    assert said is None or str(path) in said


def test_a_manifest_does_not_stand_for_weights_that_are_others(make_model):
    claim = {"source_weights_sha256": "0" * 64}
    (one, two) = (make_model(seed=1), make_model(seed=2))
    for model in (one, two):
        write_json(model.path / "manifest.json", claim)
    with Embedder(one.path, compute="f32", threads=1), Embedder(two.path, compute="f32", threads=1) as embedder:
        np.testing.assert_allclose(embedder.embed("cat").vector, two.vector("cat"), atol=1e-5)


def test_weights_without_a_tensor_name_it(make_model):
    model = make_model()
    tensors = load_file(model.path / "model.safetensors")
    del tensors["encoder.layer.1.output.dense.weight"]
    save_file(tensors, model.path / "model.safetensors")
    assert "no tensor 'encoder.layer.1.output.dense.weight'" in refusal(model.path)


def test_weights_of_another_architecture_are_refused(make_model):
    model = make_model()
    save_file({"wte.weight": np.zeros((60, 32), np.float32)}, model.path / "model.safetensors")
    message = refusal(model.path)
    assert "it is not of the architecture that its config.json names" in message
    assert str(model.path / "model.safetensors") in message


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("encoder.layer.0.attention.self.query.weight", (32, 16)),
        ("encoder.layer.1.output.dense.bias", (31,)),
        ("embeddings.LayerNorm.weight", (7,)),
        ("embeddings.position_embeddings.weight", (40, 16)),
        ("embeddings.token_type_embeddings.weight", (2, 5)),
        ("embeddings.token_type_embeddings.weight", (0, 32)),
        ("embeddings.word_embeddings.weight", (len(WORDS), 2, 16)),
        ("embeddings.word_embeddings.weight", ()),
    ],
)
def test_a_tensor_of_another_shape_is_refused_in_one_sentence(make_model, name, shape):
    model = make_model()
    tensors = load_file(model.path / "model.safetensors")
    save_file({**tensors, name: np.ones(shape, np.float32)}, model.path / "model.safetensors")
    assert one_sentence(refusal(model.path))


def test_weights_in_a_type_that_is_not_supported_are_refused(make_model):
    model = make_model()
    tensors = load_file(model.path / "model.safetensors")
    name = "encoder.layer.0.output.dense.weight"
    save_file({**tensors, name: tensors[name].astype(np.float64)}, model.path / "model.safetensors")
    assert one_sentence(refusal(model.path))


def test_a_tokenizer_larger_than_the_weights_is_refused(make_model):
    model = make_model(words=[*WORDS, "extra"], vocab_size=len(WORDS))
    message = refusal(model.path)
    assert f"{model.path / 'tokenizer.json'} has {len(WORDS) + 1} tokens" in message
    assert f"{model.path / 'model.safetensors'} knows {len(WORDS)}: they are of two models" in message


def test_a_tokenizer_smaller_than_the_weights_is_taken(open_model):
    model, embedder = open_model(words=[*SPECIAL, "cat"], vocab_size=64)
    np.testing.assert_allclose(embedder.embed("cat").vector, model.vector("cat"), atol=1e-5)


# modules and pooling


@pytest.mark.parametrize("kind", ["WeightedLayerPooling", "LSTM", "CNN", "CLIPModel", "Router"])
def test_a_module_that_is_not_supported_is_named(make_model, kind):
    model = make_model()
    modules = json.loads((model.path / "modules.json").read_text(encoding="utf-8"))
    write_json(
        model.path / "modules.json", [*modules, {"idx": 3, "name": "3", "path": "3", "type": f"x.models.{kind}"}]
    )
    message = refusal(model.path)
    assert f"asks for the module '{kind}'" in message
    assert "modules.json" in message


@pytest.mark.parametrize(
    "entries", [[{"type": "Transformer"}], [{"path": ""}], ["Transformer"], {"0": "Transformer"}, {}, ""]
)
def test_modules_without_type_or_path_are_refused(make_model, entries):
    model = make_model()
    write_json(model.path / "modules.json", entries)
    assert f"{model.path / 'modules.json'} cannot be read" in refusal(model.path)


def test_an_unknown_pooling_names_those_that_are_known(make_model):
    model = make_model()
    write_json(model.path / "1_Pooling" / "config.json", {"pooling_mode": "attention"})
    message = refusal(model.path)
    assert "asks for the pooling ['attention']: cls, max, mean" in message
    assert str(model.path / "1_Pooling" / "config.json") in message


def test_no_pooling_at_all_is_refused(make_model):
    model = make_model()
    change(model.path / "1_Pooling" / "config.json", pooling_mode_mean_tokens=False)
    assert "asks for the pooling []" in refusal(model.path)


def test_a_default_prompt_that_is_none_of_the_prompts_is_named(make_model):
    model = make_model(sentence_transformers={"prompts": {"query": "q: "}, "default_prompt_name": "document"})
    assert "names the default prompt 'document', which is none" in refusal(model.path)


# limits


@pytest.mark.parametrize(
    ("max_seq_length", "positions", "expected"), [(32, 40, 32), (64, 40, 40), (None, 40, 40), (None, 24, 24)]
)
def test_the_limit_is_the_smaller_of_the_files_word_and_the_positions(make_model, max_seq_length, positions, expected):
    model = make_model(max_seq_length=max_seq_length, max_position_embeddings=positions)
    assert read_folder(model.path, "tiny").max_tokens == expected


def test_the_tokenizers_limit_counts_where_no_other_file_has_one(make_model):
    model = make_model(max_seq_length=None)
    write_json(model.path / "tokenizer_config.json", {"model_max_length": 12})
    assert read_folder(model.path, "tiny").max_tokens == 12


def test_a_tokenizers_limit_that_means_none_is_no_limit(make_model):
    model = make_model(max_seq_length=None)
    write_json(model.path / "tokenizer_config.json", {"model_max_length": 1000000000000000019884624838656})
    assert read_folder(model.path, "tiny").max_tokens == 40


def test_a_folder_without_any_limit_says_what_to_set(make_model):
    model = make_model(max_seq_length=None)
    without(model.path / "config.json", "max_position_embeddings")
    assert "says how many tokens the model reads: set max_seq_length" in refusal(model.path)


def test_a_limit_without_room_for_text_is_refused(make_model):
    assert "a limit of 2 tokens leaves no room for text" in refusal(make_model(max_seq_length=2).path)


def test_the_longest_text_uses_the_last_position(open_model):
    model, embedder = open_model(max_seq_length=64)  # more than the 40 positions
    result = embedder.embed("a " * 100, on_long="truncate")
    assert result.items[0].tokens == 40
    np.testing.assert_allclose(result.vector, model.vector("a " * 38), atol=1e-5)


@pytest.mark.parametrize("positions", [None, 80])
def test_a_limit_beyond_the_positions_of_the_weights_is_refused_or_lowered(make_model, positions):
    model = make_model(max_seq_length=64)  # the weights have 40 positions, whatever the configuration says
    without(model.path / "config.json", "max_position_embeddings")
    if positions is not None:
        change(model.path / "config.json", max_position_embeddings=positions)
    said = refusal_if_any(model.path)
    if said is None:
        with Embedder(model.path, compute="f32", threads=1) as embedder:
            assert embedder.embed("a " * 100, on_long="truncate").items[0].tokens == 40
    else:
        assert one_sentence(said)


# sharded weights


@pytest.fixture
def sharded(make_model):
    model = make_model()
    tensors = load_file(model.path / "model.safetensors")
    (model.path / "model.safetensors").unlink()
    names = sorted(tensors)
    files = {"model-00001-of-00002.safetensors": names[::2], "model-00002-of-00002.safetensors": names[1::2]}
    for file, keys in files.items():
        save_file({key: tensors[key] for key in keys}, model.path / file)
    index = {"metadata": {}, "weight_map": {key: file for file, keys in files.items() for key in keys}}
    write_json(model.path / "model.safetensors.index.json", index)
    return model


def test_sharded_weights_are_one_model(sharded):
    with Embedder(sharded.path, compute="f32", threads=1) as embedder:
        np.testing.assert_allclose(embedder.embed("the cat").vector, sharded.vector("the cat"), atol=1e-5)


def test_a_missing_shard_is_named(sharded):
    (sharded.path / "model-00002-of-00002.safetensors").unlink()
    message = refusal(sharded.path)
    assert "model-00002-of-00002.safetensors cannot be read" in message
    assert one_sentence(message)


@pytest.mark.parametrize("weight_map", [{}, {"a": "../elsewhere.safetensors"}, {"a": "sub/x.safetensors"}], ids=str)
def test_an_index_that_names_no_file_of_the_folder_is_refused(sharded, weight_map):
    write_json(sharded.path / "model.safetensors.index.json", {"weight_map": weight_map})
    assert "model.safetensors.index.json does not name its weight files" in refusal(sharded.path)

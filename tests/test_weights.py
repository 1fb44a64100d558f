"""Safetensors files through the memory map."""

import hashlib
import json
import mmap

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from tiny_model import as_bfloat16, from_bfloat16, safetensors_bytes
from vecsmith import ConfigError
from vecsmith.local.weights import Weights, read, sha256

TENSORS = {
    "a.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "b.bias": np.linspace(-1, 1, 5).astype(np.float32),
}

A = ("F32", TENSORS["a.weight"])


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file(TENSORS, path, {"format": "pt"})
    return path


def with_header(path, header, body=b"\x00" * 64):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)
    return path


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_tensors_come_back_as_they_were_saved(tmp_path, dtype):
    path = tmp_path / "model.safetensors"
    save_file({name: tensor.astype(dtype) for name, tensor in TENSORS.items()}, path)
    tensors = read(path)
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        np.testing.assert_array_equal(tensors[name].data, tensor.astype(dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_float32_gives_the_values(tmp_path, dtype):
    path = tmp_path / "model.safetensors"
    save_file({name: tensor.astype(dtype) for name, tensor in TENSORS.items()}, path)
    values = read(path)["b.bias"].float32()
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, TENSORS["b.bias"].astype(dtype))


def test_bfloat16_keeps_its_bits(tmp_path):
    bits = as_bfloat16(TENSORS["a.weight"])
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors_bytes({"a": ("BF16", bits)}))
    np.testing.assert_array_equal(read(path)["a"].data, bits)


def test_bfloat16_as_float32_gives_the_values(tmp_path):
    bits = as_bfloat16(np.array([1.0, -2.5, 3e38, 1e-38, 0.0]))
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors_bytes({"a": ("BF16", bits)}))
    np.testing.assert_array_equal(read(path)["a"].float32(), from_bfloat16(bits))


def test_a_tensor_that_lies_in_f32_is_not_copied(saved):
    tensor = read(saved)["b.bias"]
    assert np.shares_memory(tensor.float32(), tensor.data) == (tensor.dtype == "F32")


def test_tensors_are_views_of_one_map(saved):
    tensors = read(saved)
    roots = {id(root(tensor.data)) for tensor in tensors.values()}
    assert len(roots) == 1
    assert isinstance(root(tensors["a.weight"].data), mmap.mmap)


def root(array):
    """Return the memory that an array lies in."""
    while isinstance(array, np.ndarray):
        array = array.base
    return array.obj if isinstance(array, memoryview) else array


def test_opening_weights_shares_the_memory_of_the_map(saved):
    weights = Weights.open([saved])
    whole = np.frombuffer(root(weights["a.weight"].data), np.uint8)
    assert np.shares_memory(weights["a.weight"].data, whole)
    assert np.shares_memory(weights["b.bias"].data, whole)


def test_shards_are_one_set_of_weights(tmp_path):
    for number, (name, tensor) in enumerate(TENSORS.items()):
        save_file({name: tensor}, tmp_path / f"{number}.safetensors")
    weights = Weights.open([tmp_path / "0.safetensors", tmp_path / "1.safetensors"])
    for name, tensor in TENSORS.items():
        np.testing.assert_array_equal(weights[name].data, tensor)


def test_below_finds_the_prefix_of_a_marker(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({"bert." + name: tensor for name, tensor in TENSORS.items()}, path)
    weights = Weights.open([path]).below(("", "bert."), "a.weight")
    np.testing.assert_array_equal(weights["b.bias"].data, TENSORS["b.bias"])


def test_below_without_the_marker_says_the_architecture_is_another(saved):
    with pytest.raises(ConfigError, match="no tensor 'words': it is not of the architecture"):
        Weights.open([saved]).below(("", "bert."), "words")


def test_a_missing_tensor_is_named(saved):
    with pytest.raises(ConfigError, match=r"no tensor 'c': it does not match its config\.json"):
        Weights.open([saved])["c"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"gone\.safetensors cannot be read"):
        read(tmp_path / "gone.safetensors")


def test_an_empty_file_is_named(tmp_path):
    path = tmp_path / "empty.safetensors"
    path.touch()
    with pytest.raises(ConfigError, match=r"empty\.safetensors cannot be read"):
        read(path)


def test_a_truncated_file_names_the_tensor_that_is_cut(saved):
    saved.write_bytes(saved.read_bytes()[:-1])
    with pytest.raises(
        ConfigError, match=r"model\.safetensors is truncated: tensor '(a\.weight|b\.bias)' ends at byte"
    ):
        read(saved)


@pytest.mark.parametrize("size", [1, 7, 8, 20])
def test_a_file_cut_within_its_header_is_no_safetensors_file(saved, size):
    saved.write_bytes(saved.read_bytes()[:size])
    with pytest.raises(ConfigError, match="is not a safetensors file"):
        read(saved)


@pytest.mark.parametrize(
    "content",
    [b"<!DOCTYPE html><html>not found</html>", b"version https://git-lfs.github.com/spec/v1\n", b"PK\x03\x04" * 9],
    ids=["web page", "git-lfs pointer", "zip"],
)
def test_another_kind_of_file_is_no_safetensors_file(tmp_path, content):
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="is not a safetensors file"):
        read(path)


@pytest.mark.parametrize(
    "header", [b"[]", b"5", b"null", b'"text"', b"{", b"\xff\xfe{}", b"[" * 20_000], ids=lambda header: repr(header[:4])
)
def test_a_header_that_is_no_json_object_is_refused(tmp_path, header):
    with pytest.raises(ConfigError, match="is not a safetensors file"):
        read(with_header(tmp_path / "model.safetensors", header))


@pytest.mark.parametrize(
    "entry",
    [
        {},
        [],
        "text",
        {"dtype": "F32", "shape": [2]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0.0, 8.0]},
        {"dtype": "F32", "shape": [2], "data_offsets": ["0", "8"]},
        {"dtype": "F32", "shape": [-1, -2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": ["x"], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]},
        {"dtype": ["F32"], "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "I64", "shape": [1], "data_offsets": [-8, 0]},
        {"dtype": "I64", "shape": [1], "data_offsets": [8, 0]},
        {"dtype": "I64", "shape": [1], "data_offsets": [0, None]},
    ],
    ids=str,
)
def test_a_damaged_entry_names_its_tensor(tmp_path, entry):
    with pytest.raises(ConfigError, match=r"damaged header at tensor 'x'"):
        read(with_header(tmp_path / "model.safetensors", {"x": entry}))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_file_with_changed_bytes_loads_or_is_refused_in_words(tmp_path, data):
    content = bytearray(safetensors_bytes({name: ("F32", tensor) for name, tensor in TENSORS.items()}))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, 120))] = data.draw(st.integers(0, 255))
    path = tmp_path / "changed.safetensors"
    path.write_bytes(content)
    assert refused(path) is None or "changed.safetensors" in refused(path)


def refused(path):
    """Return what is said of a file, or None where it can be read."""
    try:
        read(path)
    except ConfigError as error:
        return str(error)


def test_a_tensor_of_another_type_is_kept_as_bytes(tmp_path):
    path = tmp_path / "model.safetensors"
    save_file({**TENSORS, "position_ids": np.arange(6)}, path)
    assert read(path)["position_ids"].data.nbytes == 48


def test_an_empty_tensor_at_the_end_is_no_truncation(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(safetensors_bytes({"a": ("F32", TENSORS["a.weight"]), "z": ("F32", np.zeros((0, 4), np.float32))}))
    assert read(path)["z"].shape == (0, 4)


def test_tensors_need_not_be_aligned(tmp_path):
    path = tmp_path / "model.safetensors"
    content = next(c for n in range(4) if len(c := safetensors_bytes({"x" * (n + 1): A}, pad=1)) % 4)
    path.write_bytes(content)
    (tensor,) = read(path).values()
    np.testing.assert_array_equal(tensor.data, A[1])


def test_the_sha256_of_one_file_is_the_files_own(saved):
    assert sha256([saved]) == hashlib.sha256(saved.read_bytes()).hexdigest()


def test_the_sha256_of_shards_depends_on_every_one(tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_bytes(path.name.encode())
    before = sha256(paths)
    paths[1].write_bytes(b"c")
    assert sha256(paths) != before

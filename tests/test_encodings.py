"""How vectors are stored: exact bytes, ranges, and what comes back."""

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from vecsmith import Calibration, ConfigError, InputError, normalize
from vecsmith.encodings import ENCODINGS, decode, encode, encoding_of

SIGNS = np.array([[-1, 1, 0, -0.0, 1, 1, -1, 1, 1, 0, -0.0, 0, 1, 1, -1, -1]], np.float32)
UNITS = arrays(np.float32, (5, 16), elements=st.floats(-1, 1, width=32))
RNG = np.random.default_rng(3)
VECTORS = normalize(RNG.standard_normal((200, 32)))


def test_floats_are_little_endian_and_exact():
    x = np.array([[1.0, -2.0, 0.5]], np.float32)
    assert base64.b64encode(encode(x, "float32").tobytes()) == b"AACAPwAAAMAAAAA/"
    assert encode(x, "float16").dtype == np.float16
    np.testing.assert_array_equal(decode(encode(x, "float16"), "float16"), x)


def test_the_first_component_is_the_highest_bit_and_zero_is_no_bit():
    assert encode(SIGNS, "ubinary").tolist() == [[0b01001101, 0b10001100]]
    assert encode(SIGNS, "binary").tolist() == [[-51, 12]]
    assert encode(SIGNS, "ubinary").dtype == np.uint8
    assert encode(SIGNS, "binary").dtype == np.int8


def test_the_extremes_of_binary():
    assert encode(-np.ones((1, 8), np.float32), "binary").tolist() == [[-128]]
    assert encode(np.ones((1, 8), np.float32), "binary").tolist() == [[127]]


@given(UNITS)
def test_binary_is_ubinary_minus_128(x):
    np.testing.assert_array_equal(encode(x, "binary").astype(int), encode(x, "ubinary").astype(int) - 128)
    for encoding in ("binary", "ubinary"):
        np.testing.assert_array_equal(decode(encode(x, encoding), encoding), np.where(x > 0, 1, -1))


@given(UNITS)
def test_without_calibration_integers_are_127_times_the_vector(x):
    np.testing.assert_array_equal(encode(x, "int8"), np.round(x * np.float32(127)).astype(int))
    np.testing.assert_array_equal(encode(x, "uint8").astype(int), encode(x, "int8").astype(int) + 128)
    for encoding in ("int8", "uint8"):
        np.testing.assert_allclose(decode(encode(x, encoding), encoding), x, atol=0.5 / 127 + 1e-6)


def test_calibrated_integers_are_those_of_the_published_rule():
    low, high = VECTORS.min(axis=0), VECTORS.max(axis=0)
    steps = (high - low) / 255
    calibration = Calibration.of(VECTORS)
    np.testing.assert_array_equal(encode(VECTORS, "uint8", calibration), ((VECTORS - low) / steps).astype(np.uint8))
    np.testing.assert_array_equal(encode(VECTORS, "int8", calibration), ((VECTORS - low) / steps - 128).astype(np.int8))


@pytest.mark.parametrize("encoding", ["int8", "uint8"])
def test_what_lies_outside_the_range_is_clipped_and_does_not_wrap(encoding):
    calibration = Calibration.of(VECTORS)
    lowest, highest = np.iinfo(encoding).min, np.iinfo(encoding).max
    assert (encode(np.full((1, 32), 9, np.float32), encoding, calibration) == highest).all()
    assert (encode(np.full((1, 32), -9, np.float32), encoding, calibration) == lowest).all()


def test_a_dimension_that_never_changes_is_no_division_by_zero():
    flat = np.ones((3, 4), np.float32)
    assert np.isfinite(encode(flat, "int8", Calibration.of(flat)).astype(float)).all()


@pytest.mark.parametrize("encoding", ["int8", "uint8"])
def test_calibrated_integers_come_back_within_a_level(encoding):
    calibration = Calibration.of(VECTORS)
    error = np.abs(decode(encode(VECTORS, encoding, calibration), encoding, calibration) - VECTORS)
    assert (error <= calibration.step * 1.01).all()


def test_a_calibration_is_saved_exactly(tmp_path):
    calibration = Calibration.of(VECTORS)
    calibration.save(tmp_path / "ranges.json")
    again = Calibration.load(tmp_path / "ranges.json")
    assert again.id == calibration.id
    np.testing.assert_array_equal(again.low, calibration.low)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"vecsmith_calibration":1,"low":[1],"high":[0]}',
        '{"vecsmith_calibration":1,"low":[null],"high":[null]}',
        '{"vecsmith_calibration":1,"low":[],"high":[]}',
        '{"low":[[1]]}',
    ],
)
def test_a_file_that_is_no_calibration_is_refused(tmp_path, text):
    (tmp_path / "ranges.json").write_text(text)
    with pytest.raises(ConfigError, match=r"ranges\.json"):
        Calibration.load(tmp_path / "ranges.json")
    with pytest.raises(ConfigError, match="cannot be written"):
        Calibration.of(VECTORS).save(tmp_path / "no" / "ranges.json")
    with pytest.raises(ConfigError, match="cannot be read"):
        Calibration.load(tmp_path / "none.json")


@pytest.mark.parametrize("bad", [np.ones(4), np.empty((0, 4)), np.array([[np.nan]])], ids=["flat", "empty", "nan"])
def test_a_calibration_needs_numbers(bad):
    with pytest.raises(InputError, match="finite numbers"):
        Calibration.of(bad)


def test_what_does_not_fit_is_refused():
    calibration = Calibration.of(VECTORS)
    with pytest.raises(InputError, match="no multiple of 8"):
        encode(VECTORS[:, :12], "binary")
    with pytest.raises(InputError, match="not for binary"):
        encode(VECTORS, "binary", calibration)
    with pytest.raises(InputError, match="32 dimensions and the vectors have 16"):
        encode(VECTORS[:, :16], "int8", calibration)


@pytest.mark.parametrize("name", ["float", "INT8", None, 8, ["int8"]])
def test_an_unknown_encoding_is_refused(name):
    with pytest.raises(ConfigError, match="float32, float16"):
        encoding_of(name)
    assert [encoding_of(known) for known in ENCODINGS] == list(ENCODINGS)


def test_a_calibration_in_no_encoding_is_refused(tmp_path):
    (tmp_path / "ranges.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(ConfigError, match=r"ranges\.json"):
        Calibration.load(tmp_path / "ranges.json")

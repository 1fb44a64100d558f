"""Writing vectors to files."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from vecsmith.encodings import ENCODINGS, encode
from vecsmith.errors import ConfigError
from vecsmith.files import format_of, open_sink
from vecsmith.space import Space, StoredForm
from vecsmith.types import Chunk, EmbedResult, Items, Usage

FORM = StoredForm(Space("m", None, "mean", "none", 4, cut=False, normalized=False))


def part(*vectors: list[float]) -> EmbedResult:
    """Make a result of these vectors, each of a text of 7 tokens of which 2 were dropped."""
    count = len(vectors)
    made = datetime(2026, 1, 1, tzinfo=UTC)
    items = Items(range(count), [7] * count, [2] * count, [0] * count, [1] * count, [False] * count, "m", made)
    return EmbedResult(np.array(vectors, dtype=np.float32).reshape(-1, 4), items, Usage(), FORM, "m")


ONE, TWO, THREE = [1.0, 2.0, 3.0, 4.0], [0.1, -0.2, 1e-9, 3.4e38], [0.0, -0.0, 0.5, 1 / 3]


def write(form, path, *, ids=("a", 7, "c")):
    """Write three vectors in two parts."""
    with open_sink(form, path) as sink:
        sink.write(ids[:2], part(ONE, TWO))
        sink.write(ids[2:], part(THREE))


def write_half(form, path, error):
    """Write one vector, then fail."""
    with open_sink(form, path) as sink:
        sink.write(["a"], part(ONE))
        raise error


def lines_of(path):
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def as_float32(rows):
    return np.array(rows, dtype=np.float32)


EXPECTED = as_float32([ONE, TWO, THREE])


def test_jsonl_is_one_object_per_line(tmp_path):
    write("jsonl", tmp_path / "out.jsonl")
    objects = lines_of(tmp_path / "out.jsonl")
    assert [o["id"] for o in objects] == ["a", 7, "c"]
    assert [list(o) for o in objects] == [["id", "embedding", "tokens", "dropped"]] * 3
    assert (objects[0]["tokens"], objects[0]["dropped"]) == (7, 2)
    assert np.array_equal(as_float32([o["embedding"] for o in objects]), EXPECTED)


def test_a_chunk_says_which_it_is_and_where(tmp_path):
    result = part(ONE, TWO)
    chunks = (Chunk(0, 0, 5, 0, 2), Chunk(0, 5, 9, 2, 3), Chunk(1, 0, 4, 0, 1))
    cut = replace(result, vectors=EXPECTED, chunks=chunks)
    with open_sink("jsonl", tmp_path / "out.jsonl") as sink:
        sink.write(["a", "b"], cut)
    for line in (objects := lines_of(tmp_path / "out.jsonl")):
        del line["embedding"]
    assert objects == [
        {"id": "a", "chunk": 0, "start": 0, "end": 5, "tokens": 2, "dropped": 0},
        {"id": "a", "chunk": 1, "start": 5, "end": 9, "tokens": 1, "dropped": 0},
        {"id": "b", "chunk": 0, "start": 0, "end": 4, "tokens": 1, "dropped": 0},
    ]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_is_written_as_it_is(tmp_path, encoding):
    vectors = encode(np.random.default_rng(1).uniform(-1, 1, (3, 8)).astype(np.float32), encoding)
    result = replace(part(ONE, TWO, THREE), vectors=vectors)
    for form in ("npy", "jsonl", "hex"):
        with open_sink(form, tmp_path / f"out.{form}") as sink:
            sink.write(["a", "b", "c"], result)
    saved = np.load(tmp_path / "out.npy")
    assert saved.dtype == vectors.dtype
    np.testing.assert_array_equal(saved, vectors)
    read = np.array([line["embedding"] for line in lines_of(tmp_path / "out.jsonl")]).astype(vectors.dtype)
    np.testing.assert_array_equal(read, vectors)
    assert (tmp_path / "out.hex").read_text().split() == [row.tobytes().hex() for row in vectors]


def test_json_is_one_array_of_the_same_objects(tmp_path):
    write("json", tmp_path / "out.json")
    write("jsonl", tmp_path / "out.jsonl")
    assert json.loads((tmp_path / "out.json").read_text()) == lines_of(tmp_path / "out.jsonl")


@pytest.mark.parametrize(("form", "decode"), [("base64", base64.b64decode), ("hex", bytes.fromhex)])
def test_base64_and_hex_are_little_endian_float32_one_vector_per_line(tmp_path, form, decode):
    write(form, tmp_path / "out")
    lines = (tmp_path / "out").read_text().splitlines()
    assert np.array_equal([np.frombuffer(decode(line), dtype="<f4") for line in lines], EXPECTED)


def test_npy_is_one_array_and_its_ids_beside_it(tmp_path):
    write("npy", tmp_path / "out.npy")
    array = np.load(tmp_path / "out.npy")
    assert (array.dtype, array.shape) == (np.float32, (3, 4))
    assert np.array_equal(array, EXPECTED)
    assert lines_of(tmp_path / "out.ids.jsonl") == [{"id": i, "tokens": 7, "dropped": 2} for i in ("a", 7, "c")]


def test_npy_can_be_mapped_into_memory(tmp_path):
    write("npy", tmp_path / "out.npy")
    assert np.array_equal(np.load(tmp_path / "out.npy", mmap_mode="r"), EXPECTED)


def test_npy_has_room_for_any_number_of_rows(tmp_path):
    with open_sink("npy", tmp_path / "out.npy") as sink:
        for n in range(1_200):
            sink.write([n], part([n, 0, 0, 0]))
    assert np.array_equal(np.load(tmp_path / "out.npy")[:, 0], np.arange(1_200))


def test_npy_under_another_ending_keeps_its_whole_name_in_the_sidecar(tmp_path):
    write("npy", tmp_path / "vectors.v2")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["vectors.v2", "vectors.v2.ids.jsonl"]


@pytest.mark.parametrize(("form", "content"), [("jsonl", ""), ("json", "[]\n"), ("base64", ""), ("hex", "")])
def test_no_vectors_make_an_empty_output(tmp_path, form, content):
    with open_sink(form, tmp_path / "out") as sink:
        sink.write([], part())
    assert (tmp_path / "out").read_text() == content


def test_no_vectors_make_an_array_of_their_width(tmp_path):
    with open_sink("npy", tmp_path / "out.npy") as sink:
        sink.write([], part())
    assert np.load(tmp_path / "out.npy").shape == (0, 4)


def test_vectors_cut_from_wider_ones_are_written_right(tmp_path):
    result = part(ONE, TWO)
    cut = EmbedResult(result.vectors[:, :2], result.items, result.usage, FORM, "m")
    for form in ("jsonl", "npy", "hex"):
        with open_sink(form, tmp_path / form) as sink:
            sink.write([0, 1], cut)
    assert lines_of(tmp_path / "jsonl")[0]["embedding"] == ONE[:2]
    assert np.array_equal(np.load(tmp_path / "npy"), EXPECTED[:2, :2])
    assert len((tmp_path / "hex").read_text().split()[0]) == 2 * 2 * 4


def test_ids_that_orjson_cannot_write_are_written(tmp_path):
    write("jsonl", tmp_path / "out.jsonl", ids=(2**70, "half \ud83d", 'say "é"'))
    ids = [entry["id"] for entry in lines_of(tmp_path / "out.jsonl")]
    assert ids == [2**70, "half \ud83d", 'say "é"']


def test_the_wrong_number_of_ids_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="zip"), open_sink("jsonl", tmp_path / "out") as sink:
        sink.write(["only one"], part(ONE, TWO))


@pytest.mark.parametrize("form", ["jsonl", "json", "npy", "base64", "hex"])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_an_exception_midway_leaves_no_file_behind(tmp_path, form, error):
    with pytest.raises(error):
        write_half(form, tmp_path / "out", error)
    assert list(tmp_path.iterdir()) == []


def test_an_exception_midway_leaves_the_old_file_as_it_was(tmp_path):
    write("npy", tmp_path / "out.npy")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(RuntimeError):
        write_half("npy", tmp_path / "out.npy", RuntimeError)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    with open_sink("jsonl", path) as sink:
        sink.write(["a"], part(ONE))
        assert path.read_text() == "old"
    assert path.read_text().startswith('{"id":"a"')


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_replaced_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "out.jsonl"
    path.touch()
    path.chmod(0o640)
    write("jsonl", path)
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "any").touch()
    write("jsonl", tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").stat().st_mode == (tmp_path / "any").stat().st_mode


@pytest.mark.skipif(os.name != "posix", reason="symbolic links")
def test_a_link_is_written_through(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "out.jsonl").symlink_to(tmp_path / "real" / "file.jsonl")
    write("jsonl", tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").is_symlink()
    assert (tmp_path / "real" / "file.jsonl").is_file()


def test_a_very_long_name_can_be_written(tmp_path):
    path = tmp_path / ("x" * 240 + ".jsonl")
    write("jsonl", path)
    assert path.is_file()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a Linux device")  # noqa: PTH110
def test_a_full_disk_is_one_clear_error(tmp_path):
    with pytest.raises(ConfigError, match="cannot write /dev/full: No space left"):
        write("jsonl", tmp_path.__class__("/dev/full"))


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="a device of POSIX")  # noqa: PTH110
def test_a_device_is_written_to_and_never_replaced(tmp_path):
    null = tmp_path.__class__("/dev/null")
    write("jsonl", null)
    assert null.is_char_device()


def test_a_disk_that_fills_up_leaves_no_file_behind(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        write("npy", tmp_path / "out.npy")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_not_written_over(tmp_path):
    with pytest.raises(ConfigError, match="it is a folder"):
        write("jsonl", tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ConfigError, match="none"):
        write("jsonl", tmp_path / "none" / "out.jsonl")


def test_npy_needs_a_file():
    with pytest.raises(ConfigError, match="--output"):
        write("npy", None)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.npy", "npy"),
        ("a.JSON", "json"),
        ("a.ndjson", "jsonl"),
        ("a.b64", "base64"),
        ("a.hex", "hex"),
        ("a", "jsonl"),
    ],
)
def test_the_ending_says_the_format(tmp_path, name, form):
    assert format_of(tmp_path / name) == form


def test_standard_output_gets_json_lines():
    assert format_of(None) == "jsonl"

"""Text in: one shape for all inputs, and the clean-up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecsmith import InputError
from vecsmith.prepare import MAX_BYTES, as_texts, prepare

ANY_TEXT = st.text(st.characters(exclude_categories=()))


def test_one_string_is_one_text():
    assert list(as_texts("hello")) == ["hello"]


@pytest.mark.parametrize(
    "inputs", [["a", "b"], ("a", "b"), iter(["a", "b"]), {"a": 1, "b": 2}], ids=lambda x: type(x).__name__
)
def test_any_iterable_is_its_texts(inputs):
    assert list(as_texts(inputs)) == ["a", "b"]


@pytest.mark.parametrize("inputs", [b"bytes", 5, None, 1.5, object], ids=repr)
def test_what_holds_no_texts_is_refused_with_its_type(inputs):
    with pytest.raises(InputError, match=rf"not {type(inputs).__name__}$"):
        as_texts(inputs)


def test_readable_texts_are_left_as_they_are():
    texts = ["", " ", "plain", "Ünïcödé 漢字 🚲", "\ufffd", "\x01\x7f\x85"]
    prepared = prepare(texts)
    assert prepared.texts == texts
    assert prepared.replaced == [0] * len(texts)


@pytest.mark.parametrize("code", [0, 0xD800, 0xDBFF, 0xDC00, 0xDFFF], ids=hex)
def test_what_no_tokenizer_reads_is_replaced_and_counted(code):
    bad = chr(code)
    prepared = prepare(["ok", f"a{bad}b{bad}"])
    assert prepared.texts == ["ok", "a\ufffdb\ufffd"]
    assert prepared.replaced == [0, 2]


@given(st.lists(ANY_TEXT))
def test_prepared_texts_keep_their_lengths_and_can_be_encoded(texts):
    prepared = prepare(texts)
    assert [len(text) for text in prepared.texts] == [len(text) for text in texts]
    for text in prepared.texts:
        text.encode()


@given(st.lists(ANY_TEXT))
def test_the_count_is_that_of_the_characters_changed(texts):
    prepared = prepare(texts)
    changed = [sum(a != b for a, b in zip(*pair, strict=True)) for pair in zip(texts, prepared.texts, strict=True)]
    assert prepared.replaced == changed


@pytest.mark.parametrize("value", [5, None, b"bytes", ["nested"], 1.5], ids=repr)
def test_an_input_that_is_no_string_is_named_with_its_index_and_type(value):
    with pytest.raises(InputError, match=f"input 1: expected a string, found {type(value).__name__}") as caught:
        prepare(["fine", value])
    assert caught.value.index == 1


def test_all_inputs_that_are_no_strings_are_named():
    with pytest.raises(InputError) as caught:
        prepare([1, "fine", None, "fine", []])
    assert [caught.value.index, *(other.index for other in caught.value.others)] == [0, 2, 4]


@pytest.mark.parametrize("character", ["x", "é", "漢", "🚲"])
def test_a_text_of_the_most_bytes_is_taken(character):
    (text,) = prepare([character * (MAX_BYTES // len(character.encode()))]).texts
    assert len(text.encode()) <= MAX_BYTES


@pytest.mark.parametrize("character", ["x", "é", "漢", "🚲"])
def test_a_text_over_the_most_bytes_is_refused_with_its_index(character):
    with pytest.raises(InputError, match="input 1: a text of over 10 MB cannot be embedded whole"):
        prepare(["fine", character * (MAX_BYTES // len(character.encode()) + 1)])


def test_a_large_text_of_unpaired_surrogates_is_measured_without_failing():
    assert prepare(["\ud800" * 2_600_000]).replaced == [2_600_000]


def test_the_most_is_ten_megabytes():
    assert MAX_BYTES == 10_000_000

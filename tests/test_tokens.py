"""Counting and cutting with the model's own tokenizer, and tokenising long texts in pieces."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from tiny_model import word_piece
from vecsmith import ConfigError, InputError
from vecsmith.local import tokens
from vecsmith.local.tokens import TextTokenizer, pieces, slices

TEXTS = [
    "",
    " ",
    "short",
    "The lighthouse keeper counts the ships that pass before dawn.",
    "Größe, naïveté, 東京 and Ελλάδα in one line",
    "word " * 300,
    "🚲 🌧️ 👩‍👩‍👧‍👦 " * 40,
    "unbroken" * 80,
    "[CLS] [SEP] [MASK] [PAD] [UNK]",
]
CORPUS = [
    "the river runs past the mill, and the miller's two dogs run after it",
    "seven loaves of rye: 7 coins; seven loaves of wheat, 9 coins!",
    "où est la gare? là-bas, près de l'église (à gauche).",
    "длинная дорога домой 漢字 と かな",
] * 3
# Texts with many seams and near-seams: words, single and double spaces, marks, scripts, combining characters.
PARTS = st.sampled_from(
    [
        " ",
        " ",
        " ",
        "  ",
        "\n",
        "\t",
        "a",
        "cat",
        "the",
        "7",
        "42",
        ".",
        ",",
        "'s",
        "-",
        "_",
        "é",
        "e\u0301",
        "\u0301",
        "漢",
        "京",
        "京",
        "かな",
        "ß",
        "İ",
        "🚲",
        "\u200b",
        "\u00a0",
        "\u3000",
        "\ufffd",
        "▁",
        "Ġ",
        "٣",
        "[SEP]",
        "##s",
        "\x7f",
    ]
)
TEXT = st.one_of(
    st.lists(PARTS, max_size=60).map("".join), st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
)


def library(name="minilm"):
    """The bundled tokenizer as the tokenizers library reads it, nothing cleared."""
    from vecsmith.local.catalog import BUNDLED

    return Tokenizer.from_file(str(BUNDLED[name] / "tokenizer.json"))


def truncated(limit, direction):
    tokenizer = library()
    tokenizer.no_padding()
    tokenizer.enable_truncation(limit, direction=direction)
    return tokenizer


@pytest.mark.parametrize("limit", [3, 4, 17, 256])
@pytest.mark.parametrize(("on_long", "direction"), [("truncate", "right"), ("truncate_start", "left")])
def test_cutting_equals_the_librarys_own(limit, on_long, direction):
    expected = [encoding.ids for encoding in truncated(limit, direction).encode_batch(TEXTS)]
    rows = TextTokenizer(library(), limit).encode(TEXTS, on_long=on_long).rows
    assert [row.tolist() for row in rows] == expected


@pytest.mark.parametrize("limit", [3, 17, 256])
def test_the_dropped_count_is_what_is_missing(limit):
    whole = library()
    whole.no_truncation()
    whole.no_padding()
    encoded = TextTokenizer(library(), limit).encode(TEXTS)
    expected = [len(encoding.ids) for encoding in whole.encode_batch(TEXTS)]
    assert [len(row) + n for row, n in zip(encoded.rows, encoded.dropped, strict=True)] == expected


def test_both_directions_drop_the_same_number():
    tokenizer = TextTokenizer(library(), 10)
    assert tokenizer.encode(TEXTS).dropped == tokenizer.encode(TEXTS, on_long="truncate_start").dropped


def test_no_texts_are_no_rows(tokenizer):
    encoded = tokenizer.encode([])
    assert (encoded.rows, encoded.dropped) == ([], [])


def test_an_empty_text_is_its_special_tokens(tokenizer):
    (row,) = tokenizer.encode([""]).rows
    assert row.tolist() == [101, 102]


def test_rows_are_int32(tokenizer):
    assert {row.dtype for row in tokenizer.encode(["", "hello"]).rows} == {np.dtype(np.int32)}


@pytest.mark.parametrize("length", [6, 128])
def test_truncation_and_padding_in_the_file_are_cleared(tmp_path, length):
    tokenizer = word_piece()
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(length=length)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    loaded = TextTokenizer.load(tmp_path / "tokenizer.json", 500)
    assert [len(row) for row in loaded.encode(["a", "a " * 300]).rows] == [3, 302]


def test_error_names_all_texts_that_are_too_long():
    tokenizer = TextTokenizer(library(), 10)
    with pytest.raises(InputError, match="input 1: 12 tokens are more than the 10 the model reads") as caught:
        tokenizer.encode(["short", "a " * 10, "short", "a " * 50], on_long="error")
    assert [caught.value.index, *(other.index for other in caught.value.others)] == [1, 3]


def test_error_takes_a_text_that_just_fits():
    tokenizer = TextTokenizer(library(), 10)
    (row,) = tokenizer.encode(["a " * 8], on_long="error").rows
    assert len(row) == 10


def test_a_limit_without_room_for_text_is_refused():
    with pytest.raises(ConfigError, match="a limit of 2 tokens leaves no room"):
        TextTokenizer(library(), 2)


def test_size_is_one_more_than_the_largest_id(tokenizer):
    assert tokenizer.size == 30_522


def test_a_text_without_any_token_is_refused_with_its_index():
    bare = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    bare.pre_tokenizer = pre_tokenizers.Whitespace()
    with pytest.raises(InputError, match="input 1: an empty text has no token"):
        TextTokenizer(bare, 8).encode(["a", ""])


def test_special_tokens_are_found_where_the_tokenizer_does_not_know_the_letter_a():
    tokenizer = Tokenizer(models.BPE({"[CLS]": 0, "[SEP]": 1, "b": 2}, []))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 0), ("[SEP]", 1)]
    )
    (row,) = TextTokenizer(tokenizer, 8).encode(["b"]).rows
    assert row.tolist() == [0, 2, 1]


def byte_level(**options):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(**options)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet))
    return tokenizer


def byte_level_stripped():
    tokenizer = byte_level(add_prefix_space=False)
    tokenizer.normalizer = normalizers.Strip()
    return tokenizer


def byte_level_split():
    """As Llama 3 and Qwen have it: the splitting is another step's."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(pre_tokenizers_regex(), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet))
    return tokenizer


def pre_tokenizers_regex():
    from tokenizers import Regex

    return Regex(r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def metaspace(scheme="always", *, split=True):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split)
    trainer = trainers.UnigramTrainer(vocab_size=120, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False)
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def bpe_over_spaces():
    """No step splits at white space: a merge may span a seam."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=300))
    return tokenizer


MADE = {
    "WordPiece": library,
    "tiny WordPiece": word_piece,
    "byte-level BPE": lambda: byte_level(add_prefix_space=False),
    "byte-level BPE with a prefix": lambda: byte_level(add_prefix_space=True),
    "byte-level BPE without its splitting": lambda: byte_level(add_prefix_space=False, use_regex=False),
    "byte-level BPE after a split": byte_level_split,
    "byte-level BPE after stripping": byte_level_stripped,
    "Metaspace": metaspace,
    "Metaspace, first": lambda: metaspace("first"),
    "Metaspace, never": lambda: metaspace("never"),
    "Metaspace without its splitting": lambda: metaspace(split=False),
    "BPE over spaces": bpe_over_spaces,
}


@pytest.fixture(scope="module", params=MADE)
def any_tokenizer(request):
    return TextTokenizer(MADE[request.param](), 1_000_000)


@settings(max_examples=60)  # of each tokenizer
@given(text=TEXT, size=st.integers(1, 8))
def test_tokenising_in_pieces_changes_nothing(any_tokenizer, text, size):
    (whole,) = any_tokenizer.raw([text])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "PIECE", size)
        (body,) = any_tokenizer.bodies([text])
    assert body.tolist() == whole.ids


LINES = "line\n" * 100
IDEOGRAPHS = "東京都" * 100


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("WordPiece", WORDS := "some words here " * 20),
        ("byte-level BPE", WORDS),
        ("Metaspace", WORDS),
        ("WordPiece", LINES),
        ("WordPiece", IDEOGRAPHS),
    ],
)
def test_long_texts_of_usual_tokenizers_are_cut_into_pieces(name, text, monkeypatch):
    monkeypatch.setattr(tokens, "PIECE", 10)
    tokenizer = TextTokenizer(MADE[name](), 100)
    sizes = []
    raw = tokenizer.raw
    monkeypatch.setattr(tokenizer, "raw", lambda texts: sizes.extend(map(len, texts)) or raw(texts))
    list(tokenizer.bodies([text]))
    assert max(sizes) < 40


def test_a_text_is_not_cut_within_an_added_token(monkeypatch):
    monkeypatch.setattr(tokens, "PIECE", 10)
    made = word_piece()
    made.add_tokens(["the cat"])
    tokenizer = TextTokenizer(made, 1_000)
    text = "the cat and " * 20
    (body,) = tokenizer.bodies([text])
    assert body.tolist() == tokenizer.raw([text])[0].ids


@given(st.lists(TEXT, max_size=3).map(" and ".join), st.integers(1, 30))
def test_pieces_are_the_text_cut_and_nothing_lost(text, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "PIECE", size)
        assert "".join(pieces(text, re.compile(tokens.SPACE))) == text


@given(st.lists(st.integers(0, 120).map("x".__mul__), max_size=40))
def test_slices_are_the_texts_in_order(texts):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "SLICE_TEXTS", 5)
        patch.setattr(tokens, "SLICE_CHARACTERS", 200)
        patch.setattr(tokens, "PIECE", 60)
        groups = list(slices(texts))
    assert [text for group in groups for text in group] == texts
    assert all(1 <= len(group) <= 5 for group in groups)
    assert all(sum(map(len, group)) <= 200 or len(group) == 1 for group in groups)


@pytest.mark.parametrize("around", [["", "{}", ""], ["a", "{}", "", "b"], ["{}", "{}"]], ids=str)
def test_a_long_text_is_a_slice_of_its_own(around, monkeypatch):
    monkeypatch.setattr(tokens, "PIECE", 60)
    long = "x" * 61
    texts = [text.format(long) for text in around]
    assert all(len(group) == 1 for group in slices(texts) if long in group)


def test_texts_in_one_call_do_not_touch_each_other(tokenizer):
    together = tokenizer.encode([*TEXTS, *TEXTS[::-1]]).rows
    alone = [tokenizer.encode([text]).rows[0] for text in [*TEXTS, *TEXTS[::-1]]]
    assert [row.tolist() for row in together] == [row.tolist() for row in alone]


def test_a_word_of_a_million_characters_is_read(tokenizer):
    encoded = tokenizer.encode(["x" * 1_000_000])
    assert encoded.rows[0].tolist() == [101, 100, 102]  # WordPiece knows no word so long
    assert encoded.dropped == [0]


def test_a_text_of_eight_megabytes_is_read_and_counted(tokenizer):
    encoded = tokenizer.encode(["seven ships " * 666_666])
    assert len(encoded.rows[0]) == 256
    assert encoded.dropped == [2 * 666_666 - 254]


def test_a_long_text_without_spaces_is_cut_and_counted(tokenizer):
    encoded = tokenizer.encode(["漢字" * 100_000])
    assert encoded.dropped == [200_000 - 254]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"model": {"type": "None"}}', "\x00\xff"])
def test_a_damaged_tokenizer_file_is_named(tmp_path, content):
    path = tmp_path / "tokenizer.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"tokenizer\.json is not a tokenizer file that can be read"):
        TextTokenizer.load(path, 10)

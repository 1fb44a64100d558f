"""Cutting long texts into chunks: nothing lost, nothing too long, at the best border."""

import re
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_tokens import MADE, TEXT
from vecsmith import ConfigError
from vecsmith.borders import inside_clusters
from vecsmith.chunking import Chunking, Span, between_tokens, fitted, split
from vecsmith.local import tokens
from vecsmith.local.tokens import TextTokenizer

SENTENCES = [
    "The ferry was late, so we ate plums on the pier. ",
    'Dr. Okafor asked: "Who moved the ladder?" Nobody knew. ',
    "Der Bäcker schließt heute früher. ",
    "Паром опоздал на час. ",
    "Το πλοίο άργησε πολύ. ",
    "渡し船が遅れた。みんなで梅を食べた。",
    "渡船晚点了。我们吃了李子。",
    "배가 늦게 왔다. ",
    "नाव देर से आई। हम किनारे पर बैठे। ",
    "تأخر القارب اليوم. ",
    "הסירה איחרה היום. ",
    "เรือมาสายเราจึงกินลูกพลัม ",
    "ጀልባው ዘገየ። ",
    "👩‍👩‍👧‍👦 🇩🇪🇫🇷 🚲🏽! ",
    "ﬁne İstanbul ﷺ e\u0301e\u0301 \u1100\u1161\u11a8 ",
    "\n\n",
    "\r\n",
    "\n",
    "# A heading\n\n",
    "- an item\n",
    "```\n# no heading\n```\n",
    "     ",
    "\t",
    "unbelievablyunbroken",
    "a\u0301\u0302\u0303\u0304",
    "\u200b\u200d",
]
PROSE = st.lists(st.sampled_from(SENTENCES), max_size=14).map("".join)
ANY_TEXT = st.one_of(PROSE, TEXT)
EXAMPLES = settings(max_examples=40)
"""Of each tokenizer, of which there are a dozen."""
BYS = ["token", "sentence", "structure"]


@cache
def reader(name):
    return TextTokenizer(MADE[name](), 1_000_000)


@pytest.fixture(scope="module", params=MADE)
def tokenizer(request):
    return reader(request.param)


@st.composite
def chunkings(draw, *, overlap=True):
    size = draw(st.integers(1, 40))
    return Chunking(draw(st.sampled_from(BYS)), size, draw(st.integers(0, size - 1)) if overlap else 0)


def divisible(offsets, span):
    """Whether some token inside begins after all that came before, so that the span could be cut there."""
    inner = offsets[span.token_start : span.token_end]
    return any(
        inner[i, 0] > 0 and inner[:i].max() <= inner[i:, 0].min() and inner[:i, 0].max() < inner[i, 0]
        for i in range(1, len(inner))
    )


@EXAMPLES
@given(text=ANY_TEXT, size=st.integers(1, 8))
def test_offsets_in_pieces_equal_those_of_the_whole_text(tokenizer, text, size):
    whole = tokenizer.tokenizer.encode(text, add_special_tokens=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "PIECE", size)
        ids, offsets = tokenizer.read(text)
    assert ids.tolist() == whole.ids
    assert offsets.tolist() == [list(pair) for pair in whole.offsets]


@EXAMPLES
@given(text=ANY_TEXT)
def test_offsets_lie_within_the_text(tokenizer, text):
    offsets = tokenizer.offsets(text)
    assert offsets.shape == (tokenizer.count([text])[0], 2)
    assert ((offsets >= 0) & (offsets <= len(text))).all()
    assert (offsets[:, 0] <= offsets[:, 1]).all()


@EXAMPLES
@given(text=ANY_TEXT, chunking=chunkings(overlap=False))
def test_chunks_without_overlap_join_to_the_text_and_hold_each_token_once(tokenizer, text, chunking):
    spans = split(text, tokenizer.offsets(text), chunking, 1_000)
    assert "".join(text[span.start : span.end] for span in spans) == text
    (count,) = tokenizer.count([text])
    assert [i for span in spans for i in range(span.token_start, span.token_end)] == list(range(count))


@EXAMPLES
@given(text=ANY_TEXT, chunking=chunkings())
def test_chunks_are_in_order_with_a_bounded_overlap_and_no_gap(tokenizer, text, chunking):
    spans = split(text, tokenizer.offsets(text), chunking, 1_000)
    assert (spans[0].start, spans[-1].end) == (0, len(text))
    for left, right in pairwise(spans):
        assert left.start < right.start <= left.end < right.end
        assert left.token_start < right.token_start <= left.token_end < right.token_end
        assert left.token_end - right.token_start <= chunking.overlap


@EXAMPLES
@given(text=ANY_TEXT, chunking=chunkings())
def test_only_what_cannot_be_divided_is_longer_than_asked(tokenizer, text, chunking):
    offsets = tokenizer.offsets(text)
    for span in split(text, offsets, chunking, 1_000):
        assert span.token_end - span.token_start <= chunking.tokens or not divisible(offsets, span)


@EXAMPLES
@given(text=ANY_TEXT, chunking=chunkings(), room=st.integers(1, 40))
def test_a_chunk_on_its_own_has_no_more_tokens_than_the_model_reads(tokenizer, text, chunking, room):
    if chunking.overlap >= room:
        return
    offsets = tokenizer.offsets(text)
    spans = fitted(text, offsets, chunking, room, tokenizer.count)
    counts = tokenizer.count([text[span.start : span.end] for span in spans])
    for span, count in zip(spans, counts, strict=True):
        assert count <= room or not divisible(offsets, span)
    assert (spans[0].start, spans[-1].end) == (0, len(text))
    for left, right in pairwise(spans):
        assert left.start < right.start <= left.end < right.end
        assert left.token_end - right.token_start <= chunking.overlap


@EXAMPLES
@given(text=ANY_TEXT, chunking=chunkings(overlap=False))
def test_a_character_of_several_parts_is_cut_only_where_it_fills_a_chunk(tokenizer, text, chunking):
    within = set(inside_clusters(text).tolist())
    offsets = tokenizer.offsets(text)
    better = [i for i in between_tokens(offsets, len(text)) if offsets[i, 0] not in within]
    for left, right in pairwise(split(text, offsets, chunking, 1_000)):
        assert right.start not in within or not any(left.token_start < i <= left.token_end for i in better)


def chunks(text, by="token", size=None, overlap=0, *, room=254, name="WordPiece"):
    tokenizer = reader(name)
    spans = fitted(text, tokenizer.offsets(text), Chunking(by, size, overlap), room, tokenizer.count)
    return [text[span.start : span.end] for span in spans]


def test_a_text_that_fits_is_one_chunk():
    text = "  # A heading\n\nTwo plums. Three pears.  "
    assert all(chunks(text, by) == [text] for by in BYS)


@pytest.mark.parametrize("text", ["", " ", "\n\n \n", "\u200b" * 50])
def test_a_text_without_tokens_is_one_chunk(text):
    tokenizer = reader("WordPiece")
    assert split(text, tokenizer.offsets(text), Chunking(tokens=1), 1) == [Span(0, len(text), 0, 0)]


def test_chunks_are_as_large_as_the_model_reads_where_no_size_is_given():
    sizes = reader("WordPiece").count(chunks("plum " * 1_000))
    assert sizes == [254, 254, 254, 238]


def test_words_stay_whole_where_one_begins_in_the_second_half():
    assert chunks("the ladder lighthouses moved", size=3) == ["the ladder ", "lighthouses moved"]


def test_a_long_word_is_cut_inside():
    parts = chunks("unbelievable" * 8, size=8, room=8)
    assert len(parts) > 1
    assert max(map(len, parts)) < 80


def test_white_space_stays_with_what_comes_before():
    assert chunks("one   two\n\nthree", size=1) == ["one   ", "two\n\n", "three"]


def test_white_space_that_a_token_holds_goes_with_the_token():
    parts = chunks("the cat the cat the cat", size=4, name="byte-level BPE")
    assert len(parts) > 1
    assert all(part.startswith(" ") and part[-1] != " " for part in parts[1:])


def test_sentences_are_packed_whole():
    text = "One plum fell. Two pears fell! Did three figs fall? Yes."
    assert chunks(text, "sentence", 10) == ["One plum fell. Two pears fell! ", "Did three figs fall? Yes."]


def test_a_long_sentence_is_cut_between_words():
    text = "Short one. Now " + "cat and dog and " * 10 + "bird. Short two."
    parts = chunks(text, "sentence", 12)
    assert parts[0] == "Short one. "
    assert all(part.endswith(" ") for part in parts[:-1])


def test_sentences_overlap_whole():
    text = "One cat. Two dogs. Three birds. Four ships. Five books."
    assert chunks(text, "sentence", 6, 3) == [
        "One cat. Two dogs. ",
        "Two dogs. Three birds. ",
        "Three birds. Four ships. ",
        "Four ships. Five books.",
    ]


def test_a_sentence_longer_than_the_overlap_is_not_repeated():
    text = "One cat fell. Two dogs fell. Three birds fell."
    assert chunks(text, "sentence", 8, 3) == ["One cat fell. Two dogs fell. ", "Three birds fell."]


def test_sections_are_preferred_to_paragraphs_and_a_heading_stays_with_its_text():
    section = "# Fruit\n\nPlums are blue.\n\nPears are green.\n\n"
    assert chunks(section * 3, "structure", 14) == [section] * 3


def test_paragraphs_are_preferred_to_sentences():
    text = "One cat. Two dogs.\n\nThree birds. Four ships.\n\nFive books. Six."
    assert chunks(text, "structure", 9) == [
        "One cat. Two dogs.\n\n",
        "Three birds. Four ships.\n\n",
        "Five books. Six.",
    ]


def test_list_items_are_preferred_to_words():
    text = "- blue plums\n- green pears\n- brown nuts\n"
    assert chunks(text, "structure", 8) == ["- blue plums\n- green pears\n", "- brown nuts\n"]


def test_lines_wrapped_at_a_width_are_cut_at_sentences():
    text = "Two ships came in the\nmorning. Two ships\nleft at night. Three\nstayed all day."
    assert chunks(text, "structure", 12)[0] == "Two ships came in the\nmorning. "


def test_tokens_of_one_character_stay_together():
    text = "🚲" * 10
    parts = chunks(text, size=5, name="byte-level BPE")
    assert "".join(parts) == text
    assert all(set(part) == {"🚲"} for part in parts)


def test_an_emoji_of_several_parts_stays_whole():
    family = "👩‍👩‍👧‍👦"
    parts = chunks(family * 6, size=60, name="byte-level BPE", room=60)
    assert len(parts) > 1
    assert all(part == family * (len(part) // len(family)) for part in parts)


def test_a_mark_stays_with_its_letter():
    parts = chunks("e\u0301" * 40, size=7, name="byte-level BPE")
    assert len(parts) > 1
    assert all(re.fullmatch("(e\u0301)+", part) for part in parts)


def test_a_mark_after_a_space_stays_with_the_space():
    assert chunks("cat \u0300", size=3, name="byte-level BPE") == ["cat", " \u0300"]


def test_chunks_that_all_grow_are_cut_shorter_rather_than_in_two():
    tokenizer = reader("byte-level BPE with a prefix")
    text = "catcatcat" * 400

    def count(texts):
        return [number + 1 for number in tokenizer.count(texts)]

    offsets = tokenizer.offsets(text)
    spans = fitted(text, offsets, Chunking(), 50, count)
    assert max(count([text[span.start : span.end] for span in spans])) <= 50
    assert len(spans) <= len(offsets) // 48 + 1


def test_counting_takes_few_calls():
    tokenizer = reader("WordPiece")
    calls = []

    def count(texts):
        calls.append(len(texts))
        return tokenizer.count(texts)

    text = "unbelievabilities" * 400 + " plum" * 2_000
    fitted(text, tokenizer.offsets(text), Chunking(), 30, count)
    assert len(calls) < 8


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": "word"}, "by must be one of token, sentence, structure, not 'word'"),
        ({"combine": "sum"}, "combine must be one of weighted_mean, mean, max, first, not 'sum'"),
        ({"tokens": 0}, "tokens must be a whole number of at least 1, not 0"),
        ({"tokens": True}, "tokens must be a whole number of at least 1, not True"),
        ({"tokens": 2.5}, "tokens must be a whole number of at least 1, not 2.5"),
        ({"overlap": -1}, "overlap must be a whole number of at least 0, not -1"),
        ({"overlap": "8"}, "overlap must be a whole number of at least 0, not '8'"),
        ({"tokens": 8, "overlap": 8}, "overlap must be less than the 8 tokens of a chunk, not 8"),
    ],
)
def test_an_impossible_chunking_is_refused(options, message):
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        Chunking(**options)


def test_an_overlap_that_fills_the_model_is_refused():
    with pytest.raises(ConfigError, match="less than the 10 tokens of a chunk, not 10"):
        split("plum " * 20, np.array([[0, 4]]), Chunking(overlap=10), 10)

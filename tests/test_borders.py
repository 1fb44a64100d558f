"""Where sentences, paragraphs and sections begin, and which characters belong together."""

from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from vecsmith import borders


def cut(text, places):
    ends = [0, *places.tolist(), len(text)]
    return [text[start:end] for start, end in pairwise(ends)]


@pytest.mark.parametrize(
    "parts",
    [
        ["We ate plums. ", "Then we left."],
        ["Who ate them?! ", "Nobody did. ", "Really…"],
        ['"Stop!" ', "He stopped. ", "(Why? ", "No idea.) ", "Fine."],
        ["渡し船が遅れた。", "みんなで梅を食べた。"],
        ["「早く！」", "彼は走った。"],
        ["渡船晚点了。", "我们吃了李子。"],
        ["배가 늦었다. ", "우리는 기다렸다."],
        ["नाव देर से आई। ", "हम बैठे।"],
        ["تأخر القارب. ", "هل أكلتم؟ ", "نعم."],
        ["ጀልባው ዘገየ። ", "ጠበቅን።"],
        ["Նավը ուշացավ։ ", "Մենք սպասեցինք։"],
        ["Паром опоздал. ", "Мы ждали."],
        ["သင်္ဘော နောက်ကျသည်။ ", "စောင့်ကြသည်။"],
        ["གྲུ་འགྱངས་སོང་། ", "ང་ཚོས་སྒུག།"],
        ["It cost 3.50 in all. ", "The file is a.txt here."],
        ["Dr. Okafor met J. R. Lind and Mrs. Ode. ", "They talked."],
        ["The U.S. team won. ", "We lost."],
        ["A line\nthat goes on. ", "Next."],
        ["A title\n\n", "A text\r\n\r\n", "Another\n \n", "Last"],
        ["Some fruit:\n", "- plums\n", "- pears\n", "1. figs"],
        ["# Fruit\n", "## Plums\nThey are blue. ", "All."],
        ["... and so on. ", "Next."],
        ["No end"],
        [""],
    ],
)
def test_sentences_of_many_scripts(parts):
    text = "".join(parts)
    assert cut(text, borders.sentences(text)) == parts


def test_paragraphs_begin_after_blank_lines_but_not_after_a_heading():
    parts = ["One\nstill one\n\n", "Two\r\n \r\n\r\n", "# Heading\n\nThree\n\n", "Four"]
    text = "".join(parts)
    assert cut(text, borders.paragraphs(text)) == parts


def test_sections_begin_at_headings_and_pages():
    parts = ["Before\n", "# One\n\ntext\n", "### Two\ntext\n\x0c", "Three\n```\n# a comment\n```\n#hashtag\n", "# Four"]
    text = "".join(parts)
    assert cut(text, borders.sections(text)) == parts


def test_lines_begin_after_each_kind_of_break():
    parts = ["a\n", "b\r\n", "c\r", "d\u2028", "e\u2029", "f"]
    assert cut("".join(parts), borders.lines("".join(parts))) == parts


def test_words_begin_after_white_space():
    parts = ["one  ", "two\u3000", "three\n", "vier-fünf"]
    assert cut("".join(parts), borders.words("".join(parts))) == parts


@given(
    st.text(st.sampled_from("ab\r\n e\u0301👩\u200d👦🇩🇪\u1100\u1161한\u094dकष\u0600漢\x0c"), max_size=60),
    st.integers(4, 40),
)
def test_clusters_are_those_of_the_whole_text(text, widest):
    ends = {match.end() for match in regex.finditer(r"\X", text)}
    expected = [place for place in range(1, len(text)) if place not in ends]
    longest = max((len(cluster) for cluster in regex.findall(r"\X", text)), default=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(borders, "WIDEST", max(widest, longest + 1))
        assert borders.inside_clusters(text).tolist() == expected


def test_a_cluster_without_end_is_divided():
    text = "a" + "\u0301" * 1_000
    assert len(text) - 10 < len(borders.inside_clusters(text)) < len(text) - 1


@given(st.text(st.sampled_from("ab.!?。। \n\r\u2029#-\"')1٣\u0301"), max_size=60))
def test_borders_ascend_within_the_text(text):
    for find in (borders.sentences, borders.paragraphs, borders.sections, borders.lines, borders.words):
        places = find(text).tolist()
        assert places == sorted(set(places))
        assert all(0 < place < len(text) for place in places)


@pytest.mark.parametrize(
    "part", [". ", "?)", "a.", "\n", "\r", " ", "\n ", "🇩", "e\u0301.", "\u0301", "\u1100", "```\n", "# a\n", "- "]
)
def test_no_text_takes_more_than_its_share_of_time(part):
    """Ten times the text would take a hundred times as long; the limit on a test's time notices that."""
    text = part * 200_000
    for find in (borders.sentences, borders.paragraphs, borders.sections, borders.inside_clusters):
        find(text)

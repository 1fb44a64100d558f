"""Names of clusters: words that are frequent here and rare elsewhere, and that read well."""

from collections import Counter

import pytest

from vecsmith.clustering.describing import as_name, named
from vecsmith.clustering.naming import Counts, completed, terms_of, weight
from vecsmith.clustering.words import kin, spellings, tells, words_of


def terms(*groups):
    """Return the terms of groups of texts."""
    texts = [text for group in groups for text in group]
    return terms_of(texts, [number for number, group in enumerate(groups) for _ in group])


CATS = ["The cat sleeps in the sun.", "A cat drinks the milk.", "The old cat hunts.", "Cats and the sun."]
TRAINS = ["The train is late.", "A train leaves the station.", "The station and the sun.", "The fast train stops."]


def test_a_cluster_is_named_by_what_is_frequent_here_and_rare_elsewhere():
    found = terms(CATS, TRAINS)
    assert found[0][0] == "cat"
    assert found[1][:2] == ("train", "station")
    assert not {word for each in found.values() for word in each} & {"the", "The", "a"}


def test_function_words_of_other_languages_stay_out_because_they_are_everywhere():
    found = terms(
        ["die Katze schläft und die Sonne scheint", "die Milch trinkt die Katze", "die alte Katze und die Maus"],
        ["die Bahn ist spät und die Leute warten", "die Leute und die Bahn", "die schnelle Bahn und die Türen"],
    )
    assert found[0][0] == "Katze"
    assert found[1][0] == "Bahn"
    assert not {"die", "und"} & {word for each in found.values() for word in each[:3]}


def test_a_phrase_stands_for_the_words_that_mostly_occur_in_it():
    found = terms(
        ["prime minister resigns", "the prime minister spoke", "a prime minister travels"],
        ["rain in the hills", "rain by the sea", "heavy rain"],
    )
    assert found[0][0] == "prime minister"


def test_a_word_that_never_stands_without_another_is_completed():
    texts = [["in", "new", "york", "today"], ["new", "york", "wins"], ["the", "new", "york", "office"]]
    often = Counter((word,) for words in texts for word in words)
    assert completed(("york",), texts, 3, often) == ("new", "york")
    assert completed(("york",), texts, 2, often) == ("york",)
    assert completed(("today",), texts, 3, often) == ("today",)


def test_forms_of_one_word_are_told_once():
    found = terms(["refund refunded refunds", "refunds refund", "refund refunded"], ["walk", "walks", "walked"])
    assert found[0] == ("refund",)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("transfer", "transferred", True),
        ("iraq", "iraqi", True),
        ("fee", "fees", True),
        ("card", "cash", False),
        ("us", "use", False),
        ("a", "a", True),
    ],
)
def test_forms_of_one_word_begin_alike(one, other, same):
    assert kin(one, other) is kin(other, one) is same


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It's <b>done</b>, don't worry", ["It's", "done", "don't", "worry"]),
        ("see https://example.org/a?b=c and www.example.org now", ["see", "and", "now"]),
        ("fish &amp; chips &lt;br&gt;", ["fish", "chips"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("Ωμέγα, тест", ["Ωμέγα", "тест"]),
        ("", []),
    ],
)
def test_words_are_found_in_any_script_and_not_in_markup(text, expected):
    assert words_of(text) == expected


@pytest.mark.parametrize("word", ["the", "don't", "i'm", "they’ve", "2024", "s", "a_b", "x" * 31])
def test_what_says_nothing_cannot_be_a_name(word):
    assert not tells(word)


@pytest.mark.parametrize("word", ["card", "3g", "水", "us", "o'brien", "pin"])
def test_what_says_something_can(word):
    assert tells(word)


def test_names_are_spelled_as_they_mostly_are():
    texts = [["Microsoft", "raises", "Prices"], ["MICROSOFT", "prices"], ["Microsoft", "prices"]]
    shown = spellings([("microsoft",), ("prices",), ("raises", "prices")], texts)
    assert shown == {("microsoft",): "Microsoft", ("prices",): "prices", ("raises", "prices"): "raises Prices"}


def test_the_weight_is_its_formula():
    from math import log

    counts = Counts(Counter({0: 4, 1: 8}))
    for _ in range(3):
        counts.add(0, {("cat",)})
    counts.add(1, {("cat",)})
    assert weight(counts, ("cat",), 0) == pytest.approx(0.75 * log((3.5 / 5) / (1.5 / 9)) * log(1 + 12 / 4))
    assert weight(counts, ("cat",), 1) == 0


def test_one_cluster_has_its_frequent_words():
    assert terms(CATS)[0][:2] == ("cat", "sun")


def test_outliers_are_compared_with_and_not_named():
    assert set(terms_of(["cats here", "trains there", "cats again"], [0, -1, 0])) == {0}


def test_texts_without_words_name_nothing():
    assert terms(["!!!", "..."], ["🙂", ""]) == {0: (), 1: ()}
    assert as_name("\x1b[31m🙂", 3) == ("[31m🙂",)
    assert as_name(" \n", 3) == ("cluster 3",)
    assert len(as_name("word " * 100, 0)[0]) <= 60


def test_no_two_clusters_have_one_name():
    assert named([("a", "b", "c", "d"), ("a", "b", "c", "e")]) == ["a, b, c, d", "a, b, c, e"]
    assert named([("a",), ("a",), ("a",)]) == ["a", "a (2)", "a (3)"]


def test_a_long_text_counts_once():
    found = terms(["spam " * 5000, "tea and cake", "tea and milk", "tea"], ["rock", "sand", "clay", "stone"])
    assert found[0][0] == "tea"

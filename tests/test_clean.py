"""Clean-up by name: what each step does, and that they compose."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecsmith import ConfigError
from vecsmith.clean import STEPS, cleaner

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@pytest.mark.parametrize(
    ("step", "dirty", "clean"),
    [
        ("nfc", "e\u0301", "é"),
        ("nfkc", "ﬁne ½", "fine 1⁄2"),
        ("whitespace", "  a \t b\r\n\r\n\r\n\r\nc\u00a0d \n e ", "a b\n\nc d\ne"),
        ("control", "a\x07b\u200bc\ufeffd\u202ee\tf\ng", "abcde\tf\ng"),
        ("control", "a\u2028b\x0cc", "a b c"),
        ("control", "👩\u200d👧", "👩\u200d👧"),
        ("mojibake", "sÃ£o cafÃ©", "são café"),
        ("lower", "ÄÖ", "äö"),
        ("casefold", "Straße", "strasse"),
    ],
)
def test_a_step_does_what_its_name_says(step, dirty, clean):
    assert cleaner([step])(dirty) == clean


def test_steps_run_in_the_order_given():
    assert cleaner(("nfd", "nfc"))("é") == "é"
    assert cleaner(("nfc", "nfd"))("é") == unicodedata.normalize("NFD", "é")


def test_a_single_name_is_one_step_and_none_is_none():
    assert cleaner("lower")("A") == "a"
    assert cleaner(()) is None


@pytest.mark.parametrize("name", ["nfx", 7, None])
def test_an_unknown_step_is_refused(name):
    with pytest.raises(ConfigError, match="nfc, nfd"):
        cleaner([name])


@pytest.mark.parametrize("step", sorted(STEPS))
@given(text=TEXT)
def test_cleaning_twice_is_cleaning_once(step, text):
    clean = cleaner([step])
    if step != "mojibake":  # which may undo one mistake at a time
        assert clean(clean(text)) == clean(text)


def test_what_names_no_steps_is_refused():
    with pytest.raises(ConfigError, match="names of steps"):
        cleaner(5)

"""Keys name everything that changes a vector, and stay what they are."""

from hypothesis import given
from hypothesis import strategies as st

from vecsmith.cache.key import KEY_BYTES, Keys

IDENTITY = {"weights": "sha256:00", "pooling": "mean", "prompt": None, "width": 384}
names = st.dictionaries(st.text(), st.none() | st.integers() | st.text())


def test_keys_are_what_they_were_in_every_version():
    assert [key.hex() for key in Keys(IDENTITY).keys(["", "a cat", "猫"])] == [
        "87f9da92ce283596bd3c35d17bd4f3d4add14a8f9844f9cca31dcd4f1a58c3ce",
        "2f9cdb194f7ea954601dee328014b171a355a463cce443300d36e2fea0fe99b4",
        "91dfc40849fc7ee14ba30d4d14d522f43b062f1723d32d8709ae0a40ef67087a",
    ]


def test_a_key_is_256_bits():
    assert {len(key) for key in Keys({}).keys(["", "a", "b" * 10_000])} == {KEY_BYTES}


def test_the_order_of_the_identity_does_not_matter():
    assert Keys(IDENTITY).keys(["a"]) == Keys(dict(reversed(IDENTITY.items()))).keys(["a"])


@given(names, names, st.text(), st.text())
def test_keys_differ_where_identity_or_text_do(one, other, text, another):
    same = one == other and text == another
    assert (Keys(one).keys([text]) == Keys(other).keys([another])) == same


def test_a_name_left_out_is_not_a_name_that_is_none():
    assert Keys({"prompt": None}).keys(["a"]) != Keys({}).keys(["a"])


def test_a_number_is_not_its_digits():
    assert Keys({"width": 1}).keys(["a"]) != Keys({"width": "1"}).keys(["a"])


def test_an_unpaired_surrogate_has_a_key_of_its_own():
    assert len(set(Keys({}).keys(["\ud800", "\ud801", "\ufffd"]))) == 3


@given(st.lists(st.text()))
def test_the_key_of_a_text_does_not_depend_on_its_neighbours(texts):
    assert Keys(IDENTITY).keys(texts) == [Keys(IDENTITY).keys([text])[0] for text in texts]

"""Any text at all becomes a vector, or is refused in words."""

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

ANY = st.characters(exclude_categories=())  # unpaired surrogates and unassigned characters too
ODD = st.sampled_from(
    [
        "\x00",
        "\ud800",
        "\udfff",
        "\ufffe",
        "\uffff",
        "\U0010ffff",
        "\u202e",
        "\u200d",
        "\u0301",
        "\ufeff",
        "\x1b[31m",
        "[CLS]",
        "[SEP]",
        "[PAD]",
        "##",
        "\r\n",
        "\u2028",
        "İ",
        "ß",
        "ﬁ",
        "👩‍👩‍👧‍👦",
        "漢",
        "\u0e33",
        "\u0d4d",
        "Z͑ͫ̓",
    ]
)
PIECES = st.one_of(ODD, ANY, st.text(ANY, max_size=12), st.just(" "))
TEXT = st.builds(
    lambda pieces, times: "".join(pieces) * times, st.lists(PIECES, max_size=8), st.sampled_from([1, 1, 1, 2, 60])
)
TEXTS = st.lists(TEXT, max_size=6)
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NASTY = ["", " ", "\x00", "\ud800" * 300, "\u0301" * 600, "x" * 5000, "\t\n\r", "[PAD] " * 300, "\U0010ffff"]


def assert_unit_vectors(vectors, texts):
    assert vectors.shape == (len(texts), 384)
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=0, atol=1e-5)


@FUZZ
@given(TEXTS)
@example(NASTY)
def test_auto_gives_finite_unit_vectors_too(auto_embedder, texts):
    assert_unit_vectors(auto_embedder.embed(texts, on_long="truncate").vectors, texts)


@FUZZ
@given(TEXTS)
@example(NASTY)
def test_any_texts_give_as_many_finite_unit_vectors_and_tokens_that_add_up(embedder, texts):
    result = embedder.embed(texts, on_long="truncate")
    assert_unit_vectors(result.vectors, texts)
    tokenizer = embedder.generator.tokenizer.tokenizer
    for item, text in zip(result.items, texts, strict=True):
        readable = "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in text)
        assert item.tokens + item.dropped == len(tokenizer.encode(readable).ids)
        assert 2 <= item.tokens <= 256
        assert item.dropped == 0 or item.tokens == 256
        assert item.replaced == sum(a != b for a, b in zip(text, readable, strict=True))


@FUZZ
@given(TEXTS)
def test_a_text_cut_at_its_start_reads_as_many_tokens(tiny, texts):
    _, embedder = tiny
    ends, starts = (embedder.embed(texts, on_long=on_long).items for on_long in ("truncate", "truncate_start"))
    assert [(item.tokens, item.dropped) for item in ends] == [(item.tokens, item.dropped) for item in starts]


@FUZZ
@given(TEXTS)
def test_a_stream_gives_the_vectors_of_a_call(tiny, texts):
    _, embedder = tiny
    whole = embedder.embed(texts, on_long="truncate").vectors
    parts = [part.vectors for part in embedder.stream(texts, on_long="truncate")]
    np.testing.assert_allclose(np.concatenate(parts) if parts else np.empty((0, 32)), whole, rtol=0, atol=1e-5)

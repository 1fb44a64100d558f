"""Input in other encodings than UTF-8."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecsmith import ConfigError
from vecsmith.files import read_rows
from vecsmith.files.charset import Recoded, as_utf8, encoding_of

GERMAN = "Die Mühle steht am Fluß, und jeden Abend hört man das Rad. Später kommen die Gäste zurück.\n" * 20
RUSSIAN = "Старая мельница стоит у реки, и каждый вечер слышно колесо.\n" * 20
JAPANESE = "川のそばに古い水車小屋があり、毎晩その音が聞こえる。\n" * 20


def texts_of(path, **options):
    bad = []
    with read_rows(path, on_bad=bad.append, **options) as rows:
        return rows.encoding, [row.text for row in rows], bad


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "cp1252"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc-jp"),
        (GERMAN, "utf-16"),
        (JAPANESE, "utf-32"),
        (RUSSIAN, "utf-8"),
        (RUSSIAN, "utf-8-sig"),
    ],
)
def test_a_file_in_any_encoding_is_read_and_says_which(tmp_path, text, encoding):
    path = tmp_path / "in.txt"
    path.write_bytes(text.encode(encoding))
    found, texts, bad = texts_of(path)
    assert (texts, bad) == (text.splitlines(), [])
    assert (found == "utf-8") == encoding.startswith("utf-8")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le", "utf-16-be", "cp037"])
def test_a_named_encoding_is_taken_at_its_word(tmp_path, encoding):
    path = tmp_path / "in.csv"
    path.write_bytes("id,text\n1,Müll\n".encode(encoding))
    assert texts_of(path, encoding=encoding)[1:] == (["Müll"], [])


def test_a_few_broken_bytes_are_broken_utf8_and_no_other_encoding():
    assert encoding_of("Grüße ".encode() * 50 + b"\xff", None, "x") == "utf-8"
    assert encoding_of(b"d\xf6g\n", None, "x") == "utf-8"
    assert encoding_of("Grüße".encode()[:3], None, "x") == "utf-8"


@pytest.mark.parametrize("named", ["cp99999", "", "a b", "hex", "idna", "punycode", "undefined", "rot13"])
def test_an_unknown_encoding_is_refused(tmp_path, named):
    (tmp_path / "in.txt").write_text("a")
    with pytest.raises(ConfigError, match="no encoding"):
        texts_of(tmp_path / "in.txt", encoding=named)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(["utf-16", "utf-32", "utf-8", "gb18030"]))
def test_recoding_changes_nothing(text, encoding):
    stream = as_utf8(io.BufferedReader(io.BytesIO(text.encode(encoding))), encoding)
    assert stream.read().decode() == text


def test_what_cannot_be_decoded_is_replaced_and_closing_closes_what_is_beneath():
    beneath = io.BufferedReader(io.BytesIO(b"a\x00b"))
    with io.BufferedReader(Recoded(beneath, "utf-16-le")) as stream:
        assert stream.read() == "a\ufffd".encode()
    assert beneath.closed


def test_utf16_without_its_mark_is_said_in_words(tmp_path):
    (tmp_path / "in.txt").write_bytes(b"a cat and a dog\n")
    with pytest.raises(ConfigError, match="BOM"):
        texts_of(tmp_path / "in.txt", encoding="utf-16")

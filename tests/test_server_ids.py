"""Token ids in place of texts."""

import base64
from dataclasses import replace
from hashlib import sha256

import pytest

from asking import ask, vectors
from served import serving
from vecsmith.dialects.serving import Problem
from vecsmith.errors import ConfigError
from vecsmith.server.works.ids import vocabulary
from vecsmith.testing import FakeGenerator
from vecsmith.vocabularies import VOCABULARIES

TOKENS = [b"hello", b" world", b"caf", b"\xc3", b"\xa9", b"\xff", b"!"]
FILE = b"".join(base64.b64encode(token) + b" %d\n" % number for number, token in enumerate(TOKENS))


@pytest.fixture
def file(tmp_path):
    (tmp_path / "tiny.tiktoken").write_bytes(FILE)
    return str(tmp_path / "tiny.tiktoken")


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    return tmp_path


def test_ids_become_the_text_they_were_made_of(file):
    assert vocabulary(file).texts([[0, 1, 6], [2, 3, 4]]) == ["hello world!", "café"]


def test_half_a_character_is_replaced_and_not_refused(file):
    assert vocabulary(file).texts([[2, 3], [4, 6], [5]]) == ["caf\ufffd", "\ufffd!", "\ufffd"]


def test_special_tokens_are_known(file):
    assert vocabulary(file).texts([[0, 100257]]) == ["hello<|endoftext|>"]


def test_a_number_that_means_nothing_is_named_with_its_place(file):
    with pytest.raises(Problem, match=r"input 1: cl100k_base.* has no 77") as caught:
        vocabulary(file).texts([[0], [1, 77]])
    assert caught.value.index == 1


@pytest.mark.parametrize("raw", [b"", b"hello 1 2\n", b"aGVsbG8= x\n", b"h? 1\n"])
def test_a_named_file_that_is_none_stops_the_server_from_starting(tmp_path, raw):
    (tmp_path / "bad").write_bytes(raw)
    with pytest.raises(ConfigError, match="is not the file of cl100k_base"):
        vocabulary(str(tmp_path / "bad"))
    with pytest.raises(ConfigError, match="is not the file of cl100k_base"):
        vocabulary(str(tmp_path / "none"))


def test_tiktokens_folder_is_looked_into_and_only_the_right_file_is_read(empty_folder, monkeypatch):
    assert vocabulary(None) is None
    (empty_folder / VOCABULARIES["cl100k_base"].file).write_bytes(FILE)
    assert vocabulary(None) is None
    right = replace(VOCABULARIES["cl100k_base"], sha256=sha256(FILE).hexdigest())
    monkeypatch.setitem(VOCABULARIES, "cl100k_base", right)
    assert vocabulary(None).texts([[0]]) == ["hello"]
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    assert vocabulary(None) is None


@pytest.mark.parametrize("path", ["/v1/embeddings", "/openai/v1/embeddings"])
def test_ids_are_embedded_as_the_text_they_stand_for(file, path):
    with serving({"fake": FakeGenerator()}, vocabulary=file) as (address, _):
        wish = {"model": "fake", "encoding_format": "base64"}
        of_texts = vectors(ask(address, path, wish | {"input": ["hello world", "café"]})[2])
        assert vectors(ask(address, path, wish | {"input": [[0, 1], [2, 3, 4]]})[2]) == of_texts
        assert vectors(ask(address, path, wish | {"input": [0, 1]})[2]) == of_texts[:1]
        status, _, body = ask(address, path, wish | {"input": [[0], [99]]})
        assert (status, "input 1" in body["error"]["message"]) == (400, True)


@pytest.mark.parametrize("path", ["/v1/embeddings", "/openai/v1/embeddings"])
def test_without_the_file_the_clients_switch_is_named(empty_folder, path):
    with serving({"fake": FakeGenerator()}) as (address, _):
        status, _, body = ask(address, path, {"input": [[1, 2]]})
    assert (status, "check_embedding_ctx_length=False" in body["error"]["message"]) == (400, True)

"""Edge functions, as served."""

import numpy as np
import pytest

from asking import asked
from served import serving
from vecsmith import Embedder, Session
from vecsmith.dialects.serving import Problem
from vecsmith.server.access.callers import Visitor, key_of
from vecsmith.testing import FakeGenerator

EMBED = "/functions/v1/embed"


class OneKey:
    """Lets one key in."""

    def caller(self, incoming):
        if key_of(incoming) != "sb_publishable_1":
            raise Problem("key", "Invalid JWT")
        return Visitor()


@pytest.fixture(scope="module")
def fake():
    with serving({"fake": FakeGenerator(normalizes=False)}, max_batch=40) as (address, _):
        yield address


def test_a_text_becomes_a_plain_list_of_numbers_of_length_one(fake):
    said = asked(fake, EMBED, {"input": "a cat"})
    vector = FakeGenerator().vector("a cat")
    np.testing.assert_allclose(said.body["embedding"], vector / np.linalg.norm(vector), atol=1e-6)
    assert said.headers["content-type"] == "application/json"
    assert said.headers["access-control-allow-origin"] == "*"


def test_several_texts_become_several(fake):
    said = asked(fake, EMBED, {"input": ["a", "b"], "normalize": False})
    np.testing.assert_array_equal(np.float32(said.body["embedding"]), [FakeGenerator().vector(each) for each in "ab"])


def test_plain_text_is_the_text_itself_unless_it_is_what_json_would_be(fake):
    kind = {"content-type": "text/plain;charset=UTF-8"}
    expected = asked(fake, EMBED, {"input": "a cat"}).body
    assert asked(fake, EMBED, b"a cat", kind).body == expected
    assert asked(fake, EMBED, b'{"input": "a cat"}', kind).body == expected
    assert asked(fake, EMBED, b"{a cat}", kind).status == 200


def test_browsers_are_allowed_from_everywhere(fake):
    head = {"origin": "https://app.example", "access-control-request-method": "POST"}
    with serving(cors=("https://other.example",)) as (address, _):
        for where in (fake, address):
            said = asked(where, EMBED, headers=head, method="OPTIONS")
            assert (said.status, said.body) == (200, b"ok")
            assert "apikey" in said.headers["access-control-allow-headers"]
        assert asked(address, "/v1/embeddings", headers=head, method="OPTIONS").status == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"input": []}, 400),
        ({"input": [1]}, 400),
        ({"inputs": "a"}, 400),
        ({"input": ["a"] * 41}, 400),
        ({"input": ["a", "b"], "mean_pool": False}, 400),
        ({"input": "a", "mean_pool": False}, 501),
        ({"input": "a", "model": "unheard-of"}, 404),
        (b"not json", 400),
    ],
)
def test_an_error_has_a_code_a_message_and_the_header_that_browsers_want(fake, body, status):
    said = asked(fake, EMBED, body)
    assert (said.status, said.body["code"]) == (status, status)
    assert said.body["message"]
    assert said.headers["access-control-allow-origin"] == "*"


def test_a_function_that_is_not_here_is_not_found(fake):
    said = asked(fake, "/functions/v1/hello", {"input": "a"})
    assert (said.status, said.body["code"]) == (404, "NOT_FOUND")
    assert said.body["message"].startswith("Requested function was not found")


def test_the_key_in_apikey_counts_before_the_token_of_who_is_signed_in():
    with serving(access=OneKey()) as (address, _):
        signed_in = {"authorization": "Bearer of.a.person"}
        assert asked(address, EMBED, {"input": "a"}, {"apikey": "sb_publishable_1", **signed_in}).status == 200
        assert asked(address, EMBED, {"input": "a"}, {"authorization": "Bearer sb_publishable_1"}).status == 200
        said = asked(address, EMBED, {"input": "a"}, signed_in)
        assert (said.status, said.body["code"]) == (401, 401)


@pytest.mark.parametrize(
    "flags", [{}, {"normalize": False}, {"mean_pool": False}, {"mean_pool": False, "normalize": False}]
)
def test_flags_do_what_they_do_in_a_session(flags):
    with (
        Embedder("minilm") as embedder,
        Session("minilm") as session,
        serving({"m": embedder._embedder}) as (address, _),
    ):
        said = asked(address, EMBED, {"input": "a cat", **flags})
        np.testing.assert_allclose(said.body["embedding"], session.run("a cat", **flags), atol=2e-3)

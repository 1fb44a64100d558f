"""The description of the routes."""

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from asking import asked
from served import serving
from vecsmith.dialects.serving import Problem
from vecsmith.dialects.tei_server import TEIEmbed
from vecsmith.dialects.tei_tokens import TEIDecode
from vecsmith.server.endpoint import Row
from vecsmith.server.inside.openapi import PART, document
from vecsmith.server.routes import ROWS
from vecsmith.server.works.embed import nothing


@pytest.fixture(scope="module")
def told():
    return document(ROWS)


def test_it_is_valid(told):
    OpenAPIV31SpecValidator(told).validate()


def test_it_tells_of_every_route_but_those_that_only_refuse(told):
    there = [(method.upper(), PART.sub("{}", path)) for path, item in told["paths"].items() for method in item]
    assert len(there) == len(set(there))
    answering = [row for row in ROWS if not getattr(row.side, "refuses", False)]
    assert set(there) == {(row.method, PART.sub("{}", row.path)) for row in answering}
    assert {row.path.rpartition("/")[2] for row in ROWS if row not in answering} == {
        *("rerank", "predict", "embed_sparse", "{method:path}")
    }


def test_every_body_that_is_read_is_described():
    without = {row.path for row in ROWS if row.method == "POST" and not hasattr(row.side, "body")}
    for path in without:
        assert path.endswith(("/check-api-key", "{method:path}", "/rerank", "/predict", "/embed_sparse")), path


def test_it_is_there_without_a_key():
    class Locked:
        def caller(self, incoming):
            raise Problem("key", "no")

    with serving(access=Locked()) as (address, _):
        said = asked(address, "/openapi.json")
        assert said.status == 200
        assert said.body["openapi"] == "3.1.0"


def test_two_routes_of_one_path_take_the_bodies_of_both():
    rows = [
        Row("POST", "/v1/embeddings", name, side, nothing) for name, side in (("a", TEIEmbed()), ("b", TEIDecode()))
    ]
    (item,) = document(rows)["paths"].values()
    schema = item["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert [each["$ref"].rpartition("/")[2] for each in schema["anyOf"]] == ["EmbedBody", "DecodeBody"]
    assert item["post"]["tags"] == ["a", "b"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/tei/embed", "POST"),
        ("/rerank", "POST"),
        ("/v1beta/models/fake", "GET"),
        ("/v1/models/fake", "GET"),
        ("/v1/models/fake:embedContent", "POST"),
        ("/functions/v1/embed", "POST, OPTIONS"),
    ],
)
def test_another_method_is_answered_with_those_that_there_are(path, allowed):
    with serving() as (address, _):
        said = asked(address, path, method="PUT", body={})
        assert (said.status, said.headers["allow"]) == (405, allowed)


def test_a_member_whose_name_no_header_can_hold_is_named_all_the_same():
    with serving() as (address, _):
        said = asked(address, "/embed", {"inputs": "a", "line\r\nbreak-\x1f-é": 1})
        assert (said.status, said.headers["x-vecsmith-ignored"]) == (200, "line??break-?-?")

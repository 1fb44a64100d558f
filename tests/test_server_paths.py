"""Which route a path leads to."""

import asyncio

import pytest
from starlette.routing import Route

from vecsmith.server.paths import Paths


class Place:
    """Remembers what came to it."""

    def __init__(self):
        self.seen = []

    async def __call__(self, scope, receive, send):
        self.seen.append(scope.get("path_params", {}))


@pytest.mark.parametrize(
    ("method", "path", "name", "params"),
    [
        ("POST", "/v1/embed", "embed", {}),
        ("GET", "/v1/embed", "method", {}),
        ("POST", "/v1/models/a/b:c:run", "run", {"model": "a/b:c"}),
        ("POST", "/v1/models/a/b:c:stop", "other", {"rest": "a/b:c:stop"}),
        ("GET", "/", "root", {}),
        ("POST", "/v1/embed/", "nowhere", {}),
        ("POST", "/v2/embed", "nowhere", {}),
        ("POST", "", "nowhere", {}),
    ],
)
def test_a_path_leads_to_the_first_route_that_takes_it(method, path, name, params):
    places = {name: Place() for name in ("embed", "method", "run", "other", "root", "nowhere")}
    routes = [
        Route("/", places["root"], methods=["GET"]),
        Route("/v1/embed", places["embed"], methods=["POST"]),
        Route("/v1/models/{model:path}:run", places["run"], methods=["POST"]),
        Route("/v1/models/{rest:path}", places["other"], methods=["POST"]),
        Route("/v1/embed", places["method"]),
    ]
    scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
    asyncio.run(Paths(routes, places["nowhere"])(scope, None, None))
    assert {name: place.seen for name, place in places.items() if place.seen} == {name: [params]}

"""Both halves of a wire format together: what our client asks is what our server understands."""

from urllib.parse import urlsplit

import pytest

from vecsmith.dialects import Asked
from vecsmith.dialects.azure import AzureClient, AzureServer
from vecsmith.dialects.jina import JinaClient, JinaServer
from vecsmith.dialects.mistral import MistralClient, MistralServer
from vecsmith.dialects.ollama import OllamaClient, OllamaEmbed
from vecsmith.dialects.openai import OpenAIClient, OpenAIServer
from vecsmith.dialects.root import RootServer
from vecsmith.dialects.serving import Incoming
from vecsmith.dialects.voyage import VoyageClient, VoyageServer
from vecsmith.wire import Service

SERVICE = Service("acme", "https://acme.example", "k-1")
TEXTS = ["a", 'b\n\u2028\U0001f600 "c"', "d" * 50]

HALVES = [
    (OpenAIClient(), OpenAIServer()),
    (AzureClient(version="2024-10-21"), AzureServer()),
    (AzureClient(), AzureServer()),
    (VoyageClient(), VoyageServer()),
    (MistralClient(), MistralServer()),
    (JinaClient(), JinaServer()),
    (OllamaClient(), OllamaEmbed()),
    (OpenAIClient(), RootServer()),
    (VoyageClient(), RootServer()),
    (MistralClient(), RootServer()),
    (JinaClient(), RootServer()),
]
SAY_LONG = (VoyageClient, JinaClient, OllamaClient)
SAY_TASK = (VoyageClient, JinaClient)


def understood(client, server, **asked):
    sent = client.build_request(SERVICE, Asked(TEXTS, "m/1:x", **asked))
    path = urlsplit(sent.url).path
    named = {"model": "m/1:x"} if "/deployments/" in path else {}
    headers = {name.lower(): value for name, value in sent.headers.items()}
    return server.parse_request(Incoming(sent.method, path, named, {}, headers, sent.body))


@pytest.mark.parametrize(("client", "server"), HALVES, ids=lambda half: type(half).__name__)
def test_what_the_client_asks_is_what_the_server_understands(client, server):
    plain = understood(client, server)
    assert (plain.texts, plain.model, plain.ids, tuple(plain.encodings)) == (TEXTS, "m/1:x", None, ("float32",))
    assert "dimensions" not in plain.options
    assert understood(client, server, dimensions=8).options["dimensions"] == 8
    if isinstance(client, SAY_TASK):
        asked = understood(client, server, task="query").options["task"]
        assert asked in {"query", "retrieval_query"}
    for on_long in ("truncate", "error") if isinstance(client, SAY_LONG) else ():
        assert understood(client, server, on_long=on_long).options["on_long"] == on_long
    assert plain.ignored == ()

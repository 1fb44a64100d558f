"""Compare `vecsmith.compat.generativeai` with google-generativeai itself, call by call.

    python3 -m venv /tmp/genai && /tmp/genai/bin/pip install google-generativeai==0.7.2 numpy msgspec
    python bench/compat_generativeai.py /tmp/genai/bin/python

The original speaks to a stub here that answers with vectors as wide as ``minilm``'s. Three sides make the same calls:
the original; vecsmith with ``minilm``; and vecsmith with the original's own clients, in the original's Python. Prints
what each call gave (shape and types, or the built-in error it can be caught as) and the arguments of each function.
Ends with exit code 1 where a call that the original answers is answered otherwise, or where arguments differ.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parents[1]
WIDTH = 384
SIDES = ("original", "vecsmith", "its clients")
FUNCTIONS = (
    "configure",
    "embed_content",
    "embed_content_async",
    "generate_embeddings",
    "get_base_model",
    "get_model",
    "list_models",
)
CAUGHT_AS = (ValueError, TypeError, KeyError, AttributeError, TimeoutError)

MODEL = {
    "name": "models/minilm",
    "displayName": "minilm",
    "inputTokenLimit": 256,
    "outputTokenLimit": 1,
    "supportedGenerationMethods": ["embedText", "embedContent"],
}


class Stub(BaseHTTPRequestHandler):
    """Google's service, as far as its client asks here."""

    def do_GET(self) -> None:
        single = self.path.partition("?")[0].endswith("/minilm")
        self.answer(MODEL if single else {"models": [MODEL]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        vector = [0.5] * WIDTH
        method = self.path.partition("?")[0].rpartition(":")[2]
        self.answer(
            {
                "embedText": lambda: {"embedding": {"value": vector}},
                "batchEmbedText": lambda: {"embeddings": [{"value": vector}] * len(body["texts"])},
                "embedContent": lambda: {"embedding": {"values": vector}},
                "batchEmbedContents": lambda: {"embeddings": [{"values": vector}] * len(body["requests"])},
            }[method]()
        )

    def answer(self, body: Mapping[str, Any]) -> None:
        written = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(written)))
        self.end_headers()
        self.wfile.write(written)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def cases(genai: Any, text: Any, content: Any) -> dict[str, Callable[[], Any]]:
    """Return the calls; `text` and `content` are the clients to give, None for the package's own."""
    model, many = "models/minilm", [f"text {i}" for i in range(101)]
    generate, embed = genai.generate_embeddings, genai.embed_content
    return {
        "generate_embeddings, string": lambda: generate(model, "a", text),
        "generate_embeddings, one in a list": lambda: generate(model, ["a"], text),
        "generate_embeddings, tuple": lambda: generate(model, ("a", "b"), text),
        "generate_embeddings, iterator": lambda: generate(model, iter(["a", "b"]), text),
        "generate_embeddings, 101": lambda: generate(model=model, text=many, client=text),
        "generate_embeddings, none": lambda: generate(model, [], text),
        "generate_embeddings, empty string": lambda: generate(model, "", text),
        "generate_embeddings, timeout": lambda: generate(model, "a", text, {"timeout": 60}),
        "generate_embeddings, model object": lambda: generate(genai.get_model(model), "a", text),
        "generate_embeddings, unknown option": lambda: generate(model, "a", text, {"deadline": 60}),
        "generate_embeddings, number": lambda: generate(model, 7, text),
        "generate_embeddings, name without models/": lambda: generate("minilm", "a", text),
        "generate_embeddings, empty name": lambda: generate("", "a", text),
        "generate_embeddings, name is a number": lambda: generate(7, "a", text),
        "embed_content, string": lambda: embed(model, "a", client=content),
        "embed_content, list": lambda: embed(model, ["a", "b"], client=content),
        "embed_content, 101": lambda: embed(model, many, client=content),
        "embed_content, none": lambda: embed(model, [], client=content),
        "embed_content, content of parts": lambda: embed(model, {"parts": ["a", "b"]}, client=content),
        "embed_content, part": lambda: embed(model, {"text": "a"}, client=content),
        "embed_content, lists of parts": lambda: embed(model, [["a", "b"], "c"], client=content),
        "embed_content, task": lambda: embed(model, "a", "RETRIEVAL_query", client=content),
        "embed_content, task verification": lambda: embed(model, "a", "verification", client=content),
        "embed_content, task by number": lambda: embed(model, ["a"], 7, client=content),
        "embed_content, title": lambda: embed(model, "a", "document", "T", client=content),
        "embed_content, title without task": lambda: embed(model, "a", None, "T", client=content),
        "embed_content, title, other task": lambda: embed(model, "a", "query", "T", client=content),
        "embed_content, width 0": lambda: embed(model, "a", output_dimensionality=0, client=content),
        "embed_content, width -1": lambda: embed(model, "a", output_dimensionality=-1, client=content),
        "embed_content, unknown task": lambda: embed(model, "a", "retreival", client=content),
        "embed_content, empty string": lambda: embed(model, "", client=content),
        "embed_content, empty in a list": lambda: embed(model, ["a", ""], client=content),
        "get_model": lambda: vars(genai.get_model(model)),
        "embed_content, tuned model": lambda: embed("tunedModels/mine", "a", client=content),
        "list_models": lambda: [type(m).__name__ for m in genai.list_models()],
        "list_models, in a loop": lambda: next(genai.list_models()).name,
        "key given twice": lambda: genai.configure(api_key="a", client_options={"api_key": "b"}),
    }


def shape(value: Any) -> str:
    """Return a value's types and lengths."""
    if isinstance(value, dict) and list(value) == ["embedding"]:
        return f"embedding: {shape(value['embedding'])}"
    if isinstance(value, dict):
        return ", ".join(value)
    if isinstance(value, list):
        return f"{len(value)} of ({shape(value[0])})" if value else "0"
    return type(value).__name__


def outcome(call: Callable[[], Any]) -> str:
    """Return what a call gave, or by which of Python's errors what it raised can be caught."""
    try:
        return shape(call())
    except Exception as error:  # noqa: BLE001 (whatever it is, it is what is compared)
        return "raises " + ("/".join(kind.__name__ for kind in CAUGHT_AS if isinstance(error, kind)) or "its own error")


def arguments(function: Callable[..., Any]) -> str:
    """Return a function's arguments with their defaults; a star stands before those that are given by name alone."""
    given = inspect.signature(function).parameters.values()
    written = [str(p.replace(annotation=p.empty)) for p in given]
    named = next((i for i, p in enumerate(given) if p.kind is p.KEYWORD_ONLY), len(written))
    return ", ".join([*written[:named], *(["*"] if named < len(written) else []), *written[named:]])


def side(name: str, address: str) -> dict[str, Any]:
    """Make all calls on one side."""
    options = {"api_endpoint": address}
    text = content = None
    if name == "vecsmith":
        import vecsmith.compat.generativeai as genai
    else:
        import google.generativeai as genai
        from google.generativeai.client import get_default_generative_client, get_default_text_client

        genai.configure(api_key="key", transport="rest", client_options=options)
    if name == "its clients":
        text, content = get_default_text_client(), get_default_generative_client()
        models = genai.get_model, genai.list_models
        import vecsmith.compat.generativeai as genai

        genai.get_model, genai.list_models = models
    outcomes = {case: outcome(call) for case, call in cases(genai, text, content).items()}
    if name != "its clients":
        if name == "original":
            genai.configure(api_key="key", transport="rest", client_options=options)
        outcomes["arguments"] = {n: arguments(getattr(genai, n)) for n in FUNCTIONS}
    if name == "vecsmith":  # the original's needs gRPC for it
        outcomes["embed_content_async"] = shape(asyncio.run(genai.embed_content_async("models/minilm", ["a"])))
    return outcomes


def asked(python: str, name: str, address: str) -> dict[str, Any]:
    """Make all calls on one side, in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [python, __file__, "--side", name, address], env=env, stdout=subprocess.PIPE, check=True, text=True
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def main() -> int:
    if sys.argv[1] == "--side":
        print(json.dumps(side(*sys.argv[2:])))
        return 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    pythons = (sys.argv[1], sys.executable, sys.argv[1])
    found = {name: asked(python, name, address) for name, python in zip(SIDES, pythons, strict=True)}
    original, ours, clients = (found[name] for name in SIDES)
    wrong = 0
    for name, was in original.pop("arguments").items():
        got = ours["arguments"][name]
        wrong += got != was
        print(f"same   {name}({was})" if got == was else f"OTHER  {name}({was}); vecsmith: ({got})")
    for case, was in original.items():
        others = {"vecsmith": ours[case], "its clients": clients[case]}
        differ = {name: got for name, got in others.items() if got != was}
        wrong += bool(differ) and not was.startswith("raises")
        label = "same" if not differ else "OTHER" if not was.startswith("raises") else "error"
        print(f"{label:6} {case}: {was}" + "".join(f"; {name}: {got}" for name, got in differ.items()))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

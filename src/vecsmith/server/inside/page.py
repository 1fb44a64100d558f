"""The page that a browser gets: what is served, and where each client looks for it; nothing in it is from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from vecsmith import __version__

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from vecsmith.dialects.serving import Incoming, ModelCard

__all__ = ["HEADERS", "page"]

HOST = re.compile(r"[A-Za-z0-9_.\-]+(:[0-9]+)?|\[[0-9a-fA-F:.]+\](:[0-9]+)?")
"""What a host may look like; anything else is not repeated."""


@dataclass(frozen=True, slots=True)
class Base:
    """A dialect's own address here, as its clients want it."""

    title: str
    prefix: str
    """What the paths of its routes begin with."""
    path: str
    variable: str = ""
    """The environment variable from which its official clients take the address."""


BASES = (
    Base("OpenAI", "/openai/v1/", "/openai/v1", "OPENAI_BASE_URL"),
    Base("Azure OpenAI", "/openai/deployments/", "", "AZURE_OPENAI_ENDPOINT"),
    Base("Gemini", "/gemini/", "/gemini", "GOOGLE_GEMINI_BASE_URL"),
    Base("Cohere", "/cohere/", "/cohere", "CO_API_URL"),
    Base("Voyage", "/voyage/", "/voyage/v1"),
    Base("Mistral", "/mistral/", "/mistral"),
    Base("Jina", "/jina/", "/jina/v1"),
    Base("Ollama", "/ollama/", "/ollama", "OLLAMA_HOST"),
    Base("Text Embeddings Inference", "/tei/embed", "/tei"),
    Base("Edge functions", "/functions/", "/functions/v1"),
)

STYLE = """
:root { color-scheme: light dark; --ground: #fbfaf8; --card: #fff; --ink: #1d2126; --soft: #646b73; --line: #e4e1db;
  --accent: #0b6e5f; --code: #f4f2ee; }
@media (prefers-color-scheme: dark) { :root { --ground: #15181b; --card: #1c2024; --ink: #e7e6e3; --soft: #9aa1a8;
  --line: #2d3238; --accent: #5fd0b8; --code: #23282d; } }
* { box-sizing: border-box; }
body { margin: 0; padding: 3rem 1.25rem; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { max-width: 46rem; margin: 0 auto; }
h1 { margin: 0; font-size: 1.75rem; letter-spacing: -.02em; }
h1 span { color: var(--accent); }
h2 { margin: 2.25rem 0 .6rem; font-size: .8rem; font-weight: 600; letter-spacing: .08em; text-transform: uppercase;
  color: var(--soft); }
p { margin: .35rem 0 0; color: var(--soft); }
a { color: var(--accent); text-underline-offset: .2em; }
ul { margin: 0; padding: 0; list-style: none; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; overflow: hidden; }
li { display: flex; flex-wrap: wrap; gap: .2rem .9rem; align-items: center; padding: .65rem .9rem; }
li + li { border-top: 1px solid var(--line); }
.name { flex: 0 0 9.5rem; font-weight: 600; }
.about { flex: 1; color: var(--soft); font-size: .93rem; }
code { font: .88rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; }
.line { flex: 1 1 16rem; padding: .25rem .55rem; background: var(--code); border-radius: 6px; user-select: all; }
button { padding: .2rem .65rem; border: 1px solid var(--line); border-radius: 6px; background: none; color: var(--soft);
  font: inherit; font-size: .82rem; cursor: pointer; }
button:hover, button:focus-visible { color: var(--accent); border-color: var(--accent); }
nav { display: flex; flex-wrap: wrap; gap: .4rem 1.4rem; }
@media (max-width: 38rem) { .name { flex-basis: 100%; } .line { flex-basis: 0; } }
""".strip()

SCRIPT = """
for (const button of document.querySelectorAll("button")) {
  const line = button.previousElementSibling;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(line.textContent);
      button.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(line);
      button.textContent = "selected";
    }
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
}
""".strip()


def sha256(text: str) -> str:
    """Return how a content security policy names what may stand in a page."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": f"default-src 'none'; style-src {sha256(STYLE)}; script-src {sha256(SCRIPT)}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "vary": "accept",
    "x-content-type-options": "nosniff",
}

CLOSED = '<li><span class="about">They are told of to whoever has a key.</span></li>'

LINKS = (("/openapi.json", "every route"), ("/metrics", "metrics"), ("/health", "health"), ("/ready", "readiness"))


def page(cards: Sequence[ModelCard], request: Incoming, paths: Collection[str]) -> bytes:
    """Return the page of what one may know of; only dialects and links whose routes are among `paths` are shown."""
    address = address_of(request)
    models = "\n".join(model_row(card) for card in cards) or CLOSED
    shown = [base for base in BASES if any(path.startswith(base.prefix) for path in paths)]
    bases = "\n".join(base_row(base, address) for base in shown)
    links = "\n".join(f'<a href="{path}">{escape(words)}</a>' for path, words in LINKS if path in paths)
    count = f", {len(cards)} {'model' if len(cards) == 1 else 'models'}" if cards else ""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>vecsmith</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>vec<span>smith</span></h1>
<p>Text in, embeddings out. Version {escape(__version__)}{count}.</p>
<h2>Models</h2>
<ul>
{models}
</ul>
<h2>Addresses for clients</h2>
<ul>
{bases}
</ul>
<h2>About this server</h2>
<nav>
{links}
</nav>
</main>
<script>{SCRIPT}</script>
</body>
</html>
""".encode()


def address_of(request: Incoming) -> str:
    """Return how the client came here, as far as that can be repeated."""
    host = request.headers.get("host", "")
    scheme = "https" if request.headers.get("x-forwarded-proto", "") == "https" else "http"
    return f"{scheme}://{host}" if HOST.fullmatch(host) else ""


def model_row(card: ModelCard) -> str:
    """Return what is shown of a model."""
    about = [f"{card.dimensions} dimensions" if card.dimensions else ""]
    about += [f"{card.max_tokens:,} tokens" if card.max_tokens else ""]
    about += [f"also called {', '.join(card.aliases)}" if card.aliases else ""]
    about += ["on this machine" if card.owner == "local" else f"from {card.owner}"]
    said = " · ".join(filter(None, about))
    return f'<li><span class="name">{escape(card.name)}</span><span class="about">{escape(said)}</span></li>'


def base_row(base: Base, address: str) -> str:
    """Return a dialect's line, to be copied."""
    line = f"{base.variable}={address}{base.path}" if base.variable else f"{address}{base.path}"
    return (
        f'<li><span class="name">{escape(base.title)}</span><code class="line">{escape(line)}</code>'
        f'<button type="button" hidden>copy</button></li>'
    )

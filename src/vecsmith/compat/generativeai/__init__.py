"""The embedding calls of the archived package ``google-generativeai``, on any model that vecsmith has.

    >>> import vecsmith.compat.generativeai as genai
    >>> len(genai.generate_embeddings("models/minilm", "hello")["embedding"])
    384

Names, arguments and returned dictionaries are those of its release 0.7.2. ``models/`` before a name may be left out,
and a name may be any that `vecsmith.Embedder` takes; Google's own names go to the provider ``gemini``.
"""

from vecsmith.compat.generativeai import types
from vecsmith.compat.generativeai.calls import embed_content, embed_content_async, generate_embeddings
from vecsmith.compat.generativeai.configured import configure
from vecsmith.compat.generativeai.models import get_base_model, get_model, list_models

__all__ = [
    "configure",
    "embed_content",
    "embed_content_async",
    "generate_embeddings",
    "get_base_model",
    "get_model",
    "list_models",
    "types",
]

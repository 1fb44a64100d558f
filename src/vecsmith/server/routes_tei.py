"""The routes of Text Embeddings Inference and of Hugging Face Inference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vecsmith.dialects.huggingface import HuggingFaceFeatures, HuggingFaceSimilarity
from vecsmith.dialects.tei_server import (
    TEIEmbed,
    TEIEmbedAll,
    TEIInfo,
    TEIOpenAI,
    TEIRefusal,
    TEIRoot,
    TEISimilarity,
)
from vecsmith.dialects.tei_tokens import TEIDecode, TEITokenize
from vecsmith.server.endpoint import Row
from vecsmith.server.works import single
from vecsmith.server.works.embed import nothing
from vecsmith.server.works.tokens import detokenize, tokenize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.dialects.serving import ServerSide
    from vecsmith.server.endpoint import Work

__all__ = ["HUGGING_FACE", "TEI"]

PREFIX = "/tei"

NATIVE: tuple[tuple[str, ServerSide[Any, Any], Work], ...] = (
    ("/embed", TEIEmbed(), single.embed_here),
    ("/embed_all", TEIEmbedAll(), single.unpooled),
    ("/similarity", TEISimilarity(), single.compare),
    ("/tokenize", TEITokenize(), tokenize),
    ("/decode", TEIDecode(), detokenize),
    ("/embeddings", TEIOpenAI(), single.embed_here),
    ("/rerank", TEIRefusal("puts texts in order"), nothing),
    ("/predict", TEIRefusal("puts texts into classes"), nothing),
    ("/embed_sparse", TEIRefusal("makes sparse vectors"), nothing),
    ("/", TEIRoot(), single.embed_or_compare),
)
"""At the root, too, for tools that cannot set a path."""

TEI: Sequence[Row] = (
    *(Row("POST", base + path, "tei", side, work) for base in (PREFIX, "") for path, side, work in NATIVE),
    *(Row("GET", f"{base}/info", "tei", TEIInfo(), single.info) for base in (PREFIX, "")),
    Row("POST", PREFIX, "tei", TEIRoot(), single.embed_or_compare),
    Row("POST", f"{PREFIX}/invocations", "tei", TEIRoot(), single.embed_or_compare),
    Row("POST", f"{PREFIX}/v1/embeddings", "tei", TEIOpenAI(), single.embed_here),
)

PIPELINE = "/hf-inference/models/{id:path}/pipeline"

HUGGING_FACE: Sequence[Row] = (
    Row("POST", f"{PIPELINE}/feature-extraction", "huggingface", HuggingFaceFeatures(), single.embed_here),
    Row("POST", f"{PIPELINE}/sentence-similarity", "huggingface", HuggingFaceSimilarity(), single.compare),
)

"""The embedding half of the package ``sentence-transformers``, on any model that vecsmith has, without PyTorch.

    >>> from vecsmith.compat.sentence_transformers import SentenceTransformer
    >>> SentenceTransformer("all-MiniLM-L6-v2").encode("hello").shape
    (384,)

Names, arguments and what is returned are those of its release 6.2. What was written for the original runs with its
import changed; what cannot be done here is refused in a sentence. Training, cross-encoders and sparse encoders are not
here.
"""

from vecsmith.compat.sentence_transformers import util
from vecsmith.compat.sentence_transformers.model import SentenceTransformer
from vecsmith.compat.sentence_transformers.quantization import quantize_embeddings
from vecsmith.compat.sentence_transformers.similarity import SimilarityFunction

__all__ = ["SentenceTransformer", "SimilarityFunction", "quantize_embeddings", "util"]

"""The dense half of the package ``fastembed``, on any model that vecsmith has.

    >>> from vecsmith.compat.fastembed import TextEmbedding
    >>> model = TextEmbedding("sentence-transformers/all-MiniLM-L6-v2")
    >>> [vector.shape for vector in model.embed(["hello", "goodbye"])]
    [(384,), (384,)]

Names, arguments and what is returned are those of its release 0.9. Sparse, image and late-interaction models are not
here.
"""

from vecsmith.compat.fastembed.embedding import TextEmbedding

__all__ = ["TextEmbedding"]

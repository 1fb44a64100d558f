"""Generators around a generator: each adds one thing to every call, and all else goes through."""

from vecsmith.middleware.cached import Cached
from vecsmith.middleware.defaulted import Defaulted
from vecsmith.middleware.guarded import Guarded
from vecsmith.middleware.layer import Layer, compose
from vecsmith.middleware.limited import Limited
from vecsmith.middleware.logged import Logged
from vecsmith.middleware.retried import Retried
from vecsmith.middleware.traced import Traced

__all__ = ["Cached", "Defaulted", "Guarded", "Layer", "Limited", "Logged", "Retried", "Traced", "compose"]

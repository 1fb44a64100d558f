"""Models of the Hugging Face hub: found whole on this machine, or brought here, checked, into the hub's own cache."""

from vecsmith.hub.download import Pulled, pull
from vecsmith.hub.finding import find, without_downloads
from vecsmith.hub.known import KnownModel, known_models
from vecsmith.hub.progress import ended_with
from vecsmith.hub.store import kept_in

__all__ = ["KnownModel", "Pulled", "ended_with", "find", "kept_in", "known_models", "pull", "without_downloads"]

"""The key and the address for the calls that follow, and the embedders that stay open between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from vecsmith.client import AsyncEmbedder
from vecsmith.compat.generativeai.asked import ArgumentError, ArgumentTypeError
from vecsmith.errors import ConfigError
from vecsmith.portal import run
from vecsmith.sync import Embedder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vecsmith.providers import Generates

__all__ = ["asynchronous", "blocking", "configure"]

TRANSPORTS = {None, "rest", "grpc", "grpc_asyncio"}


@dataclass(frozen=True, slots=True)
class Setup:
    """What `configure` was given; the key and the headers do not appear in its ``repr``."""

    api_key: str | None = field(default=None, repr=False)
    address: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def opened_for(self, model: str | Path) -> Setup:
        """Return what of it a model is told: all if it is Google's, else nothing."""
        return self if isinstance(model, str) and model.startswith("gemini:") else Setup()


class Shelf:
    """The setup in force, and one embedder for each model and setup."""

    def __init__(self) -> None:
        self.setup = Setup()
        self.embedders: dict[tuple[str | Path, Setup], AsyncEmbedder] = {}
        self.faces: dict[AsyncEmbedder, Embedder] = {}


shelf = Shelf()


def configure(
    *,
    api_key: str | None = None,
    credentials: object = None,
    transport: str | None = None,
    client_options: object = None,
    client_info: object = None,  # noqa: ARG001 (the original's; it says which program asks)
    default_metadata: Sequence[tuple[str, str]] = (),
) -> None:
    """Set how Google's models are reached by the calls that follow; what is not given is forgotten.

    Args:
        api_key: The key; None for that of ``GEMINI_API_KEY`` or ``GOOGLE_API_KEY``. It is never shown.
        credentials: None; keys alone are used here.
        transport: ``rest``, ``grpc`` or ``grpc_asyncio``; HTTP is spoken whichever it is.
        client_options: A mapping, or an object, with ``api_endpoint`` (the address of the service, ``https://`` unless
            it says otherwise) and ``api_key``.
        client_info: Accepted, and not used.
        default_metadata: Names and values sent as headers with every request.

    Raises `ValueError` for a key that is given twice and for what cannot be used.
    """
    if credentials is not None:
        raise ArgumentError("credentials cannot be used here: give api_key")
    if transport not in TRANSPORTS:
        raise ArgumentError(f"transport is 'rest', 'grpc' or 'grpc_asyncio', not {transport!r}")
    key, endpoint = client_options_of(client_options)
    if key is not None and api_key is not None:
        raise ArgumentError("the key is given twice: give api_key or client_options['api_key']")
    headers = tuple((str(name), str(value)) for name, value in default_metadata)
    shelf.setup = Setup(api_key or key or None, address_of(endpoint), headers)


def client_options_of(given: object) -> tuple[str | None, str | None]:
    """Return the key and the address."""
    if isinstance(given, Mapping):
        unknown = [name for name, value in given.items() if name not in {"api_endpoint", "api_key"} and value]
        if unknown:
            raise ArgumentError(f"client_options has api_endpoint and api_key, and no {unknown[0]!r}: leave it out")
        return given.get("api_key"), given.get("api_endpoint")
    return getattr(given, "api_key", None), getattr(given, "api_endpoint", None)


def address_of(endpoint: str | None) -> str | None:
    """Return an address with its scheme."""
    if not endpoint:
        return None
    if not isinstance(endpoint, str):
        raise ArgumentTypeError(
            f"api_endpoint is an address such as 'https://host:port', not {type(endpoint).__name__}"
        )
    return endpoint if "://" in endpoint else f"https://{endpoint}"


def asynchronous(model: str | Path) -> AsyncEmbedder:
    """Return the embedder of a model, which stays open."""
    setup = shelf.setup.opened_for(model)
    found = shelf.embedders.get((model, setup))
    return found or shelf.embedders.setdefault((model, setup), embedder_of(model, setup))


def embedder_of(model: str | Path, setup: Setup) -> AsyncEmbedder:
    """Make an embedder; nothing is opened before its first use."""
    if not setup.headers:
        return AsyncEmbedder(model, api_key=setup.api_key, base_url=setup.address)
    embedder = WithHeaders(model, api_key=setup.api_key, base_url=setup.address)
    embedder.headers = dict(setup.headers)
    return embedder


def blocking(model: str | Path) -> Embedder:
    """Return the blocking face of the same; raise `ArgumentError` where the model cannot be opened."""
    embedder = asynchronous(model)
    found = shelf.faces.get(embedder)
    if found is None:
        run(opened(embedder))
        found = shelf.faces.setdefault(embedder, Embedder.over(embedder))
    return found


async def opened(embedder: AsyncEmbedder) -> Generates:
    """Open an embedder; what its model lacks is a `ValueError`, too."""
    try:
        return await embedder.open()
    except ConfigError as error:
        raise ArgumentError(str(error)) from error


class WithHeaders(AsyncEmbedder):
    """An embedder of a remote model that sends headers of the caller's with every request."""

    headers: Mapping[str, str] = {}

    async def open(self) -> Generates:
        """Open it, and see that its service has the headers."""
        from vecsmith.providers.remote import RemoteGenerator

        generator: Any = await super().open()
        remote = generator if isinstance(generator, RemoteGenerator) else generator.get_service(RemoteGenerator)
        if remote is None:
            raise ArgumentError("default_metadata cannot be sent with this model: leave it out")
        if not self.headers.items() <= remote.service.headers.items():
            remote.service = replace(remote.service, headers={**remote.service.headers, **self.headers})
        return generator  # type: ignore[no-any-return]

"""By which names a server may be called, and from where.

A web page may have its own name point to this machine, and so reach a server here from a person's browser (DNS
rebinding). It cannot hide that name: it stands in ``Host``.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

from vecsmith.dialects.serving import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vecsmith.dialects.serving import Incoming

__all__ = ["FORWARDED", "Hosts", "check_here", "is_loopback", "listens_here"]

FORWARDED = (
    *("forwarded", "via", "x-forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port"),
    *("x-forwarded-proto", "x-forwarded-server", "x-real-ip", "x-client-ip", "x-cluster-client-ip"),
    *("x-original-forwarded-for", "x-envoy-external-address", "cf-connecting-ip", "true-client-ip"),
    *("fastly-client-ip", "fly-client-ip", "x-appengine-user-ip", "x-azure-clientip"),
)
"""Headers that say that a request comes from further away than it seems."""

REMEMBERED = 256


class Hosts:
    """The names by which a server may be called."""

    def __init__(self, bound: str, others: Iterable[str] = ()) -> None:
        self.named = {name.lower() for name in (bound, "localhost", *others)}
        self.here = listens_here(bound)
        if not self.here:
            self.named.add(socket.gethostname().lower())
        self.passed: set[str] = set()

    def check(self, incoming: Incoming) -> None:
        """Raise `Problem` where a request calls the server by a name that is not its own."""
        host = incoming.headers.get("host", "")
        if host in self.passed:
            return
        name = name_of(host)
        if not self.allows(name):
            shown = name if name.isprintable() and len(name) <= 100 else "this name"  # noqa: PLR2004 (enough to recognise it)
            raise Problem(
                "forbidden",
                f"this server is not called {shown or 'nothing'}: its operator can add --allow-host NAME",
            )
        if len(self.passed) < REMEMBERED:
            self.passed.add(host)

    def allows(self, name: str) -> bool:
        """Whether a name is the server's, or an address, which no web page can have pointed here."""
        if name in self.named or name.endswith(".localhost"):
            return True
        return is_loopback(name) or (not self.here and is_address(name))


def name_of(host: str) -> str:
    """Return the name in a ``Host`` header, without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].rstrip(".").lower()


def is_address(name: str) -> bool:
    """Whether it is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(name: str | None) -> bool:
    """Whether it is an IP address by which only this machine is reached."""
    try:
        address = ipaddress.ip_address(name or "")
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)  # an IPv4 client of a socket that takes both
    return (mapped or address).is_loopback


def listens_here(bound: str) -> bool:
    """Whether who listens at an address is reached from this machine alone."""
    if is_address(bound):
        return is_loopback(bound)
    try:
        found = socket.getaddrinfo(bound, None, type=socket.SOCK_STREAM) if bound else []
    except OSError:
        return False
    return bool(found) and all(is_loopback(str(address[0])) for *_, address in found)


def check_here(incoming: Incoming) -> None:
    """Raise `Problem` where a request does not come from this machine, or does not seem to."""
    if not is_loopback(incoming.client) or any(name in incoming.headers for name in FORWARDED):
        raise Problem(
            "forbidden", "a publishable key is good on the server's own machine only: send a secret one from elsewhere"
        )

"""The models of remote services that are known by name, from a table that people may add to."""

from __future__ import annotations

import tomllib
from dataclasses import astuple, fields
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from vecsmith.errors import damaged
from vecsmith.providers.descriptors import Limits, ModelDescriptor, ModelRef, Sizes

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["described", "models_of"]


@cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """Return the rows that come with vecsmith, by ``provider:model``."""
    return tomllib.loads(files(__package__).joinpath("catalogue.toml").read_text("utf-8"))


def models_of(
    provider: str, defaults: Mapping[str, Any], *more: Mapping[str, Mapping[str, Any]] | None
) -> list[ModelDescriptor]:
    """Return a provider's models, the default one first.

    Args:
        provider: Its short name.
        defaults: What holds for all of its models.
        more: Rows by ``provider:model``, the provider's own and a person's; the last say more than those before.
    """
    ours = {name: row for name, row in table().items() if name.partition(":")[0] == provider}
    for rows in more:
        for name, row in (rows or {}).items():
            if name.partition(":")[0] == provider:
                with damaged(f"the row of {name}"):
                    ours[name] = merged(ours.get(name, {}), row)
    return [described(ModelRef(provider, name.partition(":")[2]), merged(defaults, row)) for name, row in ours.items()]


def merged(row: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with what another says instead; of limits, only those that it names."""
    limits = {**row.get("limits", {}), **over.get("limits", {})}
    return {**row, **over, **({"limits": limits} if limits else {})}


def described(ref: ModelRef, row: Mapping[str, Any]) -> ModelDescriptor:
    """Return the model of a row; raise `ConfigError` for a member that there is none of, or of another type."""
    import msgspec

    values = {"title": ref.name, **row, "ref": ref}
    with damaged(f"the row of {ref}"):
        for kind, told in ((ModelDescriptor, values), (Limits, row.get("limits", {})), (Sizes, row.get("sizes", {}))):
            if unknown := set(told) - {member.name for member in fields(kind)}:
                raise LookupError(f"there is no {min(unknown)!r}")
        try:
            found = msgspec.convert(values, ModelDescriptor)
        except msgspec.ValidationError as error:
            raise TypeError(error) from None
        if not all(limit is None or limit > 0 for limit in astuple(found.limits)):
            raise ValueError("limits are above 0")
        return found

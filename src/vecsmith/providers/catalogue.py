"""The models of remote services that are known by name, from a table that people may add to."""

from __future__ import annotations

import tomllib
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
                ours[name] = merged(ours.get(name, {}), row)
    return [described(ModelRef(provider, name.partition(":")[2]), merged(defaults, row)) for name, row in ours.items()]


def merged(row: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row with what another says instead; of limits, only those that it names."""
    limits = {**row.get("limits", {}), **over.get("limits", {})}
    return {**row, **over, **({"limits": limits} if limits else {})}


def described(ref: ModelRef, row: Mapping[str, Any]) -> ModelDescriptor:
    """Return the model of a row; raise `ConfigError` for a member that there is none of."""
    values = {"title": ref.name, **row}
    with damaged(f"the row of {ref}"):
        if "sizes" in values:
            sizes = dict(values["sizes"])
            values["sizes"] = Sizes(**{**sizes, "listed": tuple(sizes.get("listed", ()))})
        if "limits" in values:
            values["limits"] = Limits(**values["limits"])
        return ModelDescriptor(ref, **values)

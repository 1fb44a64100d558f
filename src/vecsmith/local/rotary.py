"""Rotary position embedding (Su et al. 2021, arXiv:2104.09864): each pair of a head's numbers turns with the position.

The pairs are a head's first half with its second (GPT-NeoX's order). Angles are single precision, as the models were
trained with. Sines and cosines are constants of the graph: computed in bf16, those of far positions would be lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vecsmith.local.graph import floats, integers, op

if TYPE_CHECKING:
    from openvino import Node

    from vecsmith.local.graph import Tokens
    from vecsmith.types import Floats

__all__ = ["Rotary", "frequencies"]


def frequencies(size: int, base: float) -> Floats:
    """Return the angles by which the pairs of a head of `size` turn from one position to the next, (size / 2,)."""
    exponents = np.arange(0, size, 2, dtype=np.float32) / np.float32(size)
    return np.asarray(1 / np.float32(base) ** exponents, np.float32)


@dataclass(frozen=True, slots=True)
class Rotary:
    """The turns of every position."""

    cosines: Node
    """(t, k)."""
    sines: Node

    @classmethod
    def of(cls, turns: Floats, tokens: Tokens) -> Rotary:
        """Make them of the angles from one position to the next."""
        angles = np.outer(np.arange(tokens.longest, dtype=np.float32), turns)
        angles = np.concatenate([angles, angles], axis=1)
        tables = (floats(table) for table in (np.cos(angles), np.sin(angles)))
        return cls(*(op.gather(table, tokens.positions, integers(0)) for table in tables))

    def turned(self, x: Node) -> Node:
        """Turn queries or keys, (n, a, t, k)."""
        first, second = op.split(x, integers(-1), 2).outputs()
        across = op.concat([op.multiply(second, floats(-1.0)), first], -1)
        return op.add(op.multiply(x, self.cosines), op.multiply(across, self.sines))

"""Asking contenders: texts go to them by file, vectors come back by file."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

from peers import MODEL
from worker import Worker, WorkerError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import ExitStack

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

LONGEST = 256
"""Tokens the model reads of one text, special tokens included."""


class Texts:
    """Texts in a file that every contender reads, with their count of tokens after the cut."""

    def __init__(self, texts: Sequence[str], folder: Path) -> None:
        self.count = len(texts)
        self.tokens = count_tokens(texts)
        with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".json", delete=False, encoding="ascii") as file:
            json.dump(texts, file)  # escaped, so that unpaired surrogates survive
        self.path = file.name


class Entrant(Worker):
    """A contender in its own process."""

    def __init__(self, contender: str, *, threads: int | None = None) -> None:
        super().__init__("contender.py", contender, *(["--threads", str(threads)] if threads else []))

    def seconds(self, texts: Texts) -> float:
        """Return how long one call with all texts takes."""
        return float(self.ask("embed", texts=texts.path)["seconds"])

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of one call with all texts, one row each."""
        import numpy as np

        with tempfile.TemporaryDirectory() as scratch:
            target = Path(scratch) / "vectors.npy"
            self.ask("embed", texts=Texts(texts, Path(scratch)).path, save=str(target))
            found: Floats = np.load(target)
        return found

    def latencies(self, texts: Texts, *, warm: int) -> list[float]:
        """Return the seconds that each text takes alone."""
        return [float(one) for one in self.ask("latency", texts=texts.path, warm=warm)["seconds"]]

    def __enter__(self) -> Self:
        return self


def enlist(stack: ExitStack, *contenders: str) -> dict[str, Entrant]:
    """Load contenders that live as long as `stack`; one that cannot run on this machine is left out, saying why."""
    entrants = {name: stack.enter_context(Entrant(name)) for name in contenders}
    for name, entrant in list(entrants.items()):
        try:
            entrant.ask("describe")
        except WorkerError as error:
            print(f"left out: {error}", file=sys.stderr)
            del entrants[name]
    return entrants


def count_tokens(texts: Sequence[str]) -> int:
    """Count the tokens every contender reads, by the model's own tokenizer and cut."""
    from tokenizers import Tokenizer

    from corpora import readable

    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST)
    return sum(len(row.ids) for row in tokenizer.encode_batch([readable(text) for text in texts]))

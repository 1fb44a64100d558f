"""Measure what smaller vectors are worth: SciFact's nDCG@10 x 100 by `quality.py`'s protocol, in every encoding.

    python bench/encoded.py

Documents and queries are embedded once, at the defaults; every other form of them comes from a cache in memory, by the
same calls with `encoding` and `dimensions`. What is searched in is stored in the form of the row, queries stay floats
(and are cut as the documents are), and `vecsmith.top_k` ranks: by cosine, bits by the share of equal ones. Rescoring
takes four times as many candidates by their bits, and puts these in order by their cosine to finer vectors. A
calibration has its ranges from the documents. Needs vecsmith, not the peers' environment. Ends with exit code 1 where
int8, or bits with rescoring, keep less than 97 % of float32.
"""

from __future__ import annotations

import sys
import time
import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import corpora
import options
from quality import DEPTH, Search
from table import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from vecsmith import Embedder
    from vecsmith.types import Encoding

KEPT = 0.97
OVERSAMPLE = 4
WIDTHS = (256, 192, 128, 64)


@dataclass(frozen=True, slots=True)
class Form:
    """One way to store the documents."""

    name: str
    encoding: Encoding = "float32"
    dimensions: int | None = None
    calibrated: bool = False
    rescore: Encoding | None = None
    wanted: bool = False
    """Whether it must keep `KEPT` of float32."""


FORMS = (
    Form("float32"),
    Form("float16", "float16"),
    Form("int8, fixed rule", "int8", wanted=True),
    Form("int8, calibrated", "int8", calibrated=True, wanted=True),
    Form("uint8, calibrated", "uint8", calibrated=True),
    Form("binary alone", "binary"),
    Form(f"binary, rescored x {OVERSAMPLE} by int8", "binary", rescore="int8", wanted=True),
    Form(f"binary, rescored x {OVERSAMPLE} by float32", "binary", rescore="float32", wanted=True),
    *(Form(f"float32, {width} dimensions", dimensions=width) for width in WIDTHS),
)


def progress(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def ranked(embedder: Embedder, search: Search, form: Form) -> tuple[NDArray[np.int64], int]:
    """Return the places of the documents found for each query, (queries, `DEPTH`), and the bytes stored for each."""
    from vecsmith import Calibration, top_k

    def stored(encoding: Encoding, calibration: Calibration | None = None) -> NDArray[np.generic]:
        result = embedder.embed_documents(
            search.documents,
            encoding=encoding,
            dimensions=form.dimensions,
            calibration=calibration,
            on_long="truncate",
        )
        return result.vectors

    calibration = Calibration.of(stored("float32")) if form.calibrated else None
    documents = stored(form.encoding, calibration)
    finer = None if form.rescore is None else stored(form.rescore)
    queries = embedder.embed_query(search.queries, dimensions=form.dimensions, on_long="truncate").vectors
    places, _ = top_k(
        queries,
        documents,
        DEPTH,
        encoding=form.encoding,
        calibration=calibration,
        rescore=finer,
        oversample=OVERSAMPLE,
    )
    return places, documents[0].nbytes + (0 if finer is None else finer[0].nbytes)


def figures_of(embedder: Embedder, search: Search) -> dict[str, tuple[float, int]]:
    """Return each form's figure, and the bytes of a document in it."""
    figures = {}
    for form in FORMS:
        start = time.perf_counter()
        places, size = ranked(embedder, search, form)
        figures[form.name] = search.score(places), size
        progress(f"{form.name}: {figures[form.name][0]:.2f} ({time.perf_counter() - start:.1f} s)")
    return figures


def row(form: Form, figures: Mapping[str, tuple[float, int]]) -> list[str]:
    whole, _ = figures["float32"]
    figure, size = figures[form.name]
    return [form.name, f"{size:,}", f"{figure:.2f}", f"{figure / whole:.2%}", f"≥ {KEPT:.0%}" if form.wanted else ""]


def missed(figures: Mapping[str, tuple[float, int]]) -> list[str]:
    """Name what keeps too little."""
    whole, _ = figures["float32"]
    shares = {form.name: figures[form.name][0] / whole for form in FORMS if form.wanted}
    return [f"{name} keeps {share:.2%}, wanted ≥ {KEPT:.0%}" for name, share in shares.items() if share < KEPT]


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument("--sample", type=int, help="take only so many rows: a trial, not to be compared with anything")
    command.add_argument("--compute", choices=("auto", "f32", "bf16"), default="auto", help="the model's arithmetic")
    arguments = command.parse_args()
    search = Search.of(corpora.data_folder(arguments.data), arguments.sample)
    from vecsmith import Embedder, EmbedWarning

    warnings.simplefilter("ignore", EmbedWarning)  # that cutting costs accuracy is what is measured
    with Embedder(cache="memory", compute=arguments.compute) as embedder:
        figures = figures_of(embedder, search)
        print(f"{embedder.metadata.model}, {len(search.asked)} queries, {len(search.searched)} documents")
    rows = [row(form, figures) for form in FORMS]
    print(render(["documents stored as", "bytes", "nDCG@10 x 100", "of float32", "wanted"], rows))
    saved = [{**asdict(form), "ndcg": figures[form.name][0], "bytes": figures[form.name][1]} for form in FORMS]
    options.save(arguments.json, {"figures": saved, "sample": arguments.sample})
    options.judge(missed(figures))


if __name__ == "__main__":
    main()

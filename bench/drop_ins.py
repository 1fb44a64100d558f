"""Compare the drop-ins for sentence-transformers and fastembed with the packages themselves.

    python3 -m venv /tmp/originals
    /tmp/originals/bin/pip install torch==2.13.0 'sentence-transformers>=6.2,<7' 'fastembed>=0.9,<0.10' onnx \
        hypothesis pytest pytest-timeout .
    python bench/drop_ins.py /tmp/originals/bin/python [--texts 120]

Runs the tests of both drop-ins on the originals, too, in the Python that is named, and prints how near the vectors and
how equal the results are on texts of many lengths. Ends with exit code 1 where a test fails, a cosine is below 0.9999
or a result differs. Needs the official weights, which ``bench/make_peers.py`` brings (or ``--model FOLDER``), and no
data. fastembed is given an ONNX file that is made of the same weights, because nothing is downloaded.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peers import MODEL, ROOT, refuse
from table import render
from verified import texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LEAST = 0.9999
"""The cosine that bf16 must keep."""
TESTS = ("tests/test_compat_sentence_transformers.py", "tests/test_compat_fastembed.py")
NAME = "sentence-transformers/all-MiniLM-L6-v2"
BESIDE = ("config.json", "tokenizer.json", "special_tokens_map.json", "tokenizer_config.json")


def make_onnx(model: Path, folder: Path) -> Path:
    """Write the encoder as ``model.onnx``, with what fastembed reads beside it."""
    import torch
    from transformers import AutoModel

    class Encoder(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = AutoModel.from_pretrained(model, attn_implementation="eager", dtype=torch.float32).eval()

        def forward(self, input_ids: Any, attention_mask: Any, token_type_ids: Any) -> Any:
            far = (1.0 - attention_mask[:, None, None, :].float()) * -1e9
            return self.encoder(input_ids, attention_mask=far, token_type_ids=token_type_ids).last_hidden_state

    folder.mkdir()
    ids = torch.ones((2, 5), dtype=torch.int64)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    torch.onnx.export(
        Encoder(),
        (ids, ids, torch.zeros_like(ids)),
        str(folder / "model.onnx"),
        input_names=names,
        output_names=["last_hidden_state"],
        dynamic_axes={name: {0: "texts", 1: "tokens"} for name in [*names, "last_hidden_state"]},
        dynamo=False,
        opset_version=17,
    )
    for name in BESIDE:
        shutil.copy(model / name, folder / name)
    told = json.loads((model / "tokenizer_config.json").read_text())
    # fastembed's list says that this model reads 256 tokens
    (folder / "tokenizer_config.json").write_text(json.dumps(told | {"model_max_length": 256}))
    return folder


@dataclass
class Report:
    """What was compared."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)
    failed: int = 0

    def add(self, what: str, measure: str, *, right: bool) -> None:
        self.rows.append((what, measure, "yes" if right else "NO"))
        self.failed += not right

    def cosine(self, what: str, ours: Any, theirs: Any) -> None:
        """Compare vectors."""
        import numpy as np

        a, b = (np.atleast_2d(np.asarray(x, np.float64)) for x in (ours, theirs))
        if a.shape != b.shape:
            self.add(what, f"shapes {a.shape} and {b.shape}", right=False)
            return
        least = float(((a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))).min())
        lengths = float(np.abs(np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1) - 1).max())
        self.add(
            what, f"least cosine {least:.6f}, lengths within {lengths:.1e}", right=least >= LEAST and lengths < 0.01
        )

    def near(self, what: str, ours: Any, theirs: Any, most: float) -> None:
        """Compare numbers."""
        import numpy as np

        apart = float(np.abs(np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)).max())
        self.add(what, f"largest difference {apart:.2g}", right=apart <= most)

    def equal(self, what: str, ours: Any, theirs: Any) -> None:
        """Compare results that must be the same."""
        right = ours == theirs
        self.add(what, "the same" if right else f"{str(ours)[:60]} and {str(theirs)[:60]}", right=right)


def sentence_transformers(report: Report, model: Path, texts: list[str]) -> None:
    import numpy as np
    from sentence_transformers import SentenceTransformer, util

    from vecsmith.compat import sentence_transformers as ours

    theirs = SentenceTransformer(str(model), device="cpu", prompts={"query": "query: "})
    mine = ours.SentenceTransformer("all-MiniLM-L6-v2", prompts={"query": "query: "})

    def both(call: Callable[[Any], Any]) -> tuple[Any, Any]:
        return call(mine), call(theirs)

    ways: dict[str, Callable[[Any], Any]] = {
        "encode": lambda m: m.encode(texts),
        "encode_query": lambda m: m.encode_query(texts),
        "encode_document": lambda m: m.encode_document(texts),
        "encode, prompt": lambda m: m.encode(texts, prompt="topic: "),
        "encode, truncate_dim=128": lambda m: m.encode(texts, truncate_dim=128),
        "encode, truncate_dim=128, normalised": lambda m: m.encode(texts, truncate_dim=128, normalize_embeddings=True),
        "encode, tensor": lambda m: m.encode(texts, convert_to_tensor=True),
        "encode, token_embeddings": lambda m: np.concatenate(
            [np.asarray(each) for each in m.encode(texts[:50], output_value="token_embeddings")]
        ),
    }
    for what, way in ways.items():
        report.cosine(what, *both(way))
    vectors = theirs.encode(texts)
    alive = np.ptp(vectors, axis=0) > 1e-6  # one dimension of this model is 0, but for what rounding leaves
    bits = [np.unpackbits(m.encode(texts, precision="ubinary"), axis=1)[:, alive] for m in (mine, theirs)]
    share = float((bits[0] == bits[1]).mean())
    report.add("encode, ubinary", f"{share:.2%} of the bits are equal", right=share > 0.99)
    report.near("encode, int8 (levels)", *both(lambda m: m.encode(texts, precision="int8")[:, alive]), 8)
    for limit in (16, 64):
        mine.max_seq_length = theirs.max_seq_length = limit
        report.cosine(f"encode, max_seq_length={limit}", *both(lambda m: m.encode(texts)))
    mine.max_seq_length = theirs.max_seq_length = 256
    report.equal("tokenize", *both(lambda m: m.tokenize(texts)["input_ids"].tolist()))
    functions(report, ours.util, util, vectors)
    pairs = [u.paraphrase_mining(m, texts) for u, m in ((ours.util, mine), (util, theirs))]
    report.near("paraphrase_mining, scores", *([pair[0] for pair in each[:500]] for each in pairs), 2e-3)


def functions(report: Report, ours: Any, theirs: Any, vectors: Any) -> None:
    """Compare the functions of ``util`` on the same vectors."""
    import numpy as np

    for name in ("cos_sim", "dot_score", "euclidean_sim", "manhattan_sim"):
        left, right = vectors[:50], vectors[50:]
        # cdist loses digits of small distances in products of matrices
        report.near(f"util.{name}", getattr(ours, name)(left, right), getattr(theirs, name)(left, right), 1e-3)
    for name in ("uint8", "int8", "binary", "ubinary"):
        apart = [u.quantize_embeddings(vectors, name).tolist() for u in (ours, theirs)]
        report.equal(f"util.quantize_embeddings, {name}", *apart)
    hits = [u.semantic_search(vectors[:50], vectors, top_k=10) for u in (ours, theirs)]
    ids = [[[hit["corpus_id"] for hit in row] for row in each] for each in hits]
    report.equal("util.semantic_search, ids", *ids)
    scores = [[[hit["score"] for hit in row] for row in each] for each in hits]
    report.near("util.semantic_search, scores", *scores, 1e-5)
    mined = [u.paraphrase_mining_embeddings(vectors, top_k=5, max_pairs=100) for u in (ours, theirs_on(theirs))]
    report.equal("util.paraphrase_mining_embeddings", *([pair[1:] for pair in each] for each in mined))
    groups = [u.community_detection(vectors, threshold=0.5, min_community_size=3) for u in (ours, theirs)]
    report.equal(f"util.community_detection ({len(groups[1])} groups)", *([sorted(g) for g in each] for each in groups))
    centres = [[group[0] for group in each] for each in groups]
    report.equal("util.community_detection, centres", *centres)
    assert np.asarray(ids[0]).shape == (50, 10)


class Tensors:
    """The original's function, which takes tensors alone."""

    def __init__(self, util: Any) -> None:
        self.util = util

    def paraphrase_mining_embeddings(self, vectors: Any, **options: Any) -> Any:
        import torch

        return self.util.paraphrase_mining_embeddings(torch.from_numpy(vectors), **options)


theirs_on = Tensors


def fastembed(report: Report, onnx: Path, texts: list[str]) -> None:
    from fastembed import TextEmbedding

    from vecsmith.compat import fastembed as ours

    theirs, mine = TextEmbedding(NAME, specific_model_path=str(onnx)), ours.TextEmbedding(NAME)
    for name in ("embed", "query_embed", "passage_embed"):
        report.cosine(f"fastembed: {name}", *(list(getattr(m, name)(texts)) for m in (mine, theirs)))
    report.equal("fastembed: token_count", mine.token_count(texts), theirs.token_count(texts))
    mine_of, theirs_of = (
        {row["model"].lower(): row for row in each.list_supported_models()} for each in (mine, theirs)
    )
    report.equal(
        f"fastembed: widths of the {len(mine_of)} models listed (of {len(theirs_of)})",
        {name: row["dim"] for name, row in mine_of.items()},
        {name: theirs_of.get(name, {}).get("dim") for name in mine_of},
    )


def inside(model: Path, count: int) -> int:
    """Compare, in the Python that has the originals."""
    warnings.simplefilter("ignore")
    report, texts = Report(), ["", *texts_of(count), "a long one " * 400]
    with tempfile.TemporaryDirectory() as scratch:
        onnx = make_onnx(model, Path(scratch) / "onnx")
        where = {"VECSMITH_TEST_MINILM": str(model), "VECSMITH_TEST_ONNX": str(onnx)}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
        tested = subprocess.run(
            command, cwd=ROOT, env={**os.environ, **where}, capture_output=True, text=True, check=False
        )
        last = tested.stdout.strip().splitlines()[-1:] or tested.stderr.strip().splitlines()[-1:]
        report.add("tests on both", last[0] if last else "no answer", right=tested.returncode == 0)
        if tested.returncode:
            print(tested.stdout[-4000:], file=sys.stderr)
        sentence_transformers(report, model, texts)
        fastembed(report, onnx, texts)
    print(render(("what", "how near", "as it must be"), report.rows))
    return int(report.failed > 0)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("python", type=Path, help="a Python that has the originals, vecsmith and pytest")
    parser.add_argument("--model", type=Path, default=MODEL, help="the official weights (default: %(default)s)")
    parser.add_argument("--texts", type=int, default=120)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if not (given.model / "modules.json").exists():
        raise refuse(f"{given.model} holds no model: make it with `python bench/make_peers.py`, or name another")
    if given.inside:
        return inside(given.model.resolve(), given.texts)
    found = subprocess.run(
        [given.python, "-c", "import fastembed, onnx, pytest, sentence_transformers, vecsmith"], check=False
    )
    if found.returncode:
        raise refuse(
            f"{given.python} lacks what is compared: the first lines of {Path(__file__).name} say how to make it"
        )
    again = [given.python, __file__, given.python, "--model", given.model, "--texts", str(given.texts), "--inside"]
    return subprocess.run(again, env={**os.environ, "HF_HUB_OFFLINE": "1"}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

"""The options of the commands, as data; each is also read from ``VECSMITH_`` and its name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vecsmith.files import Format, Kind
from vecsmith.types import By as ByName
from vecsmith.types import Combine as CombineName
from vecsmith.types import Compute as ComputeName
from vecsmith.types import Encoding as EncodingName
from vecsmith.types import OnLong as OnLongName

__all__ = [
    "BaseUrl",
    "Cache",
    "Calibration",
    "ChunkBy",
    "ChunkOverlap",
    "ChunkTokens",
    "Clean",
    "Combine",
    "Compute",
    "Concurrency",
    "Dimensions",
    "DryRun",
    "Encoding",
    "Explain",
    "Field",
    "Id",
    "Index",
    "Input",
    "InputEncoding",
    "InputFormat",
    "KeepText",
    "Model",
    "Normalize",
    "OnLong",
    "Output",
    "OutputFormat",
    "Prompt",
    "Quiet",
    "Table",
    "Task",
    "Texts",
    "Threads",
    "Title",
]

Texts = Annotated[list[str] | None, typer.Argument(help="Texts to embed.", show_default=False)]
Input = Annotated[
    str | None,
    typer.Option(
        "--input",
        envvar="VECSMITH_INPUT",
        metavar="FILE",
        help="Read the texts from a file, or a folder's text files, each of which is one text; - is stdin.",
    ),
]
InputFormat = Annotated[
    Kind | None,
    typer.Option(
        "--input-format",
        envvar="VECSMITH_INPUT_FORMAT",
        help="How the input is read: one text per line (txt), all of it as one text (document), JSON lines, or a table "
        "with a header line. Default: by the file's ending; txt for .txt and .md files and for stdin.",
    ),
]
InputEncoding = Annotated[
    str | None,
    typer.Option(
        "--input-encoding",
        envvar="VECSMITH_INPUT_ENCODING",
        metavar="NAME",
        help="The input's encoding, such as cp1252. Default: UTF-8, or what its first bytes tell.",
    ),
]
Field = Annotated[
    str | None,
    typer.Option(
        "--field",
        envvar="VECSMITH_FIELD",
        metavar="NAME",
        help="The column or field that holds the text. Default: text, or a table's only column.",
    ),
]
Id = Annotated[
    str | None,
    typer.Option(
        "--id",
        envvar="VECSMITH_ID",
        metavar="NAME",
        help="The column or field that holds the row's id. Default: rows are numbered from 0.",
    ),
]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        envvar="VECSMITH_MODEL",
        metavar="NAME",
        help="minilm (bundled), a folder, a Hugging Face id or a short name (vecsmith models list), or provider:model.",
    ),
]
Dimensions = Annotated[
    int | None,
    typer.Option(
        "--dimensions", envvar="VECSMITH_DIMENSIONS", metavar="N", min=1, help="Cut the vectors to this width."
    ),
]
Normalize = Annotated[
    bool | None,
    typer.Option(
        "--normalize/--no-normalize",
        envvar="VECSMITH_NORMALIZE",
        help="Scale vectors to length one. Default: as the model's files say.",
    ),
]
OnLong = Annotated[
    OnLongName,
    typer.Option(
        "--on-long",
        envvar="VECSMITH_ON_LONG",
        help="A text longer than the model reads: keep its beginning, keep its end, set it aside, give each of its "
        "chunks a vector, make one of these, or give chunks that were read with the text around them.",
    ),
]
Compute = Annotated[
    ComputeName,
    typer.Option("--compute", envvar="VECSMITH_COMPUTE", help="The arithmetic; auto is the fastest exact enough."),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        envvar="VECSMITH_THREADS",
        metavar="N",
        min=1,
        help="Cores to compute with. Default: all that this process may use.",
    ),
]
BaseUrl = Annotated[
    str | None,
    typer.Option(
        "--base-url",
        envvar="VECSMITH_BASE_URL",
        metavar="URL",
        help="The address of a provider; without a provider's name, of a service that copies OpenAI's. Keys are "
        "read from each provider's own variable (vecsmith providers show NAME).",
    ),
]
Concurrency = Annotated[
    int | None,
    typer.Option(
        "--concurrency", envvar="VECSMITH_CONCURRENCY", metavar="N", min=1, help="Requests to a provider at once."
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", envvar="VECSMITH_DRY_RUN", help="Say what it would consume, and embed nothing."),
]
Prompt = Annotated[
    str | None,
    typer.Option(
        "--prompt",
        envvar="VECSMITH_PROMPT",
        metavar="TEXT",
        help="Put before every text. Default: the model's own, if it has one.",
    ),
]
Task = Annotated[
    str | None,
    typer.Option(
        "--task",
        envvar="VECSMITH_TASK",
        metavar="NAME",
        help="What the vectors are for, such as retrieval_query or retrieval_document; `vecsmith models show` says "
        "what each task puts before a text.",
    ),
]
Title = Annotated[
    str | None,
    typer.Option(
        "--title", envvar="VECSMITH_TITLE", metavar="TEXT", help="The documents' title, for models that take one."
    ),
]
Clean = Annotated[
    list[str] | None,
    typer.Option(
        "--clean",
        envvar="VECSMITH_CLEAN",
        metavar="STEP",
        help="Clean the texts up first: nfc, nfd, nfkc, nfkd, whitespace, control, mojibake, lower, casefold. Give it "
        "several times for several steps, in their order.",
    ),
]
Encoding = Annotated[
    EncodingName,
    typer.Option("--encoding", envvar="VECSMITH_ENCODING", help="How the numbers are stored; bits are packed."),
]
Calibration = Annotated[
    Path | None,
    typer.Option(
        "--calibration",
        envvar="VECSMITH_CALIBRATION",
        metavar="FILE",
        help="The ranges for int8 and uint8, as saved by vecsmith.Calibration.",
    ),
]
ChunkBy = Annotated[
    ByName | None,
    typer.Option(
        "--chunk-by", envvar="VECSMITH_CHUNK_BY", help="Where chunks end, with --on-long chunk, mean or late."
    ),
]
ChunkTokens = Annotated[
    int | None,
    typer.Option(
        "--chunk-tokens",
        envvar="VECSMITH_CHUNK_TOKENS",
        metavar="N",
        min=1,
        help="The most tokens of a chunk. Default: as many as the model reads.",
    ),
]
ChunkOverlap = Annotated[
    int,
    typer.Option(
        "--chunk-overlap",
        envvar="VECSMITH_CHUNK_OVERLAP",
        metavar="N",
        min=0,
        help="Tokens that a chunk shares with the one before.",
    ),
]
Combine = Annotated[
    CombineName,
    typer.Option("--combine", envvar="VECSMITH_COMBINE", help="How --on-long mean makes one vector of the chunks'."),
]
Cache = Annotated[
    str | None,
    typer.Option(
        "--cache",
        envvar="VECSMITH_CACHE",
        metavar="FILE",
        help="Keep vectors for later calls: a file, or `default` for the one in the user's data folder. Default: none.",
    ),
]
Explain = Annotated[
    bool,
    typer.Option("--explain", envvar="VECSMITH_EXPLAIN", help="Say what became of each text, and where time went."),
]
OutputFormat = Annotated[
    Format | None,
    typer.Option(
        "--format",
        envvar="VECSMITH_FORMAT",
        help="base64 and hex: the little-endian bytes of one vector per line; npy: one array in a file, with "
        "its ids beside it in NAME.ids.jsonl. Default: by the output's ending, else jsonl.",
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        envvar="VECSMITH_OUTPUT",
        metavar="FILE|postgresql://…",
        help="Write to a file, which appears when it is complete, or take the rows into a database: FILE.sqlite, or a "
        "table of Postgres. Default: stdout.",
    ),
]
Table = Annotated[
    str | None,
    typer.Option(
        "--table", envvar="VECSMITH_TABLE", metavar="NAME", help="The table of a database. Default: embeddings."
    ),
]
KeepText = Annotated[
    bool,
    typer.Option("--keep-text/--no-keep-text", envvar="VECSMITH_KEEP_TEXT", help="Keep texts in a store, or not."),
]
Index = Annotated[
    bool,
    typer.Option("--index", envvar="VECSMITH_INDEX", help="Make an index in Postgres, for fast, inexact searches."),
]
Prune = Annotated[
    bool,
    typer.Option(
        "--prune", envvar="VECSMITH_PRUNE", help="Remove what the store has besides these rows, if none is set aside."
    ),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        envvar="VECSMITH_QUIET",
        help="No progress, warnings or summary; errors and rows set aside are still named.",
    ),
]

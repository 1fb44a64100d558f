"""``vecsmith embed --output`` a store: rows and their vectors into a database or a file that can be searched."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vecsmith.cli.explain import Explanation
from vecsmith.cli.messages import counted, say, stop
from vecsmith.cli.progress import watching
from vecsmith.files import STDIN, format_of

if TYPE_CHECKING:
    from vecsmith.cli.feed import Origin
    from vecsmith.cli.work import Engine, Talk
    from vecsmith.files import Format
    from vecsmith.options import CallOptions
    from vecsmith.stores.filling import Filled

__all__ = ["Place", "keep"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where vectors are kept."""

    address: str
    table: str | None = None
    keep_text: bool = True
    index: bool = False
    prune: bool = False

    def is_store(self, form: Format | None) -> bool:
        """Whether it is a store, and not just a file or a stream to be written in a format."""
        from vecsmith.stores.address import is_database, is_store

        if self.address == STDIN or not is_store(self.address):
            return False
        path = Path(self.address)
        special = not is_database(self.address) and path.exists() and not path.is_file() and not path.is_dir()
        return form in {None, format_of(path)} and not special

    def check(self, origin: Origin, *, stored: bool) -> None:
        """Refuse what cannot be."""
        if not stored and (self.table is not None or self.index or self.prune or not self.keep_text):
            stop("--table, --index, --prune and --no-keep-text are for a store: name one with --output")
        if stored and any(origin.reads(path) for path in self.files()):
            stop("--output names the input itself: name another file")

    def files(self) -> list[Path]:
        """Return the files that are written."""
        from vecsmith.files import paths_of
        from vecsmith.stores.address import is_database

        if is_database(self.address):
            return []
        path = Path(self.address)
        return [each for each in paths_of(format_of(path), path) if each is not None]

    @property
    def whole(self) -> bool:
        """Whether it is a file in one of the formats that vectors are also printed in."""
        from vecsmith.stores.address import is_database

        return not is_database(self.address) and Path(self.address).suffix.lower() in {".npy", ".jsonl", ".ndjson"}


def keep(origin: Origin, engine: Engine, wish: CallOptions, place: Place, talk: Talk) -> int:
    """Embed all rows that are not there, say what was done, and return the exit code."""
    from vecsmith.options import for_task
    from vecsmith.stores.filling import filling

    if not place.whole and wish.get("prompt") is None:
        wish = for_task("retrieval_document", wish)
    tally, explanation = origin.tally(), Explanation()
    with ExitStack() as opened:
        source = origin.open(tally, opened, fields=True)
        shown = talk.watched(origin, printing=False)
        watch = opened.enter_context(watching(shown=shown, total=source.total))
        embedder = opened.enter_context(engine.open())
        work = opened.enter_context(
            filling(
                embedder,
                place.address,
                wish,
                table=place.table,
                keep_text=place.keep_text,
                index=place.index,
                on_bad=tally.refuse,
            )
        )
        for part in work.run(source.rows):
            tally.add(part)
            explanation.add([*work.done], part)
            watch(texts=len(part.items), tokens=part.usage.input_tokens, position=source.position())
        if place.prune and not tally.set_aside:
            work.prune()
    if place.prune and tally.set_aside:
        say("nothing is pruned, because rows were set aside whose ids may be unknown: mend them, and run it again")
    code = talk.end(tally, explanation)
    if not talk.quiet and not place.whole:
        say(told(work.filled))
    return code


def told(filled: Filled) -> str:
    """Return what was done, in a line."""
    chunks = f" as {counted(filled.vectors, 'vector')}" if filled.vectors != filled.written else ""
    before = f"; {counted(filled.skipped, 'row')} there already" if filled.skipped else ""
    gone = f"; {counted(filled.pruned, 'row')} pruned" if filled.pruned else ""
    return f"{counted(filled.written, 'row')} written{chunks}{before}{gone}"

"""Measure vecsmith against its peers and against the machine, and print one table of ratios.

    python bench/speed.py                 # everything: texts of each length, single texts, whole processes
    python bench/speed.py --only mix      # the shuffled mix alone

Every contender is a process that stays loaded and sleeps while another has its turn. A round gives each one turn on the
same texts, drawn anew for each round; the order rotates; the first round warms up and is not counted. A ratio is the
median of the rounds' own ratios, with the least and the most.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import options
from corpora import CORPORA, SEED, data_folder, sample, short_texts
from peers import cores, enter
from table import Spread, paired, render, spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from contest import Entrant, Texts
    from worker import Worker

PEERS = ("st", "st-bf16", "st-openvino")
ENTRANTS = ("vecsmith", *PEERS)
PRODUCTS = tuple(f"{library} {precision}" for library in ("openvino", "torch") for precision in ("bf16", "f32"))
NAMES = {
    "st": "sentence-transformers",
    "st-bf16": "sentence-transformers bf16",
    "st-openvino": "sentence-transformers OpenVINO",
}

SAMPLES = {"long": 180, "middle": 700, "short": 2600, "mix": 400}
"""Texts per round: about 40,000 tokens each, ten seconds of plain sentence-transformers on two slow cores."""

LATENCY_TEXTS = 200
START_ROUNDS = 5
SETTLE = 0.3
"""Seconds between turns: threads of the last one stop spinning, the clock speed recovers."""
PRODUCT_SECONDS = 1.0
SECTIONS = (*CORPORA, "latency", "start")


@dataclass(frozen=True, slots=True)
class Turn:
    """What one contender did in one round."""

    section: str
    round: int
    name: str
    value: float
    """Tokens per second, or for ``latency`` the median seconds of one text."""
    waiting: float = 0.0
    foreign: float = 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """One row of the table."""

    measure: str
    against: str
    ours: str
    theirs: str
    ratio: Spread
    wanted: str = ""


class Field:
    """The loaded contenders, which take turns."""

    def __init__(self, stack: ExitStack) -> None:
        from contest import Entrant
        from worker import Worker

        self.entrants: dict[str, Entrant] = {name: stack.enter_context(Entrant(name)) for name in ENTRANTS}
        self.products: Worker = stack.enter_context(Worker("matmul.py"))
        self.described = {name: dict(one.ask("describe")) for name, one in self.workers.items()}

    @property
    def workers(self) -> dict[str, Worker]:
        """Every process, by name."""
        return {**self.entrants, "products": self.products}

    def order(self, turn: int, *, products: bool) -> list[str]:
        """Who comes after whom in this round: everyone is first as often as anyone else."""
        names = [*self.entrants, *(["products"] if products else [])]
        first = turn % len(names)
        return names[first:] + names[:first]

    def waiting(self, name: str) -> list[int]:
        """Return the ids of the processes whose turn it is not."""
        return [worker.pid for other, worker in self.workers.items() if other != name]


def rounds_of(field: Field, section: str, texts: Sequence[Texts]) -> Iterator[Turn]:
    """Give every contender a turn in every round, one element of `texts` per round."""
    from load import watched

    for turn, current in enumerate(texts):
        for name in field.order(turn, products=section != "latency"):
            time.sleep(SETTLE)
            with watched([field.workers[name].pid], field.waiting(name)) as load:
                values = measured(field, name, section, current)
            if turn:
                yield from (Turn(section, turn, key, value, **asdict(load)) for key, value in values.items())
        progress(f"{section}: round {turn} of {len(texts) - 1}")


def measured(field: Field, name: str, section: str, texts: Texts) -> dict[str, float]:
    """Take one turn."""
    if name == "products":
        return {product: product_rate(field.products, product) for product in PRODUCTS}
    entrant: Entrant = field.entrants[name]
    if section == "latency":
        return {name: spread(entrant.latencies(texts, warm=20)).middle}
    return {name: texts.tokens / entrant.seconds(texts)}


def product_rate(worker: Worker, product: str) -> float:
    library, precision = product.split()
    return float(worker.ask("rate", library=library, precision=precision, seconds=PRODUCT_SECONDS)["rate"])


def draw(section: str, data: Path, count: int | None, rounds: int, folder: Path) -> list[Texts]:
    """Draw the texts of each round, the warming one first."""
    from contest import Texts

    if section == "latency":
        return [Texts(sample(short_texts(data), count or LATENCY_TEXTS, seed=SEED), folder)] * (rounds + 1)
    texts = CORPORA[section](data)
    return [Texts(sample(texts, count or SAMPLES[section], seed=SEED + turn), folder) for turn in range(rounds + 1)]


def values(turns: Sequence[Turn], section: str, name: str) -> list[float]:
    return [turn.value for turn in turns if (turn.section, turn.name) == (section, name)]


def best_product(turns: Sequence[Turn], section: str) -> str:
    return max(PRODUCTS, key=lambda product: spread(values(turns, section, product)).middle)


def throughput(turns: Sequence[Turn], section: str, *, bf16: bool) -> list[Comparison]:
    """Compare tokens per second on one corpus."""
    wanted = (
        {"st": f"≥ {5 if bf16 else 2.5}", "st-openvino": "≥ 1.35", "products": "≥ 0.78"} if section == "mix" else {}
    )
    best = best_product(turns, section)
    others = {**{peer: NAMES[peer] for peer in PEERS}, best: f"matrix products ({best})"}
    ours = values(turns, section, "vecsmith")
    return [
        Comparison(
            f"{section}, tokens/s",
            label,
            f"{spread(ours):,.0f}",
            f"{spread(values(turns, section, name)):,.0f}",
            paired(ours, values(turns, section, name)),
            wanted.get("products" if name == best else name, ""),
        )
        for name, label in others.items()
    ]


def latency(turns: Sequence[Turn]) -> list[Comparison]:
    """Compare the time of one short text."""
    scaled = {name: [1000 * value for value in values(turns, "latency", name)] for name in ENTRANTS}
    return [
        Comparison(
            "one short text, ms",
            NAMES[peer],
            f"{spread(scaled['vecsmith']):.2f}",
            f"{spread(scaled[peer]):.2f}",
            paired(scaled["vecsmith"], scaled[peer]),
            "≤ 0.2" if peer == "st" else "",
        )
        for peer in PEERS
    ]


def starts(runs: Mapping[str, Sequence[Mapping[str, float]]]) -> list[Comparison]:
    """Compare whole processes."""
    measures = {
        "seconds": ("whole process, s", 1.0, ".2f", "≤ 0.125"),
        "peak": ("peak memory, MB", 1e-6, ".0f", "≤ 0.5"),
    }
    rows = []
    for key, (measure, unit, style, wanted) in measures.items():
        numbers = {name: [run[key] * unit for run in found] for name, found in runs.items()}
        ours = numbers["vecsmith"]
        for name, label in (("st", NAMES["st"]), ("nothing", "importing nothing")):
            theirs = numbers[name]
            ratio = paired(ours, theirs)
            shown = f"{spread(ours):{style}}", f"{spread(theirs):{style}}"
            rows.append(Comparison(measure, label, *shown, ratio, wanted if name == "st" else ""))
    return rows


def import_milliseconds(runs: Mapping[str, Sequence[Mapping[str, float]]]) -> Spread:
    """Return what ``import vecsmith`` adds to a Python process that imports nothing."""
    pairs = zip(runs["import vecsmith"], runs["nothing"], strict=True)
    return spread([1000 * (ours["seconds"] - nothing["seconds"]) for ours, nothing in pairs])


def show(rows: Sequence[Comparison]) -> None:
    header = ("measure", "vecsmith against", "vecsmith", "the other", "vecsmith ÷ it", "wanted")
    cells = [(row.measure, row.against, row.ours, row.theirs, f"{row.ratio:.3f}", row.wanted) for row in rows]
    print(render(header, cells))


def show_conditions(turns: Sequence[Turn]) -> None:
    """Say how quiet the machine was, and what each product of matrices reached."""
    if not turns:
        return
    for section in dict.fromkeys(turn.section for turn in turns if turn.section != "latency"):
        rates = (f"{product} {spread(values(turns, section, product)):,.0f}" for product in PRODUCTS)
        print(f"matrix products beside {section}, tokens/s: {'; '.join(rates)}")
    foreign, waiting = spread([turn.foreign for turn in turns]), spread([turn.waiting for turn in turns])
    print(f"the cores' time used by waiting contenders: {waiting.middle:.1%}, most {waiting.most:.1%};"
          f" by other work: {foreign.middle:.1%}, most {foreign.most:.1%}")  # fmt: skip


def machine() -> dict[str, object]:
    """Describe the processor: its name, the cores this process may use, whether it multiplies bf16."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    facts = dict(line.replace("\t", "").split(":", 1) for line in reversed(lines) if ":" in line)
    flags = facts.get("flags", facts.get("Features", "")).split()
    return {
        "processor": facts.get("model name", platform.processor()).strip(),
        "cores": cores(),
        "bf16": bool({"avx512_bf16", "amx_bf16", "bf16"} & set(flags)),
        "load": os.getloadavg()[0],
    }


def progress(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def main() -> None:
    command = options.parser(__doc__)
    command.add_argument(
        "--only", nargs="+", choices=SECTIONS, default=SECTIONS, metavar="SECTION", help=f"of {', '.join(SECTIONS)}"
    )
    command.add_argument("--sample", type=int, help="texts per round (default: about 40,000 tokens' worth)")
    command.add_argument("--rounds", type=int, default=7, help="rounds that count (default: %(default)s)")
    arguments = command.parse_args()
    data = data_folder(arguments.data)
    host = machine()
    print(", ".join(f"{name} {value}" for name, value in host.items()))
    turns: list[Turn] = []
    described: dict[str, dict[str, object]] = {}
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sections = [section for section in arguments.only if section != "start"]
        if sections:
            field = Field(stack)
            described = field.described
            for name, facts in described.items():
                print(f"{name}: {', '.join(f'{key} {value}' for key, value in facts.items())}")
            for section in sections:
                turns += rounds_of(field, section, draw(section, data, arguments.sample, arguments.rounds, scratch))
    runs = whole_processes(min(arguments.rounds, START_ROUNDS)) if "start" in arguments.only else {}
    report(turns, runs, sections, bf16=bool(host["bf16"]))
    options.save(
        arguments.json, {"machine": host, "contenders": described, "turns": [asdict(t) for t in turns], "starts": runs}
    )


def whole_processes(rounds: int) -> dict[str, list[dict[str, float]]]:
    import startup

    progress(f"start: {rounds} rounds")
    return startup.measure(rounds)


def report(
    turns: Sequence[Turn], runs: Mapping[str, Sequence[Mapping[str, float]]], sections: Sequence[str], *, bf16: bool
) -> None:
    rows: list[Comparison] = []
    for section in sections:
        rows += latency(turns) if section == "latency" else throughput(turns, section, bf16=bf16)
    print()
    show(rows + (starts(runs) if runs else []))
    print()
    show_conditions(turns)
    if runs:
        print(f"import vecsmith, ms beyond an empty process: {import_milliseconds(runs):.0f} (wanted: < 60)")


if __name__ == "__main__":
    enter()
    main()

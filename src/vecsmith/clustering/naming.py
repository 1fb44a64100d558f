"""What a cluster is about, in its own words: terms that are frequent in it and rare elsewhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice, pairwise
from math import log
from typing import TYPE_CHECKING

from vecsmith.clustering.unspaced import Vocabulary, is_run
from vecsmith.clustering.words import Term, kin, spellings, tells, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Counts", "terms_of", "weight"]

CANDIDATES = 100
"""Words of a group that are looked at for phrases."""

FEW = 3
"""Texts of a group of more than which a term has to stand twice."""

MOSTLY = 0.35
"""The share of a word's texts that have a phrase for the phrase to stand for the word."""

ALWAYS = 0.8
"""The share of a term's texts in which the same word stands beside it for that to be part of it, as in ``New York``."""

COMMON = 0.2
"""The share of all texts above which a word is part of nothing: it stands beside everything, as articles do."""

LONGEST = 3
"""Words of the longest term."""


@dataclass(frozen=True, slots=True)
class Counts:
    """In how many texts each term stands."""

    sizes: Counter[int] = field(default_factory=Counter)
    """Texts of each group."""
    inside: dict[int, Counter[Term]] = field(default_factory=dict)
    """Of each group, those with a term."""
    all: Counter[Term] = field(default_factory=Counter)
    """Of all texts, those with a term."""

    @property
    def texts(self) -> int:
        """How many texts there are."""
        return self.sizes.total()

    def add(self, group: int, terms: set[Term]) -> None:
        """Count the terms of a text."""
        self.inside.setdefault(group, Counter()).update(terms)
        self.all.update(terms)

    def lift(self, term: Term, group: int) -> float:
        """Return how many times as often a term stands in a text of the group as in one of the others.

        Half a text that has it, and half a text that has not, are added to both, so that few texts say little.
        """
        here, size = self.inside[group][term], self.sizes[group]
        return ((here + 0.5) / (size + 1)) / ((self.all[term] - here + 0.5) / (self.texts - size + 1))


def weight(counts: Counts, term: Term, group: int) -> float:
    """Return how well a term tells a group: p · log(p / q) · log(1 + N / n); 0 where it is as frequent elsewhere.

    p and q are the shares of the group's texts, and of the others, that have the term; n of all N texts have it. The
    first and the last factor are class-based TF-IDF (Grootendorst 2022, arXiv:2203.05794), over texts instead of
    occurrences, so that a long text counts once; alone they leave ``the`` on top. The middle one makes p · log(p / q),
    the term's part in the Kullback-Leibler divergence of the group from the rest. A phrase tells no more than each of
    its words does. Where there is no rest, the middle factor is left out.
    """
    share, rarity = counts.inside[group][term] / counts.sizes[group], log(1 + counts.texts / counts.all[term])
    if counts.sizes[group] == counts.texts:
        return share * rarity
    lift = min(counts.lift(each, group) for each in {term, *((word,) for word in term)})
    return share * log(lift) * rarity if lift > 1 else 0.0


def terms_of(texts: Iterable[str], groups: Sequence[int], most: int = 10) -> dict[int, tuple[str, ...]]:
    """Return up to `most` terms of each group from 0 up, the most telling first; groups below 0 are only compared with.

    Forms of one word are told once, and a phrase stands for the words that mostly occur in it. Of scripts without
    spaces between words, the strings are words that `vecsmith.clustering.unspaced` finds in these texts.
    """
    spelled = [words_of(text) for text in texts]
    read = [(group, [word.casefold() for word in words]) for group, words in zip(groups, spelled, strict=True)]
    members: dict[int, list[list[str]]] = {}
    for group, words in read:
        members.setdefault(group, []).append(words)
    counts = counted(read)
    chosen = {
        group: list(islice(distinct(counts, group, members[group]), most)) for group in sorted(members) if group >= 0
    }
    shown = spellings({term for terms in chosen.values() for term in terms}, spelled)
    return {group: tuple(shown[term] for term in terms) for group, terms in chosen.items()}


def counted(read: Sequence[tuple[int, list[str]]]) -> Counts:
    """Count words, then the phrases of two words that both tell one of the groups."""
    counts = Counts()
    runs = [[word for word in words if is_run(word)] for _, words in read]
    known = Vocabulary.of(runs)
    for (group, words), unparted in zip(read, runs, strict=True):
        counts.sizes[group] += 1
        counts.add(group, {(word,) for word in words if tells(word) and not is_run(word)})
        counts.add(group, {(word,) for word in known.inside(unparted)})
    best = {word for group in counts.inside if group >= 0 for (word,) in ranked(counts, group)[:CANDIDATES]}
    for group, words in read:
        pairs = {pair for pair in pairwise(words) if best.issuperset(pair) and not any(map(is_run, pair))}
        counts.add(group, {pair for pair in pairs if not kin(*pair)})
    return counts


def ranked(counts: Counts, group: int) -> list[Term]:
    """Return the terms that tell a group, the best first."""
    least = 2 if counts.sizes[group] > FEW else 1
    weights = {term: weight(counts, term, group) for term, texts in counts.inside[group].items() if texts >= least}
    return sorted((term for term in weights if weights[term] > 0), key=lambda term: (-weights[term], term))


def distinct(counts: Counts, group: int, texts: Sequence[list[str]]) -> Iterator[Term]:
    """Yield terms that say something new, with phrases in the place of the words that mostly stand in them."""
    terms, inside = ranked(counts, group), counts.inside[group]
    phrases = longer(terms)
    told: list[str] = []
    for term in terms:
        if repeats(term, told):
            continue
        fuller = [phrase for phrase in phrases.get(term, ()) if inside[phrase] >= MOSTLY * inside[term]]
        shown = next((phrase for phrase in fuller if not repeats(phrase, told)), term)
        shown = completed(shown, texts, COMMON * counts.texts, counts.all)
        if not repeats(shown, told):
            told += shown
            yield shown


def repeats(term: Term, told: Iterable[str]) -> bool:
    """Whether a term has a word, or another form of it, that was told already."""
    return any(kin(word, other) for word in term for other in told)


def longer(terms: Iterable[Term]) -> Mapping[Term, list[Term]]:
    """Return the phrases in which each word stands, in their order."""
    found: dict[Term, list[Term]] = {}
    for phrase in terms:
        for word in phrase if len(phrase) > 1 else ():
            found.setdefault((word,), []).append(phrase)
    return found


def completed(term: Term, texts: Sequence[list[str]], most: float, often: Mapping[Term, int]) -> Term:
    """Return a term with the words that nearly always stand beside it, and stand in at most so many texts."""
    while len(term) < LONGEST and not any(map(is_run, term)):
        places = [(words, at) for words in texts if term[0] in words if (at := place(term, words)) is not None]
        before = Counter(words[at - 1] for words, at in places if at)
        behind = Counter(words[at + len(term)] for words, at in places if at + len(term) < len(words))
        sides = [(count, word, side) for side in (before, behind) for word, count in side.most_common(1)]
        count, word, side = max(sides, default=(0, "", before), key=lambda each: each[0])
        if count < max(2, ALWAYS * len(places)) or not tells(word) or word in term or often[(word,)] > most:
            break
        term = (word, *term) if side is before else (*term, word)
    return term


def place(term: Term, words: list[str]) -> int | None:
    """Return where a term first stands in a text."""
    at = -1
    while True:
        try:
            at = words.index(term[0], at + 1)
        except ValueError:
            return None
        if tuple(words[at : at + len(term)]) == term:
            return at

"""The words of texts, of any script."""

from __future__ import annotations

import html
import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from vecsmith.clustering.unspaced import RUN, has_runs, is_run, overlap

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import regex

__all__ = ["Term", "kin", "spellings", "tells", "words_of"]

Term = tuple[str, ...]
"""One word, or several in a row, without regard to capitals."""

READ = 5_000
"""The characters of each text that are looked at: a topic shows itself early, and one long text may not take long."""

MARKUP = re.compile(r"<[^<>]{1,400}>|https?://\S+|www\.\S+")
"""Tags and addresses, whose words are about nothing."""

APOSTROPHE = "['\u2019]"

LONGEST = 30
"""Characters of the longest word that can stand in a name."""

ALIKE = 0.6
"""The share of the longer word that two forms of one word begin with alike."""

FEW = 3
"""Letters that two forms of one word have in common at least."""

SMALL = 0.1
"""The share of a term's occurrences in small letters from which on it is no proper name."""

FUNCTION_WORDS = frozenset(
    """
    a an the this that these those such same other another each every either neither both all any some no none
    i me my mine myself we our ours ourselves you your yours yourself he him his himself she her hers herself
    it its itself they them their theirs themselves one ones someone something anyone anything everyone everything
    who whom whose which what when where why how there here
    am is are was were be been being do does did doing done have has had having
    can could shall should will would may might must ought cannot
    and or but nor so yet if then than because although though while whether unless until since as
    of to in on at by for from with without within into onto about against between among through during before after
    above below under toward towards upon per via not only also too very just even still again ever never now
    """.split()  # noqa: SIM905 (so many words are read more easily without quotes)
)
"""English words of the closed classes, which say how a text is put together and never what it is about.

In other languages they are as frequent in one cluster as in the others, which is what keeps them out of names.
"""


@cache
def patterns() -> tuple[regex.Pattern[str], regex.Pattern[str]]:
    """Return what finds words, and what finds words and runs.

    ``regex`` counts the marks of Indic scripts as part of words, which ``re`` does not.
    """
    import regex

    letters = rf"(?: (?!{RUN}) \w )+"
    return (
        regex.compile(rf"\w+(?:{APOSTROPHE}\w+)*"),
        regex.compile(rf"{RUN} | {letters} (?: {APOSTROPHE} {letters} )*", regex.VERBOSE),
    )


def words_of(text: str) -> list[str]:
    """Return the words of a text, in order, as they are spelled; no markup and no addresses.

    Of a script without spaces between words, its runs, whose words are `vecsmith.clustering.unspaced`'s to find.
    """
    head = text[:READ]
    plain = MARKUP.sub(" ", html.unescape(head) if "&" in head else head)
    words, with_runs = patterns()
    found: list[str] = (with_runs if has_runs(plain) else words).findall(plain)
    return found


def tells(word: str) -> bool:
    """Whether a word may say what a text is about: no number, no single letter of an alphabet, no function word."""
    if len(word) == 1:
        return word.isalpha() and word.lower() == word.upper()  # a character that is a word, as in Chinese
    stem = re.split(APOSTROPHE, word, maxsplit=1)[0].removesuffix("n")  # don't, I'm, they've
    known = word in FUNCTION_WORDS or (stem != word and stem in FUNCTION_WORDS)
    return not known and len(word) <= LONGEST and "_" not in word and any(map(str.isalpha, word))


def kin(one: str, other: str) -> bool:
    """Whether two words are likely forms of one, as their common beginning tells: transfer, transferred.

    Of scripts without spaces between words, whether they share enough anywhere.
    """
    if is_run(one) and is_run(other):
        return overlap(one, other)
    longer = max(len(one), len(other))
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one == other or same >= max(FEW, ALIKE * longer)


def spellings(terms: Iterable[Term], texts: Iterable[Sequence[str]]) -> dict[Term, str]:
    """Return terms as most texts spell them, and in small letters unless they hardly ever are: Microsoft, prices."""
    forms: dict[Term, Counter[str]] = {term: Counter() for term in terms}
    lengths: dict[str, set[int]] = {}
    for term in forms:
        lengths.setdefault(term[0], set()).add(len(term))
    for words in texts:
        for at, word in enumerate(words):
            for length in lengths.get(word.casefold(), ()):
                found = words[at : at + length]
                if (counter := forms.get(tuple(each.casefold() for each in found))) is not None:
                    counter[" ".join(found)] += 1
    return {term: usual(counter, " ".join(term)) for term, counter in forms.items()}


def usual(forms: Counter[str], otherwise: str) -> str:
    """Return the form to show of a term."""
    small = Counter({form: count for form, count in forms.items() if form == form.lower()})
    kept = small if small.total() > SMALL * forms.total() else forms
    return max(kept, key=lambda form: (kept[form], form), default=otherwise)

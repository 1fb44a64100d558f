"""Words of scripts that put no spaces between them: Chinese, Japanese, Thai, Lao, Khmer, Burmese.

They are found without a dictionary, as strings of characters that several texts have and that are no part of a longer
one that is about as frequent. That is statistical substring reduction (Lü, Zhang and Hu 2004, "Statistical Substring
Reduction in Linear Time", IJCNLP), by numbers of texts; the strings of each length are looked for among those whose
parts are frequent (Agrawal and Srikant 1994, "Fast Algorithms for Mining Association Rules", VLDB). What stands side by
side less often than by chance is no word.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

    import regex

__all__ = ["RUN", "Vocabulary", "has_runs", "is_run", "overlap"]

String = tuple[str, ...]
"""Units in a row."""

RUN = r"""(?:
    \p{Han}+ [\p{Hiragana}\u30fc]*
    | \p{Hiragana} [\p{Hiragana}\u30fc]*
    | \p{Katakana} [\p{Katakana}\u30fc]*
    | \p{Thai}+ | \p{Lao}+ | \p{Khmer}+ | \p{Myanmar}+
)"""
"""A run of one script, spaces aside; Han takes along the hiragana behind it, which inflect it."""

UNIT = r"""
    [\u0e40-\u0e44\u0ec0-\u0ec4]? \p{L}
    (?: \p{M} | [\u0e30\u0e32\u0e33\u0e45\u0eb0\u0eb2\u0eb3] | (?<=[\u17d2\u1039]) \p{L} | \p{L} (?=\u1039?\u103a) )*
    """
"""What is never parted: a letter with its marks, in Thai and Lao with the vowels before and behind it, in Khmer with
what is written below it, in Burmese with the consonant that ends the syllable."""

LENGTHS = {
    "han": (2, 6),
    "hiragana": (3, 6),
    "katakana": (2, 10),
    "thai": (2, 10),
    "lao": (2, 10),
    "khmer": (2, 10),
    "myanmar": (2, 10),
}
"""Units of the shortest and of the longest word; a Han character that is all of a run may be one, too."""

LONGEST = max(most for _, most in LENGTHS.values())

ALIKE = 0.8
"""The share of a string's texts that have the same longer one, from which on it is no word but a part of that."""

OFTEN, EACH = 2, 2_000
"""Texts that a string has to stand in at least, and of how many there has to be one more."""

SAMPLE, RUNS = 5_000, 200
"""Texts in which words are looked for, evenly out of all, and the runs of each."""

SHARED = 2
"""Characters that two words have in common at least to tell the same."""

GRAMMAR = frozenset("的了我你您他她它们們吗嗎呢吧啊这這那是很也怎么麼什")
"""Chinese characters that say how a text is put together and not what it is about; no word goes across one."""

ENDINGS = """
    ですか ですが でしたか でしたが でしょうか ましたか ましたが ませんか ませんが ませんでした ますか ますが たいです
    できますか できません できない できました できませんか できなくなりました ありますか ありません ありました いません
    されません されました しました しません します したい したら してください してほしい してしまいました なりました
    なりません もらえますか もらえません いただけますか くださいませんか という ところ どうすれば どうしたら どのように
    どこから いつまで いつから ありがとうございます ございません について によって として これから それから けれども
    """
"""Japanese in hiragana that does the same; no part of it is a word."""


@cache
def patterns() -> tuple[regex.Pattern[str], regex.Pattern[str]]:
    """Return what knows a run, and what finds the units of one."""
    import regex

    return regex.compile(RUN, regex.VERBOSE), regex.compile(UNIT, regex.VERBOSE)


@cache
def kind_of(first: str) -> str | None:
    """Return the script of `LENGTHS` of a run that begins with this; None where none does."""
    import regex

    if not patterns()[0].match(first):
        return None
    return next((kind for kind in LENGTHS if regex.match(rf"\p{{{kind}}}", first)), None)


def is_run(word: str) -> bool:
    """Whether a word is a run of a script that puts no spaces between words."""
    return kind_of(word[0]) is not None


def has_runs(text: str) -> bool:
    """Whether a text has any such run."""
    return not text.isascii() and patterns()[0].search(text) is not None


def pieces(run: str) -> Iterator[String]:
    """Yield the units of a run, in pieces between Chinese function words, and without what inflects Han."""
    if kind_of(run[0]) != "han":
        yield tuple(patterns()[1].findall(run))
        return
    piece: list[str] = []
    for letter in (*run, ""):
        if letter and letter not in GRAMMAR and kind_of(letter) == "han":
            piece.append(letter)
        elif piece:
            yield tuple(piece)
            piece = []


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Strings that may be words."""

    words: frozenset[String]
    beginnings: frozenset[String]
    """Of words, and they themselves."""

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]]) -> Vocabulary:
        """Take those of the runs of each text: see above, and `LENGTHS`, `OFTEN` and `ALIKE`."""
        chosen = texts[:: max(1, len(texts) // SAMPLE)]
        words = found([{piece for run in runs[:RUNS] for piece in pieces(run)} for runs in chosen])
        return cls(words, frozenset(word[:end] for word in words for end in range(1, len(word) + 1)))

    def inside(self, runs: Iterable[str]) -> set[str]:
        """Return the words that stand in runs."""
        met = set()
        for piece in {piece for run in runs for piece in pieces(run)}:
            for at in starts(piece):
                for end in range(at + 1, len(piece) + 1):
                    string = piece[at:end]
                    if string not in self.beginnings:
                        break
                    if string in self.words and (len(string) > 1 or len(piece) == 1):
                        met.add("".join(string))
        return met


def found(texts: Sequence[set[String]]) -> frozenset[String]:
    """Return the words of the pieces of each text."""
    least = OFTEN + len(texts) // EACH
    alone = Counter(piece for text in texts for piece in text if len(piece) == 1 and kind_of(piece[0]) == "han")
    counts, longest = frequent(texts, least), Counter[String]()
    for string, many in counts.items():
        for part in (string[:-1], string[1:]):
            longest[part] = max(longest[part], many)
    whole = (each for each, many in counts.items() if longest[each] < ALIKE * many and is_word(each))
    having = Counter(kind for text in texts for kind in {kind_of(piece[0]) for piece in text})
    words = {each for each in whole if coheres(each, counts, having[kind_of(each[0])])}
    return frozenset(words.union(letter for letter, many in alone.items() if many >= least))


def frequent(texts: Sequence[set[String]], least: int) -> dict[String, int]:
    """Return the strings that at least so many texts have, and how many do; up to a unit longer than a word.

    Each length goes on where the one before was frequent.
    """
    counts: dict[String, int] = {}
    reach: list[list[tuple[String, Sequence[int]]]] = [[(piece, starts(piece)) for piece in text] for text in texts]
    for length in range(1, LONGEST + 2):
        level: Counter[String] = Counter()
        for text in reach:
            level.update({piece[at : at + length] for piece, places in text for at in places})
        level = Counter({string: many for string, many in level.items() if many >= least})
        counts |= level
        reach = [
            [(piece, on) for piece, places in text if (on := going_on(piece, places, length, level))] for text in reach
        ]
    return counts


def going_on(piece: String, places: Iterable[int], length: int, level: Container[String]) -> list[int]:
    """Return the places of a piece at which a string of a length is frequent, and can be longer."""
    return [at for at in places if at + length < len(piece) and piece[at : at + length] in level]


def starts(piece: String) -> range:
    """Return the places at which a word may begin; of hiragana the first only, because what follows inflects it."""
    return range(1 if kind_of(piece[0]) == "hiragana" else len(piece))


def coheres(string: String, counts: Mapping[String, int], texts: int) -> bool:
    """Whether its two sides, wherever it is parted, stand together as often as by chance, of all texts of its script.

    That is a pointwise mutual information of 0 or more (Church and Hanks 1990, "Word Association Norms, Mutual
    Information, and Lexicography", Computational Linguistics).
    """
    sides = [(counts.get(string[:at]), counts.get(string[at:])) for at in range(1, len(string))]
    return all(left * right <= counts[string] * texts for left, right in sides if left and right)


def is_word(string: String) -> bool:
    """Whether a string is as long as a word, and more than an ending."""
    kind = kind_of(string[0])
    least, most = LENGTHS[kind] if kind else (1, 0)
    return least <= len(string) <= most and not (kind == "hiragana" and "".join(string) in ENDINGS)


def overlap(one: str, other: str) -> bool:
    """Whether two words are one, or parts of one: half of the shorter, and two characters, stand in the longer."""
    shorter, longer = sorted((one, other), key=len)
    least = max(SHARED, (len(shorter) + 1) // 2)
    parts = (shorter[at : at + least] for at in range(len(shorter) - least + 1))
    return shorter in longer or any(part in longer for part in parts)

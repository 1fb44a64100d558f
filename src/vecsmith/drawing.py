"""What all pictures share: matplotlib, which leaves nothing behind, fonts for any language, and the PNG at the end."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import unicodedata
import warnings
from typing import TYPE_CHECKING, Any

from vecsmith.errors import EmbedWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from matplotlib.figure import Figure

__all__ = ["blank", "families", "load_matplotlib", "png_of", "readable"]

SETTINGS = "MPLCONFIGDIR"
"""The variable that says where matplotlib keeps its list of fonts."""

OWN = "DejaVu Sans"
"""The font that comes with matplotlib: Latin, Greek, Cyrillic, Hebrew, Arabic and more."""

JAPANESE = (
    *("Noto Sans CJK JP", "Noto Sans JP", "Source Han Sans JP", "Hiragino Sans", "Yu Gothic", "Meiryo"),
    *("IPAexGothic", "IPAGothic", "MS Gothic"),
)
KOREAN = ("Noto Sans CJK KR", "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", "NanumGothic")
CHINESE = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei"),
    *("WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback", "SimHei", "Microsoft JhengHei"),
)
ANY = ("Noto Sans", "Segoe UI", "Leelawadee UI", "Nirmala UI", "Tahoma", "Arial Unicode MS")

BY_SCRIPT = (
    ({"HIRAGANA", "KATAKANA"}, JAPANESE),
    ({"HANGUL"}, KOREAN),
    ({"CJK"}, CHINESE),
    (frozenset[str](), ANY),
)
"""Fonts that are tried first, by the scripts that a picture has: Chinese characters look otherwise in Japan."""

UNFIT = ("lastresort", "last resort", "emoji", "adobe blank")
"""What stands in the names of fonts that have boxes for letters, or colours, which matplotlib does not draw."""

JOINERS = "\u200c\u200d"
"""They part and join letters of Persian and of Indian languages, and show nothing of their own."""


def load_matplotlib() -> None:
    """Load matplotlib.

    It writes a list of the system's fonts into the user's folder, unless another is named; here into one that is
    removed again.
    """
    if SETTINGS in os.environ or "matplotlib.font_manager" in sys.modules:
        return
    with tempfile.TemporaryDirectory(prefix="vecsmith-") as folder:
        os.environ[SETTINGS] = folder
        try:
            import matplotlib.font_manager  # noqa: F401 (it reads and writes the list when it is loaded)
        finally:
            del os.environ[SETTINGS]


def blank(width: float, height: float, dpi: int, **options: Any) -> Figure:
    """Return a figure of so many inches, without a window and without touching the state of pyplot."""
    load_matplotlib()
    from matplotlib.figure import Figure

    return Figure((width, height), dpi, facecolor="white", **options)


def png_of(figure: Figure) -> bytes:
    """Return a figure as PNG; not by `savefig`, which lays it out and draws it twice."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph ")  # of letters that no font has, which `families` warned of
        FigureCanvasAgg(figure).print_png(buffer, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def readable(text: str) -> str:
    """Return a text with what has no letters, such as half characters, replaced."""
    return "".join(letter if letter.isprintable() or letter in JOINERS else "\ufffd" for letter in text)


def families(texts: Iterable[str], *, instead: str = "", stacklevel: int = 2) -> list[str]:
    """Return the fonts of this machine that have the letters of texts, for matplotlib to take each letter's first.

    Warns where some letters are in no font: `instead` is what else can be done about it, `stacklevel` as in `warnings`.
    """
    load_matplotlib()
    letters = {letter for text in texts for letter in text if not empty(letter)}
    chosen, lacking = [OWN], without(OWN, letters)
    for name in candidates(lacking):
        left = without(name, lacking)
        if left != lacking:
            chosen.append(name)
        if not (lacking := left):
            break
    if lacking:
        warnings.warn(f"{told(lacking)}{instead}", EmbedWarning, stacklevel=stacklevel + 1)
    return chosen


def told(lacking: set[str]) -> str:
    """Say which letters no font has, and what to do."""
    written = {letter: unicodedata.category(letter)[0] in "LM" for letter in lacking}
    scripts = sorted({script(letter).title() if known else "symbols" for letter, known in written.items()})
    what = f"{len(lacking)} characters of the picture" if len(lacking) > 1 else "1 character of the picture"
    return (
        f"no font of this machine has {what} ({', '.join(scripts).replace('Cjk', 'Chinese characters')}), drawn as "
        "boxes: install one that does, such as those of fonts.google.com/noto"
    )


def empty(letter: str) -> bool:
    """Whether a letter shows nothing of its own."""
    return letter.isspace() or unicodedata.category(letter) in {"Cf", "Cc"}


def script(letter: str) -> str:
    """Return the script of a letter, which its name begins with: CJK, THAI, DEVANAGARI."""
    return unicodedata.name(letter, "unknown").split(" ")[0]


def candidates(lacking: set[str]) -> Iterator[str]:
    """Yield the fonts of this machine, those first that suit the scripts of some letters."""
    if not lacking:
        return
    from matplotlib.font_manager import get_font_names

    scripts = {script(letter) for letter in lacking}
    there = {name for name in get_font_names() if not any(unfit in name.lower() for unfit in UNFIT)}
    known = [name for of, names in BY_SCRIPT if not of or of & scripts for name in names if name in there]
    yield from known
    yield from sorted(there.difference(known), key=lambda name: (*unlikely(name, scripts), name))


def unlikely(name: str, scripts: Iterable[str]) -> tuple[bool, bool, bool]:
    """Return what speaks against a font: a name that names none of the scripts, that is not of a plain font."""
    named = any(script.title() in name for script in scripts)
    return not named, "Sans" not in name, "Mono" in name


def without(name: str, letters: set[str]) -> set[str]:
    """Return the letters that a font has not."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    try:
        font = get_font(findfont(FontProperties(family=name), fallback_to_default=False))
        there = font.get_charmap() if font.scalable else {}
    except (OSError, RuntimeError, ValueError):  # a file that is damaged, or of a kind that it does not read
        return letters
    return {letter for letter in letters if ord(letter) not in there}

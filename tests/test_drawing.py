"""Pictures leave nothing behind but themselves, and have fonts for the letters in them."""

import os
import sys
import warnings

import numpy as np
import pytest

from processes import run_python
from vecsmith import EmbedWarning, cluster
from vecsmith.classifying import Report
from vecsmith.drawing import OWN, blank, candidates, families, load_matplotlib, png_of, readable

DRAW_MATRIX = """
    import sys
    import numpy as np
    from vecsmith.classifying import Report
    Report(("a", "b"), np.eye(2, dtype=int), 0.0, 0.0, 1.0).draw(sys.argv[1])
    print("matplotlib.pyplot" in sys.modules)
"""
DRAW_CLUSTERS = """
    import sys
    import numpy as np
    from vecsmith.clustering import Collection, Wish, clustered
    vectors = np.random.default_rng(0).standard_normal((40, 8))
    clustered(Collection.of(vectors, [f"text {n}" for n in range(40)]), Wish(2)).picture(sys.argv[1])
    print("matplotlib.pyplot" in sys.modules)
"""


@pytest.mark.parametrize(("code", "said"), [(DRAW_CLUSTERS, False), (DRAW_MATRIX, True)])
def test_drawing_leaves_the_users_folder_and_the_plots_of_the_program_alone(tmp_path, code, said):
    home, fonts = tmp_path / "home", tmp_path / "fonts"
    home.mkdir()
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("MPL", "XDG"))}
    settings = {"MPLCONFIGDIR": str(fonts)} if said else {}
    has_pyplot = run_python(
        code,
        tmp_path / "picture.png",
        env={**variables, "HOME": str(home), "TMPDIR": str(tmp_path), "USERPROFILE": str(home), **settings},
    )
    assert has_pyplot == "False\n"
    assert (tmp_path / "picture.png").stat().st_size > 1000
    assert list(home.iterdir()) == []
    assert fonts.exists() is said
    assert "matplotlib" not in {path.name for path in tmp_path.iterdir()}
    assert sys.platform == "win32" or {path.name for path in tmp_path.iterdir()} - {"fonts"} == {"home", "picture.png"}


@pytest.fixture
def fonts(monkeypatch, tmp_path):
    """Leave only the fonts that matplotlib brings, and add those that are made: a name and its letters."""
    load_matplotlib()
    import matplotlib as mpl
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from matplotlib.font_manager import fontManager

    brought = [font for font in fontManager.ttflist if font.fname.startswith(mpl.get_data_path())]
    monkeypatch.setattr(fontManager, "ttflist", brought)

    def make(name, letters):
        pen = TTGlyphPen(None)
        pen.moveTo((0, 0))
        pen.lineTo((0, 500))
        pen.lineTo((500, 0))
        pen.closePath()
        names = [".notdef", *(f"u{ord(letter):X}" for letter in letters)]
        font = FontBuilder(1000)
        font.setupGlyphOrder(names)
        font.setupCharacterMap({ord(letter): f"u{ord(letter):X}" for letter in letters})
        font.setupGlyf(dict.fromkeys(names, pen.glyph()))
        font.setupHorizontalMetrics(dict.fromkeys(names, (600, 0)))
        font.setupHorizontalHeader(ascent=800, descent=-200)
        font.setupNameTable({"familyName": name, "styleName": "Regular"})
        font.setupOS2()
        font.setupPost()
        font.save(tmp_path / f"{name}.ttf")
        fontManager.addfont(tmp_path / f"{name}.ttf")

    return make


def test_letters_that_the_first_font_has_need_no_other(fonts):
    assert families(["parcels, Päckchen, посылки", "משלוח الشحن", "a\u200cb\n"]) == [OWN]


def test_the_fonts_of_the_machine_are_searched_for_the_letters_that_are_lacking(fonts):
    fonts("Nowhere Sans", "xyz")
    fonts("Somewhere Sans", "配送")
    fonts("Elsewhere Sans", "料")
    assert families(["配送", "配送料"]) == [OWN, "Elsewhere Sans", "Somewhere Sans"]


def test_a_picture_drawn_in_a_font_that_was_found_differs_from_one_of_boxes(fonts):
    def drawn(family):
        figure = blank(2, 1, 50)
        figure.text(0.1, 0.5, "配送", family=family)
        return png_of(figure)

    boxes = drawn([OWN])
    fonts("Somewhere Sans", "配送")
    assert drawn(families(["配送"])) != boxes


def test_what_no_font_has_is_one_sentence_without_the_text(fonts):
    with pytest.warns(EmbedWarning) as caught:
        assert families(["配送料ですか", "การจัดส่ง"], instead=", or go without") == [OWN]
    assert len(caught) == 1
    said = str(caught[0].message)
    assert "15 characters of the picture (Chinese characters, Hiragana, Thai), drawn as boxes" in said
    assert said.endswith("fonts.google.com/noto, or go without")
    assert not set(said) & set("配送料การจัดส่ง")


def test_the_warning_is_of_the_line_that_draws(fonts, tmp_path):
    report = Report(("配送", "返品"), np.eye(2, dtype=int), 0.0, 0.0, 1.0)
    clusters = cluster(["配送"] * 3 + ["返品"] * 3, 2, vectors=np.eye(2)[[0, 0, 0, 1, 1, 1]])
    for draw, instead in ((report.draw, "noto"), (clusters.picture, "whose letters are those of the browser")):
        with pytest.warns(EmbedWarning, match="Chinese characters") as caught:
            draw(tmp_path / "a.png")
        assert [(each.filename, str(each.message).endswith(instead)) for each in caught] == [(__file__, True)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clusters.picture(tmp_path / "a.html")


@pytest.mark.parametrize(
    ("letters", "first"),
    [
        ("送料の", "Noto Sans CJK JP"),
        ("送料", "Noto Sans CJK SC"),
        ("배송", "Noto Sans CJK KR"),
        ("ส่ง", "Noto Sans Thai"),
    ],
)
def test_a_font_suits_the_language(monkeypatch, letters, first):
    there = ["AAA", "Noto Color Emoji", "Last Resort High-Efficiency", "Noto Serif Thai", "Noto Sans Thai"]
    there += [f"Noto Sans CJK {each}" for each in ("JP", "KR", "SC")]
    monkeypatch.setattr("matplotlib.font_manager.get_font_names", lambda: there)
    found = list(candidates(set(letters)))
    assert found[0] == first
    assert set(there) - set(found) == {"Noto Color Emoji", "Last Resort High-Efficiency"}


def test_a_font_that_cannot_be_read_is_passed_over(fonts, tmp_path):
    fonts("Broken Sans", "配送")
    (tmp_path / "Broken Sans.ttf").write_bytes(b"x" * 99)
    with pytest.warns(EmbedWarning, match="2 characters"):
        assert families(["配送"]) == [OWN]


def test_joiners_of_persian_and_indian_words_are_kept_and_half_characters_replaced():
    assert readable("می\u200cخواهم \ud800\x1b\u202e") == "می\u200cخواهم \ufffd\ufffd\ufffd"

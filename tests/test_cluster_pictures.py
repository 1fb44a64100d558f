"""Pictures of clusters: where points and labels are, and what a page holds."""

import re
from dataclasses import replace

import numpy as np
import pytest

from test_clustering import TEXTS, blobs
from vecsmith import cluster
from vecsmith.clustering.labels import Box, placed
from vecsmith.clustering.picture import (
    ACROSS,
    FONT,
    HEIGHT,
    LETTER,
    POINTS,
    WIDTH,
    broken,
    drawn,
    lines_of,
    look,
    width_of,
)
from vecsmith.clustering.plane import flat

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def clusters():
    return cluster(TEXTS, 3, vectors=blobs(3, 20))


@pytest.fixture(scope="module")
def picture(clusters):
    return look(clusters, "Towns")


def overlaps(labels):
    """Return the pairs of labels whose boxes cross."""
    return [
        (one, other)
        for at, one in enumerate(labels)
        for other in labels[:at]
        if abs(one.x - other.x) < (one.width + other.width) / 2
        and abs(one.y - other.y) < (one.height + other.height) / 2
    ]


def test_points_of_one_cluster_are_near_each_other(clusters, picture):
    middles = np.stack([picture.points[clusters.labels == each].mean(axis=0) for each in range(3)])
    far = np.linalg.norm(picture.points[:, None] - middles, axis=2)
    np.testing.assert_array_equal(far.argmin(axis=1), clusters.labels)


def test_every_cluster_has_a_label_with_its_size_within_the_frame(clusters, picture):
    assert [label.cluster for label in picture.labels] == [0, 1, 2]
    for label in picture.labels:
        assert label.lines[-1].endswith("(20)")
        assert all(len(line) <= ACROSS for line in label.lines)
        assert label.width / 2 <= label.x <= WIDTH - label.width / 2
        assert label.height / 2 <= label.y <= HEIGHT - label.height / 2


def test_twenty_labels_do_not_cross():
    found = cluster([f"town{n // 8} number {n}" for n in range(160)], 20, vectors=blobs(20, 8, spread=0.9))
    labels = look(found).labels
    assert len(labels) == 20
    assert overlaps(labels) == []


def test_labels_of_one_place_are_pushed_apart():
    boxes = [Box(600, 400, 180, 34)] * 20
    middles = placed(boxes, np.zeros((0, 2)), (WIDTH, HEIGHT))
    apart = np.abs(middles[:, None] - middles[None])
    crossing = (apart < [180, 34]).all(axis=2) & ~np.eye(20, dtype=bool)
    assert not crossing.any()
    np.testing.assert_allclose(middles[0], [600, 400])


def test_a_label_moves_aside_for_points():
    box = [Box(600, 400, 100, 20)]
    points = np.random.default_rng(0).normal([600, 400], [30, 6], (60, 2))
    (x, y), *_ = placed(box, points, (WIDTH, HEIGHT))
    hidden = ((np.abs(points - [x, y]) < [50, 10]).all(axis=1)).sum()
    assert hidden < 6
    assert np.hypot(x - 600, y - 400) < 80


def test_a_name_of_wide_letters_has_fewer_of_them_in_a_line(clusters):
    named = replace(clusters[0], name="収不到配送状況確認番号再設定方法一覧")
    assert all(width_of(line) <= FONT * LETTER * ACROSS for line in lines_of(named))
    assert lines_of(named)[0].startswith("収不到配送状況")
    assert lines_of(replace(named, name="パスワード, メール, ログイン")) == ("パスワード, メール,", "ログイン (20)")


def test_long_names_are_broken_at_a_comma():
    assert broken(["oil", "prices,", "stocks", "(12)"]) == ("oil prices, stocks (12)",)
    assert broken(["prime", "minister,", "election", "campaign", "(12)"]) == (
        "prime minister,",
        "election campaign (12)",
    )


def test_the_same_clusters_give_the_same_picture(clusters, picture):
    np.testing.assert_array_equal(look(clusters, "Towns").points, picture.points)


@pytest.mark.parametrize("many", [1, 2, 3, 5, 6, 7])
def test_few_vectors_have_places_too(many):
    places = flat(blobs(1, many))
    assert places.shape == (many, 2)
    assert ((places >= 0) & (places <= 1)).all()


def test_equal_vectors_have_places_too():
    assert np.isfinite(flat(np.repeat(blobs(1, 1), 12, axis=0))).all()


def test_of_many_texts_some_are_drawn_and_of_each_cluster_a_few():
    rows = np.concatenate([blobs(1, 2500), blobs(1, 20, seed=3)])
    found = cluster(rows, 2)
    kept = drawn(found)
    assert len(kept) == POINTS
    assert len(set(kept.tolist())) == POINTS
    assert (found.labels[kept] == 1).sum() >= 15
    np.testing.assert_array_equal(kept, drawn(found))


def test_a_png_is_written(clusters, tmp_path):
    clusters.picture(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    assert content.startswith(PNG)
    assert int.from_bytes(content[16:20]) == WIDTH
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_page_holds_every_text_and_asks_no_one(clusters, tmp_path):
    clusters.picture(tmp_path / "a.html", title="Towns & <b>more</b>")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert all(f"<title>{text}</title>" in page for text in TEXTS)
    assert '<h1 dir="auto">Towns &amp; &lt;b&gt;more&lt;/b&gt;</h1>' in page
    assert not re.search(r"https?:|<link|<img|@import|url\(|\bsrc=|\bhref=", page)
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page


def test_hostile_texts_are_shown_as_they_are_and_do_nothing(tmp_path):
    bad = '"><img src=x onerror=alert(1)></title></svg><script>alert(2)</script>\x00\u202e'
    found = cluster([bad] * 5 + ["good"] * 5, 2, vectors=blobs(2, 5))
    found.picture(tmp_path / "a.html", title=bad)
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count("<script>") == 1
    assert "<img" not in page
    assert "\x00" not in page


def test_texts_in_no_cluster_are_drawn_grey(tmp_path):
    strays = np.random.default_rng(5).standard_normal((6, 16))
    found = cluster(np.concatenate([blobs(3, 20), strays]), method="hdbscan", min_size=8)
    found.picture(tmp_path / "a.html")
    found.picture(tmp_path / "a.png")
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.count('fill="#999999"') == 6
    assert "grey: the 6 in no cluster" in page


def test_no_cluster_at_all_is_a_picture_too(tmp_path):
    found = cluster(np.eye(4, dtype=np.float32), method="hdbscan")
    found.picture(tmp_path / "a.png")
    found.picture(tmp_path / "a.html")
    assert "4 texts in 0 clusters" in (tmp_path / "a.html").read_text(encoding="utf-8")

"""Texts in groups: which go together, how many groups there are, and how each is named."""

import json
import os
import re
import warnings

import numpy as np
import pytest

from processes import run_python
from vecsmith import Clusters, ConfigError, EmbedWarning, InputError, cluster, normalize
from vecsmith.clustering import Collection
from vecsmith.clustering.density import dense, least_size
from vecsmith.clustering.kmeans import grouped, near_enough, searched
from vecsmith.clustering.nearness import BLOCK, chosen, neighbours, smoothed

TOPICS = (
    ("the harbour", "ferry", "sails to the island", "with a strong wind", "at high tide"),
    ("the bakery", "rye bread", "comes out of the oven", "with a dark crust", "before sunrise"),
    ("the orchestra", "violin concerto", "is rehearsed on stage", "with a guest conductor", "for the gala"),
)
TEXTS = [
    f"Today {topic[0]} says that {topic[1 + n % 4]} and {topic[1 + (n + 1 + n // 4 % 3) % 4]}, number {n}."
    for topic in TOPICS
    for n in range(20)
]
TRUE = np.repeat(np.arange(len(TOPICS)), 20)


def blobs(centres, each, spread=0.4, width=16, seed=0):
    """Return unit vectors around so many random centres, one blob after the other."""
    numbers = np.random.default_rng(seed)
    middles = normalize(numbers.standard_normal((centres, width)))
    noise = spread * numbers.standard_normal((centres, each, width)) / np.sqrt(width)
    return normalize((middles[:, None] + noise).reshape(-1, width))


@pytest.fixture(scope="module")
def vectors():
    return blobs(3, 20)


@pytest.fixture(scope="module")
def clusters(vectors):
    return cluster(TEXTS, vectors=vectors)


def same_parts(labels, truth):
    """Whether two labellings part things alike, whatever their numbers."""
    return len(set(zip(labels.tolist(), truth.tolist(), strict=True))) == len(set(truth.tolist())) == len(set(labels))


# --- which texts go together


@pytest.mark.parametrize("k", [None, 3])
def test_texts_of_one_kind_are_in_one_cluster(vectors, k):
    found = cluster(TEXTS, k, vectors=vectors)
    assert same_parts(found.labels, TRUE)
    assert [each.size for each in found] == [20, 20, 20]


def test_dense_places_are_clusters_and_what_lies_between_is_in_none(vectors):
    strays = normalize(np.random.default_rng(5).standard_normal((6, 16)))
    found = cluster(np.concatenate([vectors, strays]), method="hdbscan", min_size=8)
    assert same_parts(found.labels[:60], TRUE)
    assert set(found.outliers) == set(range(60, 66))
    assert np.isnan(found.distances[60:]).all()


def test_real_sentences_are_told_apart(auto_embedder):
    texts = [f"The cat {does}." for does in ("sleeps", "purrs", "chases a mouse", "drinks milk", "climbs a tree")]
    texts += [f"The bank {does}." for does in ("lends money", "raises its rates", "opens an account", "loses millions")]
    assert same_parts(cluster(texts, 2, embedder=auto_embedder).labels, np.array([0] * 5 + [1] * 4))


def test_the_same_arguments_give_the_same_clusters(vectors):
    noisy = blobs(6, 40, spread=2.0)
    first, second = (cluster(noisy, 6) for _ in range(2))
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_array_equal(first.centres, second.centres)


def test_the_number_of_cores_changes_nothing():
    code = """
    import numpy as np
    from vecsmith import cluster, normalize
    print(cluster(normalize(np.random.default_rng(0).standard_normal((300, 32))), 9).labels.tolist())
    """
    few, many = (run_python(code, env={**os.environ, "OMP_NUM_THREADS": cores}) for cores in "13")
    assert few == many


def test_the_largest_cluster_is_the_first():
    found = cluster(np.concatenate([blobs(1, 5), blobs(1, 12, seed=1), blobs(1, 30, seed=2)]), 3)
    assert [each.size for each in found] == [30, 12, 5]
    assert found.labels.tolist() == [2] * 5 + [1] * 12 + [0] * 30


def test_members_labels_and_distances_agree(clusters, vectors):
    for each in clusters:
        np.testing.assert_array_equal(each.members, np.flatnonzero(clusters.labels == each.index))
        far = 1 - vectors[each.members] @ clusters.centres[each.index]
        np.testing.assert_allclose(clusters.distances[each.members], far, atol=1e-6)
        assert each.cohesion == pytest.approx(1 - far.mean(), abs=1e-6)
        assert each.central[0] == TEXTS[each.members[far.argmin()]]
    np.testing.assert_allclose(np.linalg.norm(clusters.centres, axis=1), 1, atol=1e-6)


def test_lengths_do_not_matter(vectors, clusters):
    lengths = np.random.default_rng(0).uniform(0.1, 90, (60, 1))
    np.testing.assert_array_equal(cluster(vectors * lengths, 3).labels, clusters.labels)


# --- how many


@pytest.mark.parametrize("many", [2, 5, 9])
def test_the_number_that_is_there_is_found(many):
    found = cluster(blobs(many, 25, width=32))
    assert len(found) == many
    assert f"of 2 to {min(30, many * 25 // 2)}" in found.found
    assert 0 < found.silhouette < 1


def test_a_number_is_searched_on_a_sample(monkeypatch):
    monkeypatch.setattr("vecsmith.clustering.kmeans.SAMPLE", 200)
    many = blobs(4, 100, width=32)
    search = searched(many, 300)
    assert search.best[0] == 4
    assert search.sample < len(many)
    assert [k for k, _ in search.scores] == list(range(2, 31))


def test_one_cluster_is_all_of_them(vectors):
    found = cluster(TEXTS, 1, vectors=vectors)
    assert found.labels.tolist() == [0] * 60
    assert found[0].size == 60


def test_two_texts_are_too_few_to_part(vectors):
    assert len(cluster(vectors[[0, 30]])) == 1
    assert len(cluster(vectors[[0, 30]], 2)) == 2


@pytest.mark.parametrize("many", [1, 30])
@pytest.mark.parametrize("method", ["kmeans", "hdbscan"])
def test_equal_texts_are_one_cluster(method, many):
    found = cluster(["The same."] * many, method=method, vectors=np.repeat(blobs(1, 1), many, axis=0))
    assert [each.size for each in found] == [many]
    assert found[0].central == ("The same.",)


def test_texts_that_repeat_are_parted_by_what_differs(vectors):
    found = cluster(np.repeat(vectors[[0, 25, 45]], 10, axis=0), 3)
    assert [each.size for each in found] == [10, 10, 10]


def test_few_texts_can_be_as_many_clusters(vectors):
    assert len(cluster(vectors[::10], 6)) == 6


def test_where_nothing_lies_densely_there_is_no_cluster():
    found = cluster(np.eye(4, dtype=np.float32), method="hdbscan")
    assert len(found) == 0
    assert found.labels.tolist() == [-1] * 4
    assert found.centres.shape == (0, 4)
    assert found.to_dict()["clusters"] == []


def test_the_smallest_dense_cluster_is_a_hundredth_and_at_least_five():
    assert [least_size(many) for many in (1, 400, 5000)] == [5, 5, 50]


# --- vectors among their neighbours


def test_neighbours_are_the_nearest_others():
    rows = blobs(5, BLOCK // 4)
    near = neighbours(rows, 3)
    products = rows @ rows.T
    np.fill_diagonal(products, -2)
    np.testing.assert_allclose(
        np.take_along_axis(products, near, axis=1), -np.sort(-products, axis=1)[:, :3], atol=1e-6
    )


def test_a_smoothed_vector_is_the_mean_of_itself_and_its_neighbours():
    rows = blobs(2, 5)
    near = neighbours(rows, 2)
    mean = normalize(rows[3] + rows[near[3]].sum(axis=0))
    np.testing.assert_allclose(smoothed(rows, near)[3], mean, atol=1e-6)


def test_neighbours_of_many_are_found_among_some(monkeypatch):
    monkeypatch.setattr("vecsmith.clustering.nearness.AMONG", 40)
    near = neighbours(blobs(4, 50), 3)
    assert set(near.ravel()) <= set(chosen(200, 40).tolist())
    assert not (near == np.arange(200)[:, None]).any()


def test_small_clusters_are_smoothed_less():
    assert [near_enough(size) for size in (1, 7, 8, 20, 1000)] == [1, 1, 2, 5, 10]
    assert near_enough(1000, nearest=1) == 1


@pytest.mark.parametrize("method", [lambda x: grouped(x, 4), lambda x: dense(x, 20)])
def test_many_vectors_are_grouped_by_some_of_them(monkeypatch, method):
    for module in ("kmeans", "density"):
        monkeypatch.setattr(f"vecsmith.clustering.{module}.ON", 120)
    labels = method(blobs(4, 100))
    inside = labels >= 0
    assert inside.mean() > 0.95
    assert same_parts(labels[inside], np.repeat(np.arange(4), 100)[inside])


# --- what cannot be


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"k": 61}, InputError, "61 clusters cannot be made of 60 texts"),
        ({"k": 0}, InputError, "k must be a whole number from 1 up, not 0"),
        ({"k": 2.0}, InputError, "k must be"),
        ({"k": True}, InputError, "k must be"),
        ({"nearest": 0}, InputError, "nearest must be"),
        ({"method": "dbscan"}, ConfigError, "kmeans, hdbscan"),
        ({"method": "hdbscan", "k": 3}, ConfigError, "finds the number"),
        ({"method": "hdbscan", "min_size": 1}, InputError, "min_size must be a whole number from 2 up"),
        ({"min_size": 9}, ConfigError, "min_size is for hdbscan"),
        ({"ids": ["a"]}, InputError, "60 vectors do not fit 1 ids"),
    ],
)
def test_what_cannot_be_is_a_sentence(vectors, arguments, error, said):
    with pytest.raises(error, match=said) as caught:
        cluster(TEXTS, vectors=vectors, **arguments)
    assert "\n" not in str(caught.value)


def test_more_clusters_than_texts_that_differ_are_refused(vectors):
    with pytest.raises(InputError, match="the number of different texts is 2"):
        cluster(np.repeat(vectors[[0, 30]], 10, axis=0), 3)


@pytest.mark.parametrize("nothing", [[], np.empty((0, 8), np.float32), iter(())])
def test_nothing_cannot_be_clustered(nothing):
    with pytest.raises(InputError, match="nothing to cluster"):
        cluster(nothing)


def test_numbers_that_are_none_are_refused(vectors):
    broken = vectors.copy()
    broken[7, 2] = np.nan
    with pytest.raises(InputError, match="vector 7"):
        cluster(TEXTS, vectors=broken)


def test_a_text_that_is_none_is_named(vectors):
    with pytest.raises(InputError, match="expected a string, found int") as caught:
        cluster([*TEXTS[:59], 7], vectors=vectors)
    assert caught.value.index == 59


def test_a_text_has_one_vector(auto_embedder):
    with pytest.raises(ConfigError, match="one cluster, and so one vector"):
        cluster(["one", "two"], embedder=auto_embedder, on_long="chunk")


# --- vectors and texts from elsewhere


def test_a_result_is_clustered_as_it_is(auto_embedder):
    result = auto_embedder.embed(TEXTS[:4] + TEXTS[20:24], encoding="int8")
    found = cluster(result, 2, ids=list("abcdefgh"))
    assert same_parts(found.labels, np.array([0] * 4 + [1] * 4))
    assert found[0].words == ()
    assert {each.name for each in found} == {"cluster 0", "cluster 1"}
    assert [row[0] for row in found.rows()] == list("abcdefgh")


def test_a_collection_is_clustered(vectors, clusters):
    found = cluster(Collection.of(vectors, TEXTS, range(100, 160)), 3)
    np.testing.assert_array_equal(found.labels, clusters.labels)
    assert found[0].central_ids[0] in range(100, 160)


def test_texts_are_embedded_for_clustering(open_model):
    _, embedder = open_model()
    asked = {}
    embed = embedder.embed
    embedder.embed = lambda texts, **options: asked.update(options) or embed(texts, **options)
    cluster(["one", "two", "three"], 2, embedder=embedder)
    assert asked["task"] == "clustering"


def test_a_text_that_is_cut_warns(auto_embedder):
    with pytest.warns(EmbedWarning, match="longer than the model reads"):
        cluster(["word " * 600, "another"], 2, embedder=auto_embedder)


# --- what is told


def test_plain_data_tells_of_clusters_and_of_texts(clusters):
    told = json.loads(json.dumps(clusters.to_dict()))
    assert told["texts"] == 60
    assert [each["size"] for each in told["clusters"]] == [20, 20, 20]
    assert told["clusters"][0]["share"] == pytest.approx(1 / 3, abs=1e-3)
    assert set(told["clusters"][0]) == {"cluster", "name", "size", "share", "cohesion", "words", "central"}
    assert [item["cluster"] for item in told["items"]] == clusters.labels.tolist()
    assert told["items"][3]["distance"] == pytest.approx(float(clusters.distances[3]), abs=1e-4)


def test_outliers_are_null_in_plain_data():
    told = cluster(np.eye(4, dtype=np.float32), method="hdbscan").to_dict()
    assert told["items"][0] == {"id": 0, "cluster": None, "distance": None}
    assert told["outliers"] == 4


def test_clusters_look_like_what_they_are(clusters):
    assert isinstance(clusters, Clusters)
    assert re.fullmatch(r"<Clusters of 60 texts: 3 \(the best silhouette .*\)>", repr(clusters))
    assert repr(clusters[0]).startswith("<Cluster 0: '")
    assert len(list(clusters)) == len(clusters) == 3


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_every_text_is_saved_with_its_cluster(clusters, tmp_path, name):
    clusters.save(tmp_path / name)
    lines = (tmp_path / name).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 60 + (name != "a.jsonl")
    first = lines[-60]
    assert TEXTS[0] in first
    if name == "a.jsonl":
        assert json.loads(first)["cluster"] == clusters.labels[0]
        assert json.loads(first)["name"] == clusters[int(clusters.labels[0])].name


def test_a_file_that_does_not_say_what_it_is_is_refused_and_nothing_is_written(clusters, tmp_path):
    for write in (clusters.save, clusters.picture):
        with pytest.raises(ConfigError, match="by its ending"):
            write(tmp_path / "a.xlsx")
    with pytest.raises(ConfigError, match="cannot write"):
        clusters.save(tmp_path / "gone" / "a.csv")
    assert list(tmp_path.iterdir()) == []


def test_strange_texts_do_no_harm(tmp_path):
    texts = ["\x1b[31mred", "<script>alert(1)</script>", "a", "\ud800", "", "𝔘𝔫𝔦", "$x^2$", "x" * 1_000_000]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = cluster(texts, 2, vectors=blobs(2, 4))
    found.save(tmp_path / "a.csv")
    found.save(tmp_path / "a.jsonl")
    found.picture(tmp_path / "a.html")
    found.picture(tmp_path / "a.png", title="$\\frac$ \x1b[0m \ud800")
    assert len(json.dumps(found.to_dict())) < 20_000
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert "\x1b" not in page

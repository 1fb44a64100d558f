"""Labels of texts: learnt from examples or told by what they say, kept in a folder, and how right they are."""

import json
import struct
import subprocess
import sys

import numpy as np
import pytest

from reference_models import MODELS
from topics import TOPICS, examples, texts_of
from vecsmith import Classifier, ConfigError, Embedder, InputError
from vecsmith.classifying import Unsure, logistic
from vecsmith.classifying.head import Head
from vecsmith.classifying.labels import words
from vecsmith.classifying.predictions import Predictions
from vecsmith.classifying.report import report_of
from vecsmith.classifying.split import ALWAYS, folds, held_out, units_of
from vecsmith.classifying.training import Examples, Training, train
from vecsmith.testing import FakeGenerator

WIDTH = 48
TINY = MODELS / "nomic_bert"


class Words(FakeGenerator):
    """Gives a text the sum of its words' vectors, so that texts with equal words are near."""

    def vector(self, text, prompt=""):
        words = [super(Words, self).vector(word) for word in (prompt + text).split()]
        return np.sum(words, axis=0)


@pytest.fixture(scope="module")
def embedder():
    with Embedder.from_generator(Words(WIDTH)) as embedder:
        yield embedder


@pytest.fixture(scope="module")
def classifier(embedder):
    return Classifier.fit(embedder, *examples(), c=10)


# learning from examples


def test_texts_get_the_label_of_the_examples_that_they_are_like(classifier):
    predictions = classifier.predict(["soup and flour", "hedge with roses", "ferry or hotel"])
    assert predictions.labels == ["kitchen", "garden", "travel"]
    assert classifier.labels == ("garden", "kitchen", "travel")


def test_every_label_has_a_probability_and_they_sum_to_one(classifier):
    probabilities = classifier.predict(texts_of("garden", 5, seed=1)).probabilities
    assert probabilities.shape == (5, 3)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("topics", [("garden", "kitchen"), tuple(TOPICS)], ids=["two", "three"])
def test_probabilities_are_those_of_scikit_learn(embedder, topics):
    from sklearn.linear_model import LogisticRegression

    texts, labels = examples(topics=topics)
    classifier = Classifier.fit(embedder, texts, labels, c=3)
    vectors = embedder.embed(texts).vectors.astype(float)
    theirs = LogisticRegression(C=3, tol=1e-6, max_iter=5000).fit(vectors, labels)
    new = embedder.embed(texts_of("garden", 9, seed=2)).vectors
    assert classifier.labels == tuple(theirs.classes_)
    ours = classifier.predict_vectors(new).probabilities
    np.testing.assert_allclose(ours, theirs.predict_proba(new.astype(float)), atol=2e-3)


@pytest.mark.parametrize("labels", [[3, 1], [True, False], ["b", "a"], np.array([7, 9]), np.array(["x", "y"])])
def test_labels_come_back_as_what_they_were(embedder, labels):
    given = [label for label in labels for _ in range(6)]
    texts, _ = examples(6, ("garden", "kitchen"))
    found = Classifier.fit(embedder, texts, given).predict([texts[0], texts[-1]]).labels
    assert found == [labels[0], labels[1]]
    assert all(type(label) in {str, int, bool} for label in found)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["a", "b", ""], "input 2: it has no label"),
        (["a", None, "b"], "input 1: it has no label"),
        (["a", float("nan"), "b"], "input 1: it has no label"),
        (["a", 1.5, "b"], "input 1: its label is a float"),
        (["a", "\ud83d", "b"], "input 1: its label holds half a character"),
        (["a", ["b"], "b"], "input 1: its label is a list"),
        (["a", 1, "b"], "several types"),
        (["a", "a", "a"], "all rows have the same label: a classifier needs at least two"),
        (["a", "b"], "3 texts and 2 labels"),
        ("abc", "not as a single string"),
    ],
)
def test_labels_that_cannot_be_used_are_refused_in_a_sentence(embedder, labels, said):
    with pytest.raises(InputError, match=said):
        Classifier.fit(embedder, ["one", "two", "three"], labels)


def test_no_examples_are_refused(embedder):
    with pytest.raises(InputError, match="there are no labels"):
        Classifier.fit(embedder, [], [])


def test_one_example_for_each_label_is_enough(embedder):
    classifier = Classifier.fit(embedder, ["roses in the soil", "soup in the oven"], ["garden", "kitchen"])
    assert classifier.predict(["soil", "soup"]).labels == ["garden", "kitchen"]


def test_the_same_examples_give_the_same_classifier(embedder):
    first, second = (Classifier.fit(embedder, *examples(), holdout=0.3) for _ in range(2))
    assert (first.head.weights == second.head.weights).all()
    assert first.report.to_dict() == second.report.to_dict()


def test_balanced_labels_weigh_the_same(embedder):
    texts, labels = examples(20, ("garden", "kitchen"))
    few = texts[:20] + texts[20:22], labels[:22]
    middle = ["roses soup"]
    plain, balanced = (Classifier.fit(embedder, *few, c=1, balanced=each).predict(middle) for each in (False, True))
    assert balanced.probabilities[0, 1] > plain.probabilities[0, 1] + 0.1


def test_c_is_chosen_by_what_is_held_out_and_is_small_where_labels_are_chance():
    chance = np.random.default_rng(0)
    vectors, units = chance.standard_normal((120, 8)).astype(np.float32), np.arange(120)
    by_chance = logistic.chosen(vectors, chance.integers(0, 2, 120), units, balanced=False)
    by_rule = logistic.chosen(vectors, (vectors[:, 0] > 0).astype(int), units, balanced=False)
    assert by_chance == min(logistic.CANDIDATES)
    assert by_rule >= 30


def test_c_is_not_chosen_where_examples_are_few_or_very_many(monkeypatch):
    vectors, labels = np.eye(20, dtype=np.float32), np.arange(20) % 2
    assert logistic.chosen(vectors, labels, np.arange(20), balanced=False) == logistic.USUAL
    monkeypatch.setattr(logistic, "CHEAP", 100)
    monkeypatch.setattr(logistic, "FEWEST", 4)
    assert logistic.chosen(vectors, labels, np.arange(20), balanced=False) == logistic.USUAL


@pytest.mark.parametrize("c", [0, -1, True, "1", float("inf"), float("nan")])
def test_a_c_that_is_none_is_refused(embedder, c):
    with pytest.raises(ConfigError, match="c must be a number above 0"):
        Classifier.fit(embedder, *examples(), c=c)


def test_a_text_that_cannot_be_embedded_is_named_by_its_index():
    with (
        Embedder.from_generator(FakeGenerator(bad="bad")) as embedder,
        pytest.raises(InputError) as caught,
    ):
        Classifier.fit(embedder, ["one", "bad", "three"], ["a", "b", "a"])
    assert caught.value.index == 1


# what the model is asked for


def test_the_task_is_classification_unless_another_is_named(embedder, monkeypatch):
    asked = []
    embed = embedder.embed
    monkeypatch.setattr(embedder, "embed", lambda texts, **options: asked.append(options) or embed(texts, **options))
    classifier = Classifier.fit(embedder, *examples(), c=10, prompt="words: ", clean="lower")
    classifier.predict("ROSES")
    assert asked == [{"task": "classification", "prompt": "words: ", "clean": ["lower"]}] * 2
    assert "task" not in Classifier.fit(embedder, *examples(), c=10, task=None).options


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"on_long": "chunk"}, "several vectors"),
        ({"on_long": "late"}, "several vectors"),
        ({"encoding": "int8"}, "float32"),
        ({"task": "sorting"}, "is not a task"),
    ],
)
def test_options_that_a_classifier_cannot_use_are_refused(embedder, options, said):
    with pytest.raises(ConfigError, match=said):
        Classifier.fit(embedder, *examples(), **options)


# without examples


@pytest.mark.parametrize(
    ("label", "said"),
    [
        ("card_arrival", "card arrival"),
        ("cardArrival", "card Arrival"),
        ("card-arrival", "card arrival"),
        ("Refund_not_showing_up", "Refund not showing up"),
        ("Sci/Tech", "Sci Tech"),
        ("HTTPError", "HTTP Error"),
        ("iPhone", "iPhone"),
        ("A well-known label", "A well-known label"),
        ("reverted_card_payment?", "reverted card payment?"),
        ("_", "_"),
        (7, "7"),
    ],
)
def test_the_name_of_a_label_is_read_as_words(label, said):
    assert words(label) == said


def test_labels_alone_are_enough(embedder):
    classifier = Classifier.zero_shot(embedder, ["soup_stove", "roses_hedge"])
    assert classifier.predict(["hot soup", "a hedge"]).labels == ["soup_stove", "roses_hedge"]


def test_descriptions_count_in_place_of_names_and_several_are_averaged(embedder):
    labels = {1: "roses and soil", 2: ["soup", "oven"], 3: None}
    classifier = Classifier.zero_shot(embedder, labels, temperature=0.1)
    vectors = embedder.embed(["roses and soil", "soup", "oven", "3"]).vectors
    mean = vectors[1] + vectors[2]
    text = embedder.embed("a text with soup").vector
    cosines = np.array([vectors[0] @ text, mean @ text / np.linalg.norm(mean), vectors[3] @ text])
    expected = np.exp(cosines / 0.1) / np.exp(cosines / 0.1).sum()
    np.testing.assert_allclose(classifier.predict("a text with soup").probabilities[0], expected, atol=1e-5)


def test_a_lower_temperature_is_surer(embedder):
    cold, warm = (Classifier.zero_shot(embedder, TOPICS, temperature=t).predict("roses").best for t in (0.02, 0.5))
    assert cold[0] > warm[0]


def test_a_template_says_what_is_asked_of_a_label(embedder):
    Classifier.zero_shot(embedder, ["soup", "soil"], template="This is about {}.")
    assert embedder.generator.asked[-2:] == ["This is about soil.", "This is about soup."]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"temperature": 0}, "temperature must be"),
        ({"temperature": "warm"}, "temperature must be"),
        ({"template": "about"}, "one {} in it"),
        ({"template": "{} and {}"}, "one {} in it"),
        ({"labels": ["one"]}, "at least two"),
        ({"labels": {"a": 3, "b": "text"}}, "a description is a string"),
        ({"labels": {"a": [3], "b": "text"}}, "a description is a string"),
    ],
)
def test_zero_shot_refuses_what_it_cannot_use(embedder, settings, said):
    with pytest.raises((ConfigError, InputError), match=said):
        Classifier.zero_shot(embedder, **{"labels": ["a", "b"], **settings})


# what is said of a text


def test_a_label_is_unsure_below_a_probability_or_near_the_second():
    probabilities = np.array([[0.9, 0.1, 0], [0.45, 0.3, 0.25], [0.55, 0.44, 0.01]], np.float32)
    assert Unsure().of(probabilities).tolist() == [False, True, True]
    assert Unsure(0.5, 0).of(probabilities).tolist() == [False, True, False]
    assert Unsure(0, 0.1).of(probabilities).tolist() == [False, False, False]
    assert Unsure(0.95, 0).of(probabilities).tolist() == [True, True, True]


def test_unsure_labels_are_given_all_the_same_and_marked(embedder):
    classifier = Classifier.zero_shot(embedder, ["roses", "soup"], temperature=0.5)
    predictions = classifier.predict(["roses", "roses soup"])
    assert predictions.unsure.tolist() == [False, True]
    assert set(predictions.labels) <= set(classifier.labels)
    assert classifier.with_unsure(below=0, margin=0).predict("roses soup").unsure.tolist() == [False]
    assert classifier.with_unsure(below=1).predict("roses").unsure.tolist() == [True]


@pytest.mark.parametrize("value", [-0.1, 1.1, True, "0.5", float("nan")])
def test_a_border_that_is_no_share_is_refused(classifier, value):
    with pytest.raises(ConfigError, match="unsure_below must be a number from 0 to 1"):
        classifier.with_unsure(below=value)


def test_the_most_probable_labels_are_listed_best_first():
    predictions = Predictions(("a", "b", "c"), np.array([[0.2, 0.5, 0.3]], np.float32), np.array([False]))
    assert [[label for label, _ in row] for row in predictions.top(2)] == [["b", "c"]]
    assert predictions.top(9)[0][0] == ("b", pytest.approx(0.5))


def test_no_texts_have_no_labels(classifier):
    assert classifier.predict([]).labels == []
    assert classifier.predict([]).unsure.shape == (0,)


def test_vectors_that_are_there_are_labelled_too_and_wrong_ones_refused(classifier, embedder):
    result = embedder.embed(["roses", "soup"], task="classification")
    assert classifier.predict_vectors(result).labels == ["garden", "kitchen"]
    assert classifier.predict_vectors(result.vectors * 5).labels == ["garden", "kitchen"]
    with pytest.raises(InputError, match=str(WIDTH)):
        classifier.predict_vectors(np.ones((2, 8)))
    with pytest.raises(InputError, match="NaN"):
        classifier.predict_vectors(np.full((2, WIDTH), np.nan))
    with pytest.raises(InputError, match="stored as int8"):
        classifier.predict_vectors(embedder.embed("roses", encoding="int8"))


def test_a_result_of_another_space_is_refused_with_how_to_go_on(classifier, embedder):
    with pytest.warns(match="not trained to be cut"):
        cut = embedder.embed("roses", dimensions=8)
    with pytest.raises(ConfigError, match=r"another space \(dimensions: 48 and 8.*or fit it anew"):
        classifier.predict_vectors(cut)


# how right it is


def report_on(true, given, classes, best=None):
    probabilities = np.full((len(given), len(classes)), 0.1, np.float32)
    probabilities[np.arange(len(given)), [classes.index(label) for label in given]] = 0.8 if best is None else best
    return report_of(Predictions(tuple(classes), probabilities, Unsure().of(probabilities)), true)


def test_figures_are_those_of_scikit_learn():
    from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

    chance, classes = np.random.default_rng(0), list("abcdef")
    true, given = ([classes[i] for i in chance.integers(0, 5, 200)] for _ in range(2))
    report = report_on(true, given, classes)
    precision, recall, f1, support = precision_recall_fscore_support(true, given, labels=classes, zero_division=0)
    np.testing.assert_allclose(report.precision, precision)
    np.testing.assert_allclose(report.recall, recall)
    np.testing.assert_allclose(report.f1, f1)
    assert report.support.tolist() == support.tolist()
    assert report.confusion.tolist() == confusion_matrix(true, given, labels=classes).tolist()
    assert report.macro_f1 == pytest.approx(f1_score(true, given, average="macro"))
    assert report.accuracy == pytest.approx(np.mean(np.array(true) == given))


def test_the_calibration_error_is_how_far_probabilities_are_from_what_is_right():
    true, given = ["a"] * 10, ["a"] * 8 + ["b"] * 2
    assert report_on(true, given, ["a", "b"], best=0.8).calibration_error == pytest.approx(0, abs=1e-6)
    assert report_on(true, given, ["a", "b"], best=0.99).calibration_error == pytest.approx(0.19, abs=1e-6)


def test_unsure_rows_are_counted_and_the_others_judged_apart(embedder):
    classifier = Classifier.zero_shot(embedder, ["roses", "soup"], temperature=0.5)
    report = classifier.evaluate(["roses", "soup", "roses soup"], ["roses", "soup", "roses"])
    assert report.unsure == pytest.approx(1 / 3)
    assert report.sure_accuracy == 1
    assert classifier.with_unsure(below=1).evaluate(["roses"], ["roses"]).sure_accuracy is None


def test_a_label_that_the_classifier_does_not_know_is_a_mistake(classifier):
    report = classifier.evaluate(["roses", "stars"], ["garden", "astronomy"])
    assert report.labels == ("garden", "kitchen", "travel", "astronomy")
    assert report.accuracy == 0.5
    assert report.recall[3] == 0


def test_a_report_needs_rows_and_labels_of_the_right_type(classifier):
    with pytest.raises(InputError, match="no rows"):
        classifier.evaluate([], [])
    with pytest.raises(InputError, match="several types"):
        classifier.evaluate(["roses"], [1])


def test_the_pairs_confused_most_often_come_first():
    report = report_on(list("aaabbc"), list("bbcabc"), list("abc"))
    assert report.confused(2) == [("a", "b", 2), ("a", "c", 1)]
    assert report_on(["a"], ["a"], ["a", "b"]).confused() == []


def test_a_report_of_few_labels_shows_the_matrix_and_one_of_many_the_pairs():
    few = str(report_on(list("aab"), list("abb"), list("abc")))
    assert "rows of ↓ predicted as →" in few
    many = [f"label_{n}" for n in range(30)]
    shown = str(report_on([*many, many[3]], [*many, many[4]], many))
    assert "most confused: rows of  predicted as  rows\nlabel_3                 label_4          1" in shown
    assert "no label was taken for another" in str(report_on(many, many, many))


def test_a_report_is_plain_data_for_json():
    facts = json.loads(json.dumps(report_on([True, False], [True, True], [False, True]).to_dict()))
    assert facts["accuracy"] == 0.5
    assert facts["labels"][1] == {"label": True, "precision": 0.5, "recall": 1.0, "f1": 0.6667, "support": 1}
    assert facts["confusion"] == [[0, 1], [0, 1]]


def test_the_confusion_matrix_is_drawn_as_large_as_its_labels_need(tmp_path):
    sizes = {}
    for count in (2, 13):
        names = [f"a label with a $ and a name {n}" for n in range(count)]
        report_on(names, names[1:] + names[:1], names).draw(tmp_path / "a.png")
        head = (tmp_path / "a.png").read_bytes()[:24]
        assert head.startswith(b"\x89PNG")
        sizes[count] = struct.unpack(">2I", head[16:])
    assert all(large > small for small, large in zip(sizes[2], sizes[13], strict=True))


def test_a_picture_that_cannot_be_written_is_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match="cannot write"):
        report_on(["a"], ["a"], ["a", "b"]).draw(tmp_path / "gone" / "a.png")


# what is held out


def test_a_share_of_each_labels_rows_is_held_out_and_the_classifier_is_fitted_on_all(embedder):
    texts, labels = examples(10)
    held = Classifier.fit(embedder, texts, labels, holdout=0.2, c=3)
    assert held.report.support.tolist() == [2, 2, 2]
    assert held.report.accuracy > 0.8
    whole = Classifier.fit(embedder, texts, labels, c=3)
    assert whole.report is None
    np.testing.assert_array_equal(held.head.weights, whole.head.weights)


def test_what_is_held_out_is_not_learnt(embedder):
    chance = np.random.default_rng(0)
    texts = [f"word{n}" for n in range(80)]
    labels = [("a", "b")[i] for i in chance.integers(0, 2, 80)]
    classifier = Classifier.fit(embedder, texts, labels, holdout=0.5, c=300)
    assert classifier.report.accuracy < 0.75
    assert classifier.evaluate(texts, labels).accuracy > classifier.report.accuracy


def test_equal_texts_are_never_on_both_sides():
    texts = ["the same"] * 10 + ["another"] * 10 + [f"text {n}" for n in range(20)]
    labels, units = np.array([0, 1] * 20), units_of(texts)
    hidden = held_out(labels, units, 0.4)
    assert 0 < hidden.sum() < len(texts)
    assert not set(units[hidden]) & set(units[~hidden])
    fold = folds(labels, units, 4)
    assert all(len(set(fold[units == unit])) == 1 for unit in units)


def test_folds_are_as_large_as_each_other_and_no_label_is_ever_missing():
    labels = np.repeat(np.arange(12), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    fold = folds(labels, np.arange(len(labels)), 5)
    sizes = np.bincount(fold[fold != ALWAYS])
    assert sizes.max() - sizes.min() <= 1
    assert (fold == ALWAYS).sum() == 1
    for each in range(5):
        assert set(labels[fold != each]) == set(labels)


def test_a_label_of_one_example_is_learnt_and_noted(embedder):
    texts, labels = examples(6, ("garden", "kitchen"))
    classifier = Classifier.fit(embedder, [*texts, "ferry"], [*labels, "travel"], holdout=0.3)
    assert classifier.predict("ferry").labels == ["travel"]
    assert classifier.report.support.tolist() == [2, 2, 0]
    assert any("1 label has a single text" in note for note in classifier.notes)


def test_where_nothing_can_be_held_out_that_is_noted(embedder):
    classifier = Classifier.fit(embedder, ["roses", "soup"], ["garden", "kitchen"], holdout=0.2)
    assert classifier.report is None
    assert any("none could be held out" in note for note in classifier.notes)


@pytest.mark.parametrize("share", [1, -0.1, True, "half"])
def test_a_holdout_that_is_no_share_is_refused(embedder, share):
    with pytest.raises(ConfigError, match="holdout must be a share"):
        Classifier.fit(embedder, *examples(), holdout=share)


def test_a_text_with_two_labels_is_noted(embedder):
    texts, labels = examples(4, ("garden", "kitchen"))
    classifier = Classifier.fit(embedder, [*texts, texts[2], texts[2]], [*labels, "kitchen", "garden"])
    assert classifier.notes == (
        "1 text comes with more than one label (the first: input 2 and input 8): mend or remove them",
    )


def test_test_rows_that_were_learnt_are_noted():
    vectors = np.eye(4, dtype=np.float32)
    known = Examples(["a", "b", "c", "d"], vectors, ["x", "y", "x", "y"])
    trained = train(known, Training(holdout=0.5), Examples(["a", "new"], vectors[:2], ["x", "y"]))
    assert trained.report.rows == 2
    assert trained.notes == ("1 of 2 test rows have a text that the examples have, too: the report flatters",)


# kept in a folder


@pytest.fixture(scope="module")
def real():
    """A classifier with a model that can be opened by its name."""
    with Embedder(TINY, compute="f32", threads=1) as embedder:
        yield Classifier.fit(embedder, *examples(), c=10, on_long="truncate", unsure_below=0.4)


def test_what_was_saved_gives_the_same_answers(real, tmp_path):
    texts = texts_of("kitchen", 5, seed=3)
    real.save(tmp_path / "head")
    with Classifier.load(tmp_path / "head") as again:
        np.testing.assert_allclose(again.predict(texts).probabilities, real.predict(texts).probabilities, atol=1e-2)
        assert (again.labels, again.unsure, again.options) == (real.labels, real.unsure, real.options)
        assert again.head.weights.tobytes() == real.head.weights.tobytes()
    assert sorted(path.name for path in (tmp_path / "head").iterdir()) == ["head.json", "head.safetensors"]


@pytest.mark.parametrize("labels", [["a", "b"], [1, 2], [True, False]], ids=["str", "int", "bool"])
def test_labels_keep_their_type_in_a_folder(embedder, tmp_path, labels):
    Classifier.zero_shot(embedder, dict(zip(labels, ("roses", "soup"), strict=True))).save(tmp_path)
    found = Classifier.load(tmp_path, embedder).predict(["soup"]).labels
    assert found == [labels[1]]
    assert type(found[0]) is type(labels[1])


def test_other_libraries_read_the_weights(classifier, tmp_path):
    from safetensors.numpy import load_file

    classifier.save(tmp_path)
    tensors = load_file(tmp_path / "head.safetensors")
    assert {name: values.shape for name, values in tensors.items()} == {"weights": (3, WIDTH), "bias": (3,)}
    np.testing.assert_array_equal(tensors["weights"], classifier.head.weights)


def test_a_saved_classifier_predicts_without_scikit_learn(real, tmp_path):
    real.save(tmp_path)
    code = f"""
import sys
sys.modules["sklearn"] = None
from vecsmith import Classifier
with Classifier.load({str(tmp_path)!r}) as classifier:
    print(*classifier.predict(["roses soil", "oven soup"]).labels)
    print(classifier.evaluate(["roses soil"], ["garden"]).rows)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines()[1] == "1"


def test_an_embedder_of_another_space_is_refused_in_a_sentence_that_says_how_to_go_on(classifier, real, tmp_path):
    real.save(tmp_path)
    with (
        Embedder.from_generator(FakeGenerator(32)) as other,
        pytest.raises(ConfigError, match=r"another space \(.*\): open it with the model .*nomic_bert, or fit it anew$"),
    ):
        Classifier.load(tmp_path, other)


def test_a_classifier_over_a_generator_wants_its_embedder_again(classifier, embedder, tmp_path):
    classifier.save(tmp_path)
    assert Classifier.load(tmp_path, embedder).predict("soup").labels == ["kitchen"]
    with pytest.raises(ConfigError, match="give its embedder"):
        Classifier.load(tmp_path)


def test_closing_closes_only_what_loading_opened(classifier, embedder, tmp_path):
    classifier.save(tmp_path)
    with Classifier.load(tmp_path, embedder):
        pass
    assert embedder.embed("still open").vectors.shape == (1, WIDTH)


def test_saving_again_replaces_both_files(embedder, tmp_path):
    for labels in (["a", "b"], ["roses", "soup", "ferry"]):
        Classifier.zero_shot(embedder, labels).save(tmp_path)
    assert Classifier.load(tmp_path, embedder).labels == ("ferry", "roses", "soup")
    assert len(list(tmp_path.iterdir())) == 2


def changed(**changes):
    return lambda folder: (folder / "head.json").write_text(
        json.dumps(json.loads((folder / "head.json").read_text()) | changes)
    )


def with_weights(weights):
    """Replace the weights, and say so in the description."""

    def change(folder):
        import hashlib

        (folder / "head.safetensors").write_bytes(weights(folder))
        changed(sha256=hashlib.sha256((folder / "head.safetensors").read_bytes()).hexdigest())(folder)

    return change


def tensors(**values):
    def make(_folder):
        from safetensors.numpy import save

        return save({name: np.asarray(value, np.float32) for name, value in values.items()})

    return make


DAMAGE = {
    "no description": (lambda folder: (folder / "head.json").unlink(), "not the folder of a classifier"),
    "no weights": (lambda folder: (folder / "head.safetensors").unlink(), "not the folder of a classifier"),
    "not JSON": (lambda folder: (folder / "head.json").write_text("{"), "does not hold what it should"),
    "a list": (lambda folder: (folder / "head.json").write_text("[]"), "does not hold what it should"),
    "deep": (lambda folder: (folder / "head.json").write_text("[" * 100_000), "does not hold what it should"),
    "later version": (changed(vecsmith_classifier=2), "another version"),
    "other weights": (lambda folder: (folder / "head.safetensors").write_bytes(b"x" * 99), "was written with"),
    "no safetensors": (with_weights(lambda _: b"x" * 99), "is not a safetensors file"),
    "label twice": (changed(labels=["a", "a", "b"]), "does not hold what it should"),
    "label missing": (changed(labels=["a", "b"]), "does not hold what it should"),
    "label of no type": (changed(labels=["a", None, "b"]), "it has no label"),
    "no kind": (changed(kind="forest"), "does not hold what it should"),
    "border": (changed(unsure={"below": 7, "margin": 0}), "unsure_below must be"),
    "space": (changed(space={"space": 1}), "does not hold what it should"),
    "model": (changed(model=7), "does not hold what it should"),
    "option": (changed(options={"colour": "red"}), "does not hold what it should"),
    "wrong shape": (with_weights(tensors(weights=np.ones((3, 4)), bias=np.ones(3))), "does not hold what it should"),
    "no bias": (with_weights(tensors(weights=np.ones((3, WIDTH)))), "does not hold what it should"),
    "NaN": (
        with_weights(tensors(weights=np.full((3, WIDTH), np.nan), bias=np.ones(3))),
        "does not hold what it should",
    ),
}


@pytest.mark.parametrize(("damage", "said"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_folder_is_refused_in_a_sentence(classifier, embedder, tmp_path, damage, said):
    classifier.save(tmp_path)
    damage(tmp_path)
    with pytest.raises(ConfigError, match=said):
        Classifier.load(tmp_path, embedder)


def test_a_folder_that_cannot_be_written_is_a_sentence_and_leaves_nothing(classifier, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot write"):
        classifier.save(tmp_path / "file")
    (tmp_path / "head" / "head.safetensors").mkdir(parents=True)
    with pytest.raises(ConfigError, match="it is a folder"):
        classifier.save(tmp_path / "head")
    assert [path.name for path in (tmp_path / "head").iterdir()] == ["head.safetensors"]


def test_a_head_of_large_weights_does_not_overflow():
    head = Head("logistic", ("a", "b"), np.array([[0, 0], [5000, 0]], np.float32), np.zeros(2, np.float32))
    np.testing.assert_array_equal(head.probabilities(np.array([[1, 0], [-1, 0]], np.float32)), [[0, 1], [1, 0]])

"""``vecsmith classify``: what it prints, saves and refuses."""

import csv
import json

import pytest
from typer.testing import CliRunner

from reference_models import MODELS
from topics import TOPICS, examples, texts_of
from vecsmith import Embedder
from vecsmith.cli import app
from vecsmith.errors import ConfigError, InputError

TINY = MODELS / "nomic_bert"


@pytest.fixture(scope="module")
def loaded():
    """The model, which the commands share."""
    with Embedder(TINY, compute="f32", threads=1) as embedder:
        embedder.embed("loads it")
        yield


@pytest.fixture(autouse=True)
def tiny_everywhere(monkeypatch, loaded):
    monkeypatch.setenv("VECSMITH_MODEL", str(TINY))
    monkeypatch.setenv("VECSMITH_THREADS", "1")
    monkeypatch.setenv("VECSMITH_COMPUTE", "f32")


def run(*arguments, code=0, given=None):
    done = CliRunner().invoke(app, ["classify", *map(str, arguments)], input=given)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done


def table(path, rows, columns=("key", "body", "label")):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def rows_of(count=8, seed=0):
    return [(f"k{n}", text, label) for n, (text, label) in enumerate(zip(*examples(count, seed=seed), strict=True))]


@pytest.fixture
def labelled(tmp_path):
    return table(tmp_path / "labelled.csv", rows_of())


COLUMNS = ("--field", "body", "--id", "key")


@pytest.fixture(scope="module")
def head(tmp_path_factory, loaded):
    """A head that tests only read."""
    folder = tmp_path_factory.mktemp("trained")
    model = ("--model", TINY, "--threads", 1, "--compute", "f32")
    rows = table(folder / "labelled.csv", rows_of())
    run("train", "--input", rows, *COLUMNS, *model, "--c", 10, "--output", folder / "head")
    return folder / "head"


def test_training_saves_a_head_and_reports_on_rows_that_were_held_out(labelled, tmp_path):
    done = run("train", "--input", labelled, *COLUMNS, "--c", 10, "--output", tmp_path / "head", "--holdout", 0.25)
    assert done.stdout.split()[:2] == ["rows", "6"]
    assert "calibration error" in done.stdout
    assert "learnt 3 labels from 24 rows (C 10)" in done.stderr
    assert (tmp_path / "head" / "head.json").exists()


def test_predictions_are_json_lines_with_ids_probabilities_and_the_next_labels(head, tmp_path):
    new = table(tmp_path / "new.csv", [("n1", texts_of("garden", 1)[0]), ("n2", "soup")], ("key", "body"))
    lines = [json.loads(line) for line in run("predict", "--head", head, "--input", new, *COLUMNS).stdout.splitlines()]
    assert [line["id"] for line in lines] == ["n1", "n2"]
    assert lines[0]["label"] == "garden"
    for line in lines:
        assert list(line) == ["id", "label", "probability", "unsure", "top"]
        assert line["top"][0] == {"label": line["label"], "probability": line["probability"]}
        assert sum(each["probability"] for each in line["top"]) == pytest.approx(1, abs=1e-3)


def test_the_list_of_labels_and_the_border_of_unsure_are_chosen(head):
    options = ("predict", "--head", head, "--top", 0, "--input", "-")
    sure = json.loads(run(*options, "--unsure-below", 0, "--unsure-margin", 0, given="soup\n").stdout)
    unsure = json.loads(run(*options, "--unsure-below", 1, given="soup\n").stdout)
    assert list(sure) == ["id", "label", "probability", "unsure"]
    assert (sure["unsure"], unsure["unsure"]) == (False, True)


def test_predictions_go_to_a_file_that_appears_whole(head, tmp_path):
    done = run("predict", "--head", head, "--output", tmp_path / "out.jsonl", given="soup\nroses\n")
    assert done.stdout == ""
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2


def test_the_input_is_not_written_over(head, labelled):
    before = labelled.read_text()
    done = run("predict", "--head", head, "--input", labelled, *COLUMNS, "--output", labelled, code=2)
    assert "names the input itself" in done.stderr
    assert labelled.read_text() == before


def test_an_id_that_is_half_a_character_is_printed_all_the_same(head):
    lines = '{"id": "\\ud83d", "text": "soup"}\n'
    done = run("predict", "--head", head, "--input", "-", "--input-format", "jsonl", "--id", "id", given=lines)
    assert json.loads(done.stdout)["id"] == "\ud83d"


def test_a_report_on_other_rows_and_its_picture(head, tmp_path):
    more = table(tmp_path / "more.csv", rows_of(4, seed=5))
    done = run("evaluate", "--head", head, "--input", more, *COLUMNS, "--picture", tmp_path / "c.png", "--json")
    facts = json.loads(done.stdout)
    assert facts["rows"] == 12
    assert [each["support"] for each in facts["labels"]] == [4, 4, 4]
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")


def test_labels_that_the_head_does_not_know_are_noted(head, tmp_path):
    more = table(tmp_path / "more.csv", [("k", "stars", "astronomy"), ("l", "soup", "kitchen")])
    done = run("evaluate", "--head", head, "--input", more, *COLUMNS)
    assert "note: 1 label that the head does not know" in done.stderr


def test_a_test_file_takes_the_place_of_what_is_held_out(labelled, tmp_path):
    test = table(tmp_path / "test.csv", [*rows_of(2, seed=9), ("x", "unlabelled", " ")])
    done = run(
        *("train", "--input", labelled, *COLUMNS, "--c", 10, "--output", tmp_path / "head", "--test", test, "--json"),
        code=3,
    )
    facts = json.loads(done.stdout)
    assert facts["report"]["rows"] == 6
    assert (facts["rows"], facts["labels"], facts["c"]) == (24, 3, 10)
    assert "set aside: test line 8 (id 6): it has no label" in done.stderr


def test_rows_without_a_label_are_set_aside_with_their_line_and_the_others_learnt(tmp_path):
    rows = [*rows_of(4), ("e", "nothing said", ""), ("f", rows_of(4)[0][1], "kitchen")]
    path = table(tmp_path / "labelled.csv", rows)
    done = run("train", "--input", path, *COLUMNS, "--c", 10, "--output", tmp_path / "head", code=3)
    assert "set aside: line 14 (id e): it has no label" in done.stderr
    assert "note: 1 text comes with more than one label (the first: line 2 and line 15)" in done.stderr
    assert "learnt 3 labels from 13 rows" in done.stderr


def test_labels_of_json_lines_keep_their_type_and_odd_ones_are_set_aside(tmp_path):
    texts, labels = examples(4, ("garden", "kitchen"))
    rows = [{"text": text, "label": labels[n] == "garden"} for n, text in enumerate(texts)]
    rows += [{"text": "odd", "label": ["garden"]}, {"text": "none"}]
    path = tmp_path / "labelled.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    test = table(tmp_path / "test.csv", [(texts[0], "True"), (texts[-1], "False")], ("text", "label"))
    done = run("train", "--input", path, "--test", test, "--c", 10, "--output", tmp_path / "head", "--json", code=3)
    facts = json.loads(done.stdout)
    assert [each["label"] for each in facts["report"]["labels"]] == [False, True]
    assert "line 9: its label is a list" in done.stderr.replace(" (id 8)", "")
    assert "line 10" in done.stderr
    found = json.loads(run("predict", "--head", tmp_path / "head", given=texts[0] + "\n").stdout)
    assert found["label"] is True


def test_without_examples_the_names_of_labels_or_their_descriptions_are_enough(tmp_path):
    (tmp_path / "labels.txt").write_text("garden_soil\nkitchen_soup\n")
    rows = [("garden", "soil and roses"), ("garden", "hedge"), ("kitchen", " ")]
    described = table(tmp_path / "labels.csv", rows, ("label", "description"))
    first = run("zero-shot", "--labels", tmp_path / "labels.txt", given="garden soil\n")
    assert json.loads(first.stdout)["label"] == "garden_soil"
    second = run("zero-shot", "--labels", described, "--save", tmp_path / "head", given="kitchen\n")
    assert json.loads(second.stdout)["label"] == "kitchen"
    assert run("predict", "--head", tmp_path / "head", given="kitchen\n").stdout == second.stdout


def test_without_examples_a_report_is_printed_where_labels_are_known(labelled, tmp_path):
    described = table(tmp_path / "labels.csv", [(k, " ".join(v)) for k, v in TOPICS.items()], ("label", "description"))
    done = run("zero-shot", "--labels", described, "--input", labelled, *COLUMNS, "--label", "label", "--json")
    assert json.loads(done.stdout)["rows"] == 24


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("train", "--output", "x", "--label", "body"), "holds the text or the id"),
        (("train", "--output", "x", "--label", "key"), "holds the text or the id"),
        (("train", "--output", "x", "--picture", "a.jpg"), "ends with .png"),
        (("zero-shot", "--labels", "labels.csv", "--json"), "name the column of the true labels with --label"),
        (("zero-shot", "--labels", "labels.csv", "--picture", "a.png"), "name the column of the true labels"),
        (("zero-shot", "--labels", "labels.csv", "--label", "label", "--output", "o"), "leave one of them away"),
    ],
)
def test_wrong_usage_ends_with_2(labelled, tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "labels.csv", [("a", "b"), ("c", "d")], ("label", "description"))
    assert said in run(*arguments, "--input", labelled, *COLUMNS, code=2).stderr


@pytest.mark.parametrize(
    ("content", "name", "arguments", "said"),
    [
        ("text,category\na,b\n", "a.csv", (), "no column 'label': name one with --label; it has 'category'"),
        ("text,lable\na,b\n", "a.csv", (), "no column 'label': did you mean 'lable'"),
        ('{"text": "a", "category": "b"}\n', "a.jsonl", (), "no field 'label': name one with --label"),
        ("one\ntwo\n", "a.txt", (), "no column of labels"),
        ("text,label\n", "a.csv", (), "no row with a text and a label"),
        ("text,label\na,\n", "a.csv", (), "no row with a text and a label"),
        ("text,label\na,x\nb,x\n", "a.csv", (), "all rows have the same label"),
        ("text,label\na,x\nb,y\n", "a.csv", ("--c", "0"), "c must be a number above 0"),
        ("text,label\na,x\nb,y\n", "a.csv", ("--holdout", "1"), "holdout must be a share"),
        ("text,label\na,x\nb,y\n", "a.csv", ("--on-long", "chunk"), "several vectors"),
        ("text,label\na,x\nb,y\n", "a.csv", ("--task", "sorting"), "is not a task"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_in_a_sentence_and_nothing_is_saved(
    tmp_path, content, name, arguments, said
):
    (tmp_path / name).write_text(content)
    with pytest.raises((ConfigError, InputError), match=said):
        run("train", "--input", tmp_path / name, "--output", tmp_path / "head", *arguments)
    assert not (tmp_path / "head").exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name,description\na,b\n", "no column 'label'"),
        ("label\na\n", "at least two"),
        ("label\n", "no labels"),
        ('label,description\na,"b\n', "line 2 of the labels cannot be used"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(tmp_path, content, said):
    (tmp_path / "labels.csv").write_text(content)
    with pytest.raises((ConfigError, InputError), match=said):
        run("zero-shot", "--labels", tmp_path / "labels.csv", given="a\n")


def test_another_model_is_refused_for_a_head(head):
    with pytest.raises(ConfigError, match="another space"):
        run("predict", "--head", head, "--model", MODELS / "bert", given="a\n")


def test_the_environment_may_name_any_model_where_the_head_has_its_own(head, monkeypatch):
    monkeypatch.setenv("VECSMITH_MODEL", "no-such-model")
    assert json.loads(run("predict", "--head", head, given="soup\n").stdout)["id"] == 0


def test_a_folder_without_a_head_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="is not the folder of a classifier"):
        run("predict", "--head", tmp_path, given="a\n")

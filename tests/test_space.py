"""What two vectors must share to be compared."""

import json
from dataclasses import replace

import pytest

from vecsmith import ConfigError, Space, StoredForm

SPACE = Space(
    model="minilm",
    revision="sha256:53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    pooling="mean",
    prompts="none",
    dimensions=384,
    cut=False,
    normalized=True,
)
REMOTE = replace(SPACE, model="embedding-3", revision=None)


def test_the_id_of_the_bundled_models_space_never_changes():
    assert str(SPACE) == "vs1-011d93f609b8a521aadb"


def test_the_id_of_a_space_known_by_name_never_changes():
    assert str(REMOTE) == "vs1-ca04f4b388959e4088f4"


def test_the_id_of_a_cut_unnormalised_int8_space_never_changes():
    space = replace(SPACE, dimensions=64, cut=True, normalized=False, arithmetic="int8")
    assert str(space) == "vs1-a41ebca46d561653edb9"


def test_the_bundled_model_gives_that_space(embedder):
    assert embedder.embed("a").space == SPACE


def test_str_is_the_id():
    assert str(SPACE) == SPACE.id


def test_equal_weights_under_two_names_are_one_space():
    assert replace(SPACE, model="all-MiniLM-L6-v2") == SPACE


def test_equal_spaces_have_equal_hashes():
    assert hash(replace(SPACE, model="all-MiniLM-L6-v2")) == hash(SPACE)


def test_two_models_known_by_name_are_two_spaces():
    assert replace(REMOTE, model="embedding-4") != REMOTE


def test_a_revision_that_is_no_hash_of_weights_does_not_stand_for_the_model():
    assert replace(REMOTE, revision="v1", model="other") != replace(REMOTE, revision="v1")


@pytest.mark.parametrize(
    "change",
    [
        {"revision": "sha256:" + "0" * 64},
        {"pooling": "cls"},
        {"prompts": "own"},
        {"dimensions": 128},
        {"cut": True},
        {"normalized": False},
        {"arithmetic": "int8"},
    ],
    ids=str,
)
def test_every_other_field_makes_another_space(change):
    assert replace(SPACE, **change) != SPACE


def test_a_space_equals_nothing_but_a_space():
    assert SPACE.id != SPACE


def test_f32_and_bf16_are_one_space(embedder, auto_embedder):
    assert embedder.embed("a").space == auto_embedder.embed("a").space


def test_a_prompt_of_the_callers_stays_in_the_space(embedder):
    assert embedder.embed("a", prompt="query: ").space == embedder.embed("a").space


@pytest.mark.filterwarnings("ignore:.*was not trained to be cut")
def test_cut_vectors_are_another_space(embedder):
    space = embedder.embed("a", dimensions=128).space
    assert (space.dimensions, space.cut) == (128, True)
    assert space != embedder.embed("a").space


def test_asking_for_the_native_width_is_no_cut(embedder):
    assert embedder.embed("a", dimensions=384).space == embedder.embed("a").space


def test_raw_vectors_are_another_space(embedder):
    assert embedder.embed("a", normalize=False).space != embedder.embed("a").space


def test_a_models_other_weights_are_another_space(open_model):
    (_, one), (_, two) = open_model(seed=1), open_model(seed=2)
    assert one.embed("a").space != two.embed("a").space


def test_copies_of_a_folder_are_one_space(open_model):
    (_, one), (_, two) = open_model(seed=1), open_model(seed=1)
    assert one.embed("a").space == two.embed("a").space


def test_models_of_a_group_are_one_space():
    members = [replace(REMOTE, model=name, group="embedding-4") for name in ("embedding-4", "embedding-4-lite")]
    assert members[0] == members[1] != REMOTE


def test_what_differs_is_said_in_words():
    other = replace(SPACE, dimensions=128, cut=True)
    assert SPACE.difference(other) == "dimensions: 384 and 128; cut: no and yes"
    assert SPACE.difference(SPACE) == ""
    assert "model: 'minilm' and 'embedding-3'" in SPACE.difference(REMOTE)
    assert "and unknown" in SPACE.difference(REMOTE)


FORM = StoredForm(SPACE, "int8", "0123456789ab")


def test_the_id_of_a_stored_form_never_changes():
    assert str(StoredForm(SPACE)) == "vf1-8b6fc57577ce65ec6c9d"
    assert str(FORM) == "vf1-be6639c08d88e0e9535c"


def test_two_forms_of_one_space_say_what_differs():
    assert (
        StoredForm(SPACE).difference(FORM) == "encoding: 'float32' and 'int8'; calibration: 'none' and '0123456789ab'"
    )
    assert FORM.difference(FORM) == ""
    assert FORM.difference(replace(FORM, space=replace(SPACE, cut=True))) == "cut: no and yes"


@pytest.mark.parametrize("value", [SPACE, REMOTE, FORM, StoredForm(REMOTE, "binary")], ids=str)
def test_it_survives_json(value):
    again = type(value).from_dict(json.loads(json.dumps(value.to_dict())))
    assert (again, again.id) == (value, value.id)


@pytest.mark.parametrize("data", [{}, {"space": 0}, {"space": 1, "model": "m"}, {**SPACE.to_dict(), "odd": 1}], ids=str)
def test_data_that_is_no_space_is_refused(data):
    with pytest.raises(ConfigError):
        Space.from_dict(data)
    with pytest.raises(ConfigError):
        StoredForm.from_dict({"space": data})

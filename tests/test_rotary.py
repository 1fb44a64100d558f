"""Encoders with rotary positions: their files in every spelling, and what would change vectors is refused by name."""

import json
import shutil

import numpy as np
import pytest

from reference_models import MODELS, TEXTS, reference_vectors, worst_cosine
from vecsmith import ConfigError, Embedder
from vecsmith.local.architectures.gte import turns
from vecsmith.local.rotary import frequencies


@pytest.fixture
def copied(tmp_path):
    """Copy a tiny model, with another configuration."""

    def copy(name, *, without=(), **changes):
        folder = tmp_path / name
        shutil.copytree(MODELS / name, folder)
        path = folder / "config.json"
        config = {key: value for key, value in json.loads(path.read_text()).items() if key not in without}
        path.write_text(json.dumps(config | changes))
        return folder

    return copy


def vectors(folder):
    with Embedder(folder, compute="f32", threads=1) as embedder:
        return embedder.embed(TEXTS, on_long="truncate").vectors


def close(found, name):
    return worst_cosine(found, reference_vectors(name)) >= 0.99999


HUB = {
    "n_embd": 32,
    "n_head": 4,
    "n_layer": 2,
    "n_inner": 48,
    "n_positions": 200,
    "layer_norm_epsilon": 1e-12,
    "activation_function": "swiglu",
    "rotary_emb_base": 1000,
    "rotary_emb_fraction": 1.0,
    "rotary_emb_interleaved": False,
    "rotary_scaling_factor": None,
    "qkv_proj_bias": False,
    "mlp_fc1_bias": False,
    "mlp_fc2_bias": False,
    "prenorm": False,
    "auto_map": {"AutoModel": "nomic-ai/nomic-bert-2048--modeling_hf_nomic_bert.NomicBertModel"},
}
NATIVE = ("hidden_size", "num_attention_heads", "num_hidden_layers", "intermediate_size", "max_position_embeddings")
NATIVE += ("layer_norm_eps", "hidden_act", "rope_parameters", "head_dim")


def test_nomic_models_say_of_themselves_what_gpt_2_does(copied):
    assert close(vectors(copied("nomic_bert", without=NATIVE, **HUB)), "nomic_bert")


def test_gte_models_are_called_new_and_bring_code_that_is_not_run(copied):
    code = {"AutoModel": "Alibaba-NLP/new-impl--modeling.NewModel"}
    folder = copied(
        "gte", without=("rope_parameters",), model_type="new", rope_theta=160_000.0, pack_qkv=True, auto_map=code
    )
    assert close(vectors(folder), "gte")


def test_modernbert_models_say_every_how_many_layers_see_all(copied):
    spelt = {"global_attn_every_n_layers": 3, "global_rope_theta": 160_000.0, "local_rope_theta": 10_000.0}
    folder = copied("modernbert", without=("layer_types", "rope_parameters"), **spelt)
    assert close(vectors(folder), "modernbert")


def test_ntk_scaling_turns_slower():
    size, base, factor = 64, 20_000.0, 8.0
    config = {"rope_theta": base, "rope_scaling": {"type": "ntk", "factor": factor}}
    pairs = np.arange(size // 2)
    expected = (base * factor) ** (-2 * pairs / size) / factor ** (2 / size)
    np.testing.assert_allclose(turns(config, size), expected, rtol=1e-5)


def test_the_first_pair_turns_by_one_and_the_last_by_nearly_nothing():
    found = frequencies(8, 10_000.0)
    np.testing.assert_allclose(found, [1, 0.1, 0.01, 0.001], rtol=1e-6)


REFUSED = [
    ("nomic_bert", {"rotary_emb_interleaved": True}, "rotary_emb_interleaved"),
    ("nomic_bert", {"prenorm": True}, "prenorm"),
    ("nomic_bert", {"rotary_scaling_factor": 2, "max_trained_positions": 100}, "max_seq_length"),
    ("gte", {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, "yarn"),
    ("gte", {"layer_norm_type": "rms_norm"}, "layer_norm_type"),
    ("modernbert", {"attention_bias": True}, "attention_bias"),
    ("modernbert", {"rope_scaling": {"type": "linear", "factor": 2}}, "rope_scaling"),
    ("qwen3", {"use_sliding_window": True}, "use_sliding_window"),
    ("qwen3", {"rope_parameters": {"rope_type": "dynamic"}}, "rope_type"),
]


@pytest.mark.parametrize(("name", "changes", "named"), REFUSED)
def test_a_setting_that_is_not_computed_is_refused_by_name(copied, name, changes, named):
    with pytest.raises(ConfigError, match=named):
        vectors(copied(name, **changes))


def test_code_of_a_model_that_nothing_here_stands_for_is_refused(copied):
    with pytest.raises(ConfigError, match="never run"):
        vectors(copied("modernbert", auto_map={"AutoModel": "someone/else--modeling.Special"}))


def test_a_text_alone_has_all_cores_until_there_is_much_to_do():
    with Embedder(MODELS / "nomic_bert", compute="f32", threads=2) as embedder:
        engine = embedder.generator.engine
        embedder.embed("word " * 900, on_long="truncate")
        assert set(engine.lanes) == {"quick"}
        embedder.embed([f"word {number} " * 30 for number in range(40)], on_long="truncate")
        assert "bulk" in engine.lanes

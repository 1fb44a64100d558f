"""int8 in graphs and engines: tiny models, and the one inside the package."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from reference_models import MODELS
from tiny_model import WORDS
from vecsmith import ConfigError, Embedder
from vecsmith.cli import app
from vecsmith.local import arithmetic, calibrating
from vecsmith.local.arithmetic import Arithmetic, choose
from vecsmith.local.calibrating import BUILT_IN, built_in_texts, calibrate
from vecsmith.local.catalog import BUNDLED
from vecsmith.local.engine import build
from vecsmith.local.folder import read_folder
from vecsmith.local.graph import floats, op, ov
from vecsmith.local.int8 import product, sites
from vecsmith.local.quantization import Quantization, Site, find, fitted, own_path, save, whole
from vecsmith.local.runtime import compiled

TEXTS = [" ".join(WORDS[(7 * i + 3 * j) % len(WORDS)] for j in range(1 + i % 9)) for i in range(30)]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("VECSMITH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VECSMITH_INT8_ANYWHERE", "true")
    monkeypatch.setattr(calibrating, "ALPHAS", (0.75,))  # each takes a compilation


def calibrated(model, texts=TEXTS):
    """Calibrate a tiny model and keep its file."""
    made = calibrate(read_folder(model.path, "tiny"), texts, threads=1)
    save(made, own_path(made.weights))
    return made


def products(graph):
    """The arithmetic of each linear layer of a graph, as it is executed."""
    model = compiled(graph, precision="f32", threads=1)
    told = [{k: v.astype(str) for k, v in node.get_rt_info().items()} for node in model.get_runtime_model().get_ops()]
    return [each["runtimePrecision"] for each in told if each["layerType"] in {"FullyConnected", "MatMul"}]


@pytest.mark.parametrize("zero", [0, 100, 127, 255])
def test_sums_are_exact_however_large_the_numbers_are(zero):
    rng = np.random.default_rng(1)
    weights = rng.choice([-1.0, 1.0], (32, 64)).astype(np.float32)  # all at the ends of their range
    site = Site(0.5, zero, tuple(range(-32, 32)))
    x = rng.choice([site.low, site.high, 0.0], (1, 9, 64)).astype(np.float32) * site.factors
    given = op.parameter([1, -1, 64], ov.Type.f32)
    (y,) = product(given.output(0), [weights], site)
    request = compiled(
        ov.Model([ov.opset13.result(op.add(y, floats(0.0)))], [given], "one"), precision="f32", threads=1
    ).create_infer_request()
    request.infer([x])
    numbers, scales = whole(weights, site.factors)
    exact = np.rint(x[0] / site.factors / 0.5).astype(int) @ numbers.T.astype(int) * 0.5 * scales.T
    assert np.allclose(request.get_output_tensor(0).data[0], exact, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", [path.name for path in sorted(MODELS.iterdir()) if path.is_dir()])
def test_every_architecture_s_linear_layers_are_found(name):
    folder = read_folder(MODELS / name, name)
    found = sites(build(folder).pooled)
    per_layer = 4
    assert len(found) % per_layer == 0
    assert all("layer" in each or "blocks" in each for each in found)


def test_what_is_executed_has_integer_products(make_model):
    model = make_model(num_hidden_layers=1)
    folder = read_folder(model.path, "tiny")
    assert set(products(build(folder).pooled)) == {"f32"}
    graphs = build(folder, calibrated(model))
    assert set(products(graphs.pooled)) == set(products(graphs.tokens)) == {"u8"}


def test_layers_that_are_left_out_stay_as_they_are(make_model):
    model = make_model(num_hidden_layers=1)
    made = calibrated(model)
    names = list(made.sites)
    some = Quantization(made.weights, {**made.sites, names[0]: None}, 1.0, "")
    assert sorted(products(build(read_folder(model.path, "tiny"), some).pooled)) == ["f32"] * 3 + ["u8"] * 3


def test_calibration_is_the_same_each_time(make_model):
    model = make_model(num_hidden_layers=1)
    one, two = (calibrate(read_folder(model.path, "tiny"), TEXTS, threads=threads) for threads in (1, 2))
    assert one == two
    assert one.sites == two.sites


def test_what_is_measured_is_what_goes_into_a_layer(make_model):
    model = make_model(num_hidden_layers=1)
    trial = calibrating.Trial.of(read_folder(model.path, "tiny"), TEXTS, 1)
    last = trial.ranges["encoder.layer.0.output.dense.weight"]
    first = trial.ranges["encoder.layer.0.attention.self.query.weight"]
    assert last.low.shape == (model.config["intermediate_size"],)
    assert -0.18 < last.low.min() < 0 < last.high.max()  # gelu has no value below -0.17
    w = model.weights
    texts = [text for at, text in enumerate(TEXTS) if at % calibrating.HELD]
    entering = np.concatenate([embedded(model, text) for text in texts])
    assert np.allclose(first.low, entering.min(axis=0), atol=1e-5)
    assert np.allclose(first.high, entering.max(axis=0), atol=1e-5)
    names = [f"encoder.layer.0.attention.self.{name}.weight" for name in ("query", "key", "value")]
    assert np.allclose(first.weights, np.max([np.abs(w[name]).max(axis=0) for name in names], axis=0))


def embedded(model, text):
    """What goes into the first layer of one text, (tokens, width), in numpy."""
    from reference import layer_norm

    ids = model.tokenizer.encode(text).ids
    w = model.weights
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = x + w["embeddings.token_type_embeddings.weight"][0]
    names = ("embeddings.LayerNorm.weight", "embeddings.LayerNorm.bias")
    return layer_norm(x, *(w[name] for name in names), model.config["layer_norm_eps"])


def test_the_smoothing_that_loses_least_is_taken(make_model, monkeypatch):
    losses = []

    def cosine(trial, chosen, rows, measured=calibrating.Trial.cosine):
        losses.append((measured(trial, chosen, rows), chosen))
        return losses[-1][0]

    monkeypatch.setattr(calibrating, "ALPHAS", (0.0, 0.75, 1.0))
    monkeypatch.setattr(calibrating.Trial, "cosine", cosine)
    made = calibrate(read_folder(make_model(num_hidden_layers=1).path, "tiny"), TEXTS, threads=1)
    best, sites_ = max(losses, key=lambda pair: pair[0])
    assert len({cosine for cosine, _ in losses}) == 3
    assert (made.cosine, made.sites) == (best, sites_)


def test_layers_that_lose_most_are_left_out_until_the_loss_is_small(make_model, monkeypatch):
    folder = read_folder(make_model(num_hidden_layers=1).path, "tiny")
    whole_ = calibrate(folder, TEXTS, threads=1)
    monkeypatch.setattr(calibrating, "LEAST", whole_.cosine + 1e-7)
    part = calibrate(folder, TEXTS, threads=1)
    assert whole_.left_out == []
    assert 0 < len(part.left_out) <= len(part.sites) / 2
    assert part.cosine > whole_.cosine


def test_a_model_that_loses_too_much_is_refused(make_model, monkeypatch):
    monkeypatch.setattr(calibrating, "LEAST", 2.0)
    with pytest.raises(ConfigError, match="use compute='auto'"):
        calibrate(read_folder(make_model(num_hidden_layers=1).path, "tiny"), TEXTS, threads=1)


def test_too_few_texts_are_refused(make_model):
    with pytest.raises(ConfigError, match="12 texts at least"):
        calibrate(read_folder(make_model(num_hidden_layers=1).path, "tiny"), TEXTS[:5], threads=1)


def test_vectors_are_near_those_of_f32_in_a_space_of_their_own(make_model):
    model = make_model(num_hidden_layers=1)
    made = calibrated(model)
    with (
        Embedder(model.path, compute="f32", threads=1) as exact,
        Embedder(model.path, compute="int8", threads=1) as coarse,
    ):
        one, two = exact.embed(TEXTS), coarse.embed(TEXTS)
        cosines = (one.vectors * two.vectors).sum(axis=1)
        assert cosines.min() > 0.995
        assert not np.array_equal(one.vectors, two.vectors)
        assert one.space != two.space
        assert one.space.difference(two.space) == f"arithmetic: 'float' and 'int8 {made.id}'"


def test_a_cache_does_not_mix_f32_and_int8_or_two_calibrations(make_model, tmp_path):
    model = make_model(num_hidden_layers=1)
    cache = tmp_path / "cache.sqlite"
    spaces = set()
    for compute, texts in (("f32", None), ("int8", TEXTS), ("int8", TEXTS[:15])):
        if texts is not None:
            calibrated(model, texts)
        with Embedder(model.path, compute=compute, threads=1, cache=cache) as embedder:
            result = embedder.embed(TEXTS)
            assert not any(item.cached for item in result.items)
            assert all(item.cached for item in embedder.embed(TEXTS).items)
            spaces.add(str(result.space))
    assert len(spaces) == 3


def test_a_model_that_was_not_calibrated_names_the_command(make_model):
    model = make_model(num_hidden_layers=1)
    with pytest.raises(ConfigError, match=f"vecsmith models calibrate {model.path}"):
        Embedder(model.path, compute="int8").embed("a")


def test_a_calibration_of_other_layers_is_refused(make_model):
    model = make_model(num_hidden_layers=2)
    made = calibrated(model)
    config = {**model.config, "num_hidden_layers": 1}
    (model.path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ConfigError, match="other layers"):
        Embedder(model.path, compute="int8").embed("a")
    assert made.left_out == []


def test_a_calibration_of_other_widths_is_refused(make_model):
    model = make_model(num_hidden_layers=1)
    made = calibrated(model)
    sites_ = {name: fitted(np.zeros(3), np.ones(3), (0, 0, 0)) for name in made.sites}
    save(Quantization(made.weights, sites_, 1.0, ""), own_path(made.weights))
    with pytest.raises(ConfigError, match="knows 3 channels"):
        Embedder(model.path, compute="int8").embed("a")


def test_int8_is_refused_where_it_gains_nothing(monkeypatch):
    monkeypatch.setattr(arithmetic, "int8_is_fast", lambda: (False, "it is slow"))
    with pytest.raises(ConfigError, match="it is slow; use 'auto'"):
        choose("int8")
    monkeypatch.delenv("VECSMITH_INT8_ANYWHERE")
    with pytest.raises(ConfigError, match="it is slow; use 'auto'"):
        Embedder(compute="int8").embed("a")


def test_int8_is_taken_where_it_is_faster_and_the_rest_is_as_auto_has_it(monkeypatch):
    monkeypatch.setattr(arithmetic, "int8_is_fast", lambda: (True, "it is"))
    monkeypatch.setattr(arithmetic, "bf16_is_fast", lambda: (True, "it is"))
    assert choose("int8") == Arithmetic("bf16", "asked for", int8=True)


@pytest.mark.parametrize(("ratio", "fast"), [(2.0, True), (1.1, False), (RuntimeError("unsupported"), False)])
def test_int8_must_gain_a_fifth(monkeypatch, ratio, fast):
    def speedup(precision, over):
        assert (precision, over) == ("int8", "f32")
        if isinstance(ratio, Exception):
            raise ratio
        return ratio

    monkeypatch.setattr(arithmetic, "speedup", speedup)
    monkeypatch.setattr(arithmetic, "bf16_is_fast", lambda: (False, "it is not"))
    arithmetic.int8_is_fast.cache_clear()
    try:
        assert arithmetic.int8_is_fast()[0] is fast
    finally:
        arithmetic.int8_is_fast.cache_clear()


def test_the_probe_of_int8_runs_on_this_machine():
    assert arithmetic.speedup("int8", over="f32") > 0


def test_an_onnx_file_s_layers_are_found_too(tmp_path):
    x = op.parameter([-1, -1, 8], ov.Type.f32)
    weights = np.ones((8, 4), np.float32)
    layer = op.matmul(x, op.constant(weights), transpose_a=False, transpose_b=False)
    layer.set_friendly_name("/dense/MatMul")
    found = sites(ov.Model([op.result(layer)], [x], "from onnx"))
    assert list(found) == ["/dense/MatMul"]


BUNDLED_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def test_the_bundled_model_comes_calibrated_on_the_text_beside_it():
    from hashlib import sha256

    found = find(BUNDLED_WEIGHTS)
    assert found.id == "5b307e9abe7ec4b68f5e"
    assert found.left_out == []
    assert found.texts == sha256(json.dumps(built_in_texts()).encode()).hexdigest()
    assert (BUNDLED["minilm"].parent / "int8" / f"{BUNDLED_WEIGHTS}.json").stat().st_size < 100_000


def test_the_bundled_model_in_int8_is_near_f32(embedder):
    texts = BUILT_IN.read_text(encoding="utf-8").splitlines()[::4]
    with Embedder(compute="int8") as coarse:
        cosines = (embedder.embed(texts).vectors * coarse.embed(texts).vectors).sum(axis=1)
    assert cosines.mean() > 0.993
    assert cosines.min() > 0.9


def run(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_the_command_calibrates_on_a_file_and_prints_where_the_result_is(make_model, tmp_path):
    model = make_model(num_hidden_layers=1)
    texts = tmp_path / "texts.txt"
    texts.write_text("\n\n".join(TEXTS), encoding="utf-8")
    done = run("models", "calibrate", str(model.path), "--text", str(texts), "--json")
    told = json.loads(done.stdout)
    assert Path(told["file"]).is_file()
    assert str(told["file"]).startswith(os.environ["VECSMITH_HOME"])
    assert told["cosine"] > 0.995
    assert find(Path(told["file"]).stem).id == told["id"]
    shown = run("models", "show", str(model.path)).stdout
    assert "cosine to f32" in shown
    assert run("embed", "a", "--model", str(model.path), "--compute", "int8").exit_code == 0


def test_a_user_s_own_calibration_counts_before_the_package_s():
    ours = find(BUNDLED_WEIGHTS)
    own = Quantization(BUNDLED_WEIGHTS, {**ours.sites, next(iter(ours.sites)): None}, 1.0, "")
    save(own, own_path(BUNDLED_WEIGHTS))
    assert find(BUNDLED_WEIGHTS) == own != ours


def test_the_command_refuses_a_provider_s_model():
    with pytest.raises(ConfigError, match="openai"):
        raise run("models", "calibrate", "openai:text-embedding-3-small").exception


def test_show_and_doctor_say_what_int8_would_do(make_model):
    assert "int8 products run at" in run("models", "show", "minilm").stdout
    assert "not calibrated" in run("models", "show", str(make_model(num_hidden_layers=1).path)).stdout
    assert json.loads(run("doctor", "--json").stdout)["arithmetic"]["int8"]

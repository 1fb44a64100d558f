"""Make the tiny models of ``tests/models`` with random weights, and the vectors that sentence-transformers gives.

    python scripts/make_reference_models.py NAME…          # those named, or all that are missing
    python scripts/make_reference_models.py --check        # compute all again and compare

needs torch, transformers and sentence-transformers, which vecsmith itself does not: run it in an environment of its
own. The weights are stored as float16 and computed in float32. Weights are large enough for a wrong mask, position or
activation to show.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import torch
import transformers
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules

from reference_tokenizers import TOKENIZERS
from reference_variants import SIZES, VARIANTS, WIDTH, Variant

MODELS = Path(__file__).parents[1] / "tests" / "models"
TEXTS: list[str] = json.loads((MODELS / "texts.json").read_text("utf-8"))
SPECIAL = {
    "pad_token": ("[PAD]", "<pad>", "<|endoftext|>"),
    "unk_token": ("[UNK]", "<unk>"),
    "cls_token": ("[CLS]", "<s>"),
    "sep_token": ("[SEP]", "</s>"),
    "mask_token": ("[MASK]", "<mask>"),
}
TOLERANCE = 1e-5


def make(name: str, variant: Variant) -> None:
    """Write one model's folder and its vectors."""
    torch.manual_seed(crc32(name.encode()))
    folder = MODELS / name
    shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        encoder_folder(Path(scratch), variant)
        made = SentenceTransformer(
            modules=assembled(scratch, variant),
            prompts=dict(variant.prompts),
            default_prompt_name=variant.default_prompt,
        )
        made.save(str(folder), create_model_card=False)
    (folder / "README.md").unlink(missing_ok=True)
    if variant.old:
        age(folder, variant)
    np.savez(folder / "reference.npz", vectors=computed(folder))


def age(folder: Path, variant: Variant) -> None:
    """Write the files of sentence-transformers as its version 2 did."""
    listed = folder / "modules.json"
    entries = json.loads(listed.read_text("utf-8"))
    kinds = [entry["type"].rpartition(".")[2] for entry in entries]
    write(
        listed,
        [{**entry, "type": f"sentence_transformers.models.{kind}"} for entry, kind in zip(entries, kinds, strict=True)],
    )
    keys = {
        "cls": "cls_token",
        "mean": "mean_tokens",
        "max": "max_tokens",
        "mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    }
    flags = {f"pooling_mode_{key}": mode in variant.pooling for mode, key in keys.items()}
    write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": WIDTH, **flags})
    write(folder / "sentence_bert_config.json", {"max_seq_length": variant.max_tokens, "do_lower_case": True})


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", "utf-8")


def encoder_folder(folder: Path, variant: Variant) -> None:
    """Write an encoder with random weights, and its tokenizer."""
    tokenizer = TOKENIZERS[variant.tokenizer](TEXTS)
    config = configuration(variant, tokenizer.get_vocab_size())
    model = transformers.AutoModel.from_config(config)
    randomize(model)
    model.half().save_pretrained(folder)
    words = tokenizer.get_vocab()
    special = {role: token for role, names in SPECIAL.items() for token in names if token in words}
    fast = transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=variant.max_tokens, **special
    )
    fast.save_pretrained(folder)


def configuration(variant: Variant, words: int) -> Any:
    """Return its configuration of transformers."""
    kind = getattr(transformers, variant.config)
    return kind(**{**SIZES, **variant.sizes, "vocab_size": words})


def randomize(module: Any) -> None:
    """Draw all weights anew: matrices that keep lengths about the same, norms about one, biases that matter."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            noise = torch.randn_like(parameter)
            if parameter.ndim > 1:
                embedding = "embed" in name or "relative" in name
                parameter.copy_(noise * (0.7 if embedding else 1.2 * parameter.shape[-1] ** -0.5))
            else:
                parameter.copy_(noise * 0.2 + (1.0 if name.endswith("weight") else 0.0))


def assembled(folder: str, variant: Variant) -> list[Any]:
    """Return sentence-transformers' modules in order."""
    kinds = {"Normalize": lambda _: modules.Normalize(), "LayerNorm": modules.LayerNorm}
    encoder = modules.Transformer(folder, max_seq_length=variant.max_tokens)
    pooling = modules.Pooling(encoder.get_embedding_dimension(), variant.pooling, include_prompt=variant.include_prompt)
    made = [encoder, pooling]
    width = pooling.get_embedding_dimension()
    for out, activation, bias in variant.dense:
        function = getattr(torch.nn, activation)()
        made.append(modules.Dense(width, out, bias=bias, activation_function=function))
        width = out
    made += [kinds[kind](width) for kind in variant.tail]
    for module in made[2:]:
        randomize(module)
    return made


def computed(folder: Path) -> Any:
    """Return the vectors of all texts, (texts, width) float32."""
    model = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": torch.float32})
    return model.encode(TEXTS, batch_size=8, show_progress_bar=False)


def check(name: str) -> bool:
    """Whether sentence-transformers still gives the vectors that lie beside a model."""
    kept = np.load(MODELS / name / "reference.npz")["vectors"]
    gap = float(np.abs(computed(MODELS / name) - kept).max())
    print(f"{name}: largest difference {gap:.1e}")
    return gap <= TOLERANCE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a row of reference_variants.py")
    parser.add_argument("--check", action="store_true", help="compute all again and compare")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.check:
        good = [check(name) for name in VARIANTS]
        sys.exit(0 if all(good) else 1)
    for name in arguments.names or [name for name in VARIANTS if not (MODELS / name).is_dir()]:
        make(name, VARIANTS[name])
        print(name)


if __name__ == "__main__":
    main()

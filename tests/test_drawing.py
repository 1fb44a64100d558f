"""Pictures leave nothing behind but themselves."""

import os
import sys

import pytest

from processes import run_python


@pytest.mark.parametrize("said", [False, True])
def test_drawing_writes_nothing_into_the_users_folder(tmp_path, said):
    home, fonts = tmp_path / "home", tmp_path / "fonts"
    home.mkdir()
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("MPL", "XDG"))}
    settings = {"MPLCONFIGDIR": str(fonts)} if said else {}
    run_python(
        """
        import os, sys
        import numpy as np
        from vecsmith import cluster
        from vecsmith.clustering import Collection, Wish, clustered
        vectors = np.random.default_rng(0).standard_normal((40, 8))
        clustered(Collection.of(vectors, [f"text {n}" for n in range(40)]), Wish(2)).picture(sys.argv[1])
        """,
        tmp_path / "picture.png",
        env={**variables, "HOME": str(home), "TMPDIR": str(tmp_path), "USERPROFILE": str(home), **settings},
    )
    assert (tmp_path / "picture.png").stat().st_size > 1000
    assert list(home.iterdir()) == []
    assert fonts.exists() is said
    assert "matplotlib" not in {path.name for path in tmp_path.iterdir()}
    assert sys.platform == "win32" or {path.name for path in tmp_path.iterdir()} - {"fonts"} == {"home", "picture.png"}

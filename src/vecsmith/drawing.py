"""matplotlib, loaded so that it leaves nothing behind: pictures are drawn without its global state."""

from __future__ import annotations

import os
import sys
import tempfile

__all__ = ["load_matplotlib"]

SETTINGS = "MPLCONFIGDIR"
"""The variable that says where matplotlib keeps its list of fonts."""


def load_matplotlib() -> None:
    """Load matplotlib.

    It writes a list of the system's fonts into the user's folder, unless another is named; here into one that is
    removed again.
    """
    if SETTINGS in os.environ or "matplotlib.font_manager" in sys.modules:
        return
    with tempfile.TemporaryDirectory(prefix="vecsmith-") as folder:
        os.environ[SETTINGS] = folder
        try:
            import matplotlib.font_manager  # noqa: F401 (it reads and writes the list when it is loaded)
        finally:
            del os.environ[SETTINGS]

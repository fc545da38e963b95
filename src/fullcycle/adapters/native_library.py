"""The native library of an installed distribution, loaded without importing its package."""

import ctypes
import importlib.util
from collections.abc import Sequence
from pathlib import Path

from fullcycle.kernel import Misconfigured


def native_library(package: str, places: Sequence[str], *, called: str) -> ctypes.CDLL:
    """Load the first of ``places`` that is a file, each a path within the package's folder.

    ``called`` is the library's name in words; the extra that brings it has the package's name.

    Raises:
        Misconfigured: where it is not installed, or cannot be loaded.
    """
    spec = importlib.util.find_spec(package)
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec is not None else []
    found = next(
        (path for folder in folders for path in (folder / place for place in places) if path.is_file()), None
    )
    if found is None:
        raise Misconfigured(
            f"the {called} library is not installed here",
            "this Python environment",
            f'install it: python -m pip install "fullcycle[{package}]"',
        )
    try:
        return ctypes.CDLL(str(found))
    except OSError as error:
        raise Misconfigured(
            f"the {called} library cannot be loaded: {str(error)[:200]}",
            str(found),
            "install what it needs (on Debian: apt install libgomp1; on macOS: brew install libomp)",
        ) from error


def one_line(said: bytes | None) -> str:
    """What a library said, on one line, at most 200 characters."""
    return " ".join((said or b"").decode(errors="replace").split())[:200]

"""The example's scripts as modules, loaded from where the package keeps them."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

SHOP = Path(__file__).resolve().parents[1] / "src" / "fullcycle" / "example" / "shop"


def script(name: str) -> ModuleType:
    """``load.py``, ``replay.py`` or ``fault.py``, imported but not run."""
    qualified = f"shop_script_{name}"
    if qualified not in sys.modules:
        spec = spec_from_file_location(qualified, SHOP / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[qualified] = module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[qualified]

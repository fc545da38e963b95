"""Pickles, which a user asks for by name: unsafe, since loading one runs the code that it names.

The classes and functions of a project live in modules that are private to one archive
(``shop[3f2a91c05d7e].winback``). A pickle names them within the project (``winback``), so that
it loads wherever the project does, and its bytes do not change when a file elsewhere does.
"""

import io
import pickle
from types import FunctionType, ModuleType
from typing import Any, Protocol

from fullcycle.kernel import Digest, Invalid, digest_parts
from fullcycle.record.framing import unreadable

_PROTOCOL = 5


class Modules(Protocol):
    """The modules of one archive."""

    name: str  # of the package in sys.modules

    def module(self, name: str) -> ModuleType:
        """The module of that name, relative to the package."""
        ...


class PickleCodec:
    """Stores anything that pickles; never chosen for a value, only named by ``fc.Pickled``."""

    name = "pickle@1"
    suffix = ".pickle"

    def __init__(self, modules: Modules | None = None) -> None:
        self._modules = modules

    def matches(self, value: object) -> bool:
        """Never: a step has to ask for it."""
        return False

    def encode(self, value: Any) -> bytes:
        """The pickle of what the first pickle loads as: objects that only this process shares leave no trace.

        Raises:
            Invalid: where the value cannot be pickled.
        """
        try:
            return self._dumped(self.decode(self._dumped(value)))
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
            raise Invalid(
                f"a {type(value).__qualname__} cannot be pickled: {str(error)[:200]}",
                "storing what a step returns as fc.Pickled",
                "return what pickles, or teach the store its type with fc.codec",
            ) from error

    def decode(self, data: bytes) -> Any:
        """Load a pickle.

        Raises:
            Damaged: where it does not load.
        """
        try:
            return _Unpickler(io.BytesIO(data), self._modules).load()
        except Exception as error:
            raise unreadable("a pickle", error) from error

    def content(self, value: Any, data: bytes) -> Digest:
        """Digest of the bytes: values that differ only in how they share their parts may differ."""
        return digest_parts(self.name, [data])

    def _dumped(self, value: object) -> bytes:
        buffer = io.BytesIO()
        _Pickler(buffer, self._modules).dump(value)
        return buffer.getvalue()


class _Pickler(pickle.Pickler):
    """Names what the project defines within the project."""

    def __init__(self, buffer: io.BytesIO, modules: Modules | None) -> None:
        super().__init__(buffer, protocol=_PROTOCOL)
        self._package = modules.name if modules is not None else ""

    def persistent_id(self, obj: Any) -> tuple[str, str] | None:
        """Module and name of a class or function of the project; None for all else."""
        if not isinstance(obj, type | FunctionType) or not self._package:
            return None
        package, _, module = obj.__module__.partition(".")
        if package != self._package:
            return None
        if "<" in obj.__qualname__:  # <locals>, <lambda>
            raise pickle.PicklingError(f"{obj.__qualname__} has no name in its module")
        return module, obj.__qualname__


class _Unpickler(pickle.Unpickler):
    """Finds what the project defines in the archive that is loaded here."""

    def __init__(self, buffer: io.BytesIO, modules: Modules | None) -> None:
        super().__init__(buffer)
        self._modules = modules

    def persistent_load(self, pid: Any) -> Any:
        """The class or function of the project that is meant."""
        module, name = pid
        if self._modules is None:
            raise pickle.UnpicklingError(f"it needs {module}.{name} of the project: read it through its run")
        found: Any = self._modules.module(module)
        for part in name.split("."):
            found = getattr(found, part)
        return found

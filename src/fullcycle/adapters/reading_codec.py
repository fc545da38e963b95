"""What a service reads a stored model with; it stores none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fullcycle.kernel import Digest, Invalid, digest_parts


@dataclass(frozen=True, slots=True)
class ReadingCodec:
    """Reads as a predictor what another codec of the same name stored with the model's library."""

    name: str
    suffix: str
    read: Callable[[bytes], Any]

    def matches(self, value: object) -> bool:
        """Never: the codec that stores such models needs their library's package."""
        return False

    def encode(self, value: Any) -> bytes:
        """Refuse.

        Raises:
            Invalid: always.
        """
        raise Invalid(
            "a model that is being served is not stored",
            f"the codec {self.name}",
            "store it where it is trained",
        )

    def decode(self, data: bytes) -> Any:
        """Open a stored model."""
        return self.read(data)

    def content(self, value: Any, data: bytes) -> Digest:
        """Digest of what is stored."""
        return digest_parts(self.name, [data])

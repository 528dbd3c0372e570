"""What a capture is, and where the files are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

FOLDER = Path(__file__).parent
CAPTURES = FOLDER / "captures"


@attrs.frozen
class Case:
    """One message of a wire.

    :param name: unique within the wire and version.
    :param value: what the bytes mean.
    :param encode: gives today's bytes of the value, always the same.
    :param decode: reads bytes; equal to `value`.
    """

    name: str
    value: Any
    encode: Callable[[], bytes]
    decode: Callable[[bytes], Any]


@attrs.frozen
class Wire:
    """One protocol in one version.

    :param name: as the file is called.
    :param version: of these cases.
    :param folder: where its captures lie.
    """

    name: str
    version: int
    cases: tuple[Case, ...]
    folder: Path = CAPTURES

    @property
    def path(self) -> Path:
        """Its file of captures."""
        return self.folder / f"{self.name}-v{self.version}.txt"


def read_captures(path: Path) -> dict[str, bytes]:
    """The bytes by name."""
    rows = (line.split() for line in path.read_text(encoding="ascii").splitlines() if not line.startswith("#"))
    return {name: bytes.fromhex(digits) for name, digits in rows}

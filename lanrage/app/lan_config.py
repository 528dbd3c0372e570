"""What the LAN plane is told at the node's start (``docs/protocol-lan.rst``); checked here, at the door."""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar

import attrs

from lanrage.errors import BadInput

LAN: list[list[Any]] = [
    [
        "lan-capture",
        None,
        "both",
        "Whose broadcasts are carried: both (LAN card and real cards), party or off.",
    ],
]
"""Options of the roles that have a node (:class:`twisted.python.usage.Options`)."""

Word = TypeVar("Word", bound=Enum)


class CaptureFrom(Enum):
    """From which cards games' broadcasts are carried: setting ``lan.capture``."""

    BOTH = "both"  # the LAN card and this machine's real cards
    PARTY = "party"  # the LAN card alone
    OFF = "off"  # none: this machine hears the others' games and shows none of its own


@attrs.frozen
class LanSettings:
    """Settings of the LAN plane.

    :param capture: from which cards broadcasts are carried.
    """

    capture: CaptureFrom = CaptureFrom.BOTH

    @classmethod
    def parse(cls, options: dict[str, str]) -> LanSettings:
        """Read the role's options.

        :raises BadInput: names the option and the rule.
        """
        return cls(_word(CaptureFrom, options["lan-capture"], "lan-capture"))


def _word(kind: type[Word], text: str, field: str) -> Word:
    try:
        return kind(text)
    except ValueError as error:
        raise BadInput(field, f"{text!r} is none of {', '.join(each.value for each in kind)}") from error

"""What the outside is told of: one line each, about the party or about this process (``docs/notifications.rst``)."""

from __future__ import annotations

from enum import StrEnum

import attrs

TEXT_LIMIT = 400
"""Characters of a line; what is longer is cut off."""


class NoticeKind(StrEnum):
    """What a notice is about; the words stand in the setting ``notify.targets``."""

    JOINED = "joined"
    LEFT = "left"
    KICKED = "kicked"
    ONLINE = "online"
    OFFLINE = "offline"
    HOSTING = "hosting"
    STOPPED = "stopped"
    HOST_CHANGED = "host_changed"
    READY = "ready"
    GAME = "game"
    ALERT = "alert"
    TEST = "test"


ALL_KINDS = frozenset(NoticeKind) - {NoticeKind.TEST}
"""What one can ask to be told of; a test goes to every target."""


@attrs.frozen
class Notice:
    """One line for people who do not look at the program.

    :param text: may hold words of strangers: it is data wherever it goes, never markup. Without control characters,
        never empty, at most :data:`TEXT_LIMIT` characters.
    :param urgent: somebody should look.
    """

    kind: NoticeKind
    text: str
    urgent: bool = False

    @classmethod
    def of(cls, kind: NoticeKind, text: str, urgent: bool = False) -> Notice:
        """A notice with a text of any origin: put on one line, and cut."""
        return cls(kind, plain_line(text), urgent)


def plain_line(text: str) -> str:
    """A text on one line, in which nothing is a control or turns the direction of writing; never empty."""
    cut = text[:TEXT_LIMIT]
    return "".join(each if each.isprintable() else " " for each in cut).strip() or "-"

"""What a user's desktop is told of the party, when, and as which text (``docs/desktop.rst``). Pure."""

from __future__ import annotations

import attrs

from lanrage.core.notices import Notice, NoticeKind
from lanrage.core.rate import TokenBucket
from lanrage.core.shown_text import shown_text
from lanrage.errors import BadInput

TITLE_LIMIT = 60
"""Characters; desktops show some 40 of a title."""
LINE_LIMIT = 160
"""Characters of one line of a note: a sentence with a member's and a game's name."""
LINES_LIMIT = 5
"""Lines of one note; what is more is counted in the last line."""
TEXT_LIMIT = LINES_LIMIT * (LINE_LIMIT + 1) + 40
"""Characters of a note's text."""
WINDOW = 1.5
"""Seconds in which what happens is gathered into one note: friends who start a game together are one note."""
RATE, BURST = 1 / 20, 4.0
"""Notes a second, and at once: a desktop shows each for five seconds or so, and somebody plays before it."""
WAITING_LIMIT = 50
"""Lines that wait; of the older ones the number is told."""
ALL, NONE = "all", "off"
USUAL = "joined kicked hosting host_changed ready"
"""Told of where nothing is set: what one would walk over to the other room for."""
TELLABLE = frozenset(NoticeKind) - {NoticeKind.TEST, NoticeKind.ALERT, NoticeKind.GAME}
"""Kinds that a desktop can be told of: those of the party."""
_LOOK_ALIKES = str.maketrans({"<": "\u2039", ">": "\u203a"})
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"})


@attrs.frozen
class Note:
    """One notification.

    :param lines: without line breaks; may hold words of strangers.
    """

    title: str
    lines: tuple[str, ...]
    urgent: bool = False

    @property
    def text(self) -> str:
        """The lines as one text, cut."""
        return "\n".join(self.lines)[:TEXT_LIMIT]


def parse_kinds(text: str, field: str) -> frozenset[NoticeKind]:
    """The kinds of events in a setting: words with blanks between, ``all`` or ``off``.

    :raises BadInput: names `field`.
    """
    words = text.split()
    if words == [ALL]:
        return TELLABLE
    if words in ([], [NONE]):
        return frozenset()
    unknown = [word for word in words if word not in TELLABLE]
    if unknown:
        known = " ".join(sorted(TELLABLE))
        raise BadInput(field, f"{unknown[0][:30]!r} is no event: {ALL}, {NONE}, or of {known}")
    return frozenset(NoticeKind(word) for word in words)


def plain_title(text: str) -> str:
    """A title in which nothing can be taken for markup: some desktops read it there, against the specification."""
    return shown_text(text, TITLE_LIMIT).translate(_LOOK_ALIKES)


def body(text: str, markup: bool) -> str:
    """A text as a server of notifications is given it.

    The specification lets a server read some tags of HTML in it; one that does not say so may still do it.

    :param markup: it reads them, as it says, and so entities as well.
    """
    lines = "\n".join(shown_text(line, LINE_LIMIT) for line in text[:TEXT_LIMIT].split("\n"))
    return lines.translate(_ESCAPES if markup else _LOOK_ALIKES)


@attrs.define
class NoteBatch:
    """Gathers what happens into notes. Inputs come with the time, which never goes back."""

    title: str = "LANrage"
    _waiting: list[Notice] = attrs.field(init=False, factory=list)
    _passed: int = attrs.field(init=False, default=0)
    _due: float | None = attrs.field(init=False, default=None)
    _bucket: TokenBucket = attrs.field(init=False, factory=lambda: TokenBucket(RATE, BURST))

    def put(self, notice: Notice, now: float) -> None:
        """Something happened; one that waits already is not told twice."""
        if notice in self._waiting:
            return
        self._waiting.append(notice)
        if len(self._waiting) > WAITING_LIMIT:
            del self._waiting[0]
            self._passed += 1
        if self._due is None:
            self._due = now + WINDOW

    def deadline(self) -> float | None:
        """When :meth:`take` may have a note; ``None``: nothing waits."""
        return self._due

    def take(self, now: float) -> Note | None:
        """The note that is due; ``None`` where none is yet."""
        if self._due is None or now < self._due:
            return None
        if not self._bucket.take(now):
            self._due = now + 1.0  # what happens meanwhile joins it
            return None
        waiting, passed = self._waiting, self._passed
        self._waiting, self._passed, self._due = [], 0, None
        newest = waiting[-LINES_LIMIT:]
        more = len(waiting) - len(newest) + passed
        if more:
            newest, more = newest[1:], more + 1
        lines = [shown_text(each.text, LINE_LIMIT) for each in newest]
        lines += [f"and {more} more"] if more else []
        return Note(self.title, tuple(lines), any(each.urgent for each in waiting))

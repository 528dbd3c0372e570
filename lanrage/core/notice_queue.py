"""When one target is told what: notices wait for their window, equal ones are one, and a target that asks for peace, or
fails, is left in peace (``docs/notifications.rst``). A pure machine: inputs come with the time.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import attrs

from lanrage.core.notices import Notice

WINDOW = 0.5
"""Seconds in which notices are gathered into one message."""
QUEUE_LIMIT = 100
"""Notices that wait; the oldest goes when there are more: the newest say what is so now."""
TRIES = 5
"""Of one message, until it is given up."""
FIRST_WAIT, LONGEST_WAIT = 2.0, 300.0
"""Seconds between two tries: doubled each time, or as long as the target asks, if that is longer."""
REFUSED_REST = 900.0
"""Seconds for which a target that has refused a message for good is not spoken to. Discord shuts out who goes on to use
an address that is gone (10,000 wrong requests in ten minutes); somebody has to put the address right anyway."""


class Verdict(Enum):
    """What became of a message."""

    TAKEN = "taken"
    AGAIN = "again"
    GIVEN_UP = "given up"


@attrs.frozen
class Answer:
    """What a target said to a message.

    :param code: HTTP status; 0: none came.
    :param wait: seconds that it asks to wait; 0 where it does not.
    :param remaining: messages that it takes before it must be left in peace; ``None`` where it does not say.
    :param reset: seconds after which it takes more.
    :param everywhere: what it asks is meant for all targets of its server.
    """

    code: int
    wait: float = 0.0
    remaining: int | None = None
    reset: float = 0.0
    everywhere: bool = False


@attrs.frozen
class Waiting:
    """A notice, and how often it was put in while it waited."""

    notice: Notice
    times: int = 1


@attrs.frozen
class Batch:
    """One message.

    :param number: the same at each try, another one for each message.
    """

    number: int
    lines: tuple[Waiting, ...]


@attrs.define
class NoticeQueue:
    """Of one target.

    :param fits: whether a message can hold these lines; one line always fits.
    :ivar posts: messages that were taken.
    :ivar failures: tries that failed.
    :ivar dropped: notices that were not sent.
    :ivar why: of the last failure; empty after a message that was taken.
    """

    _fits: Callable[[tuple[Waiting, ...]], bool]
    posts: int = attrs.field(init=False, default=0)
    failures: int = attrs.field(init=False, default=0)
    dropped: int = attrs.field(init=False, default=0)
    why: str = attrs.field(init=False, default="")
    _waiting: dict[Notice, int] = attrs.field(init=False, factory=dict)
    _opened: float = attrs.field(init=False, default=0.0)
    _batch: Batch | None = attrs.field(init=False, default=None)
    _out: bool = attrs.field(init=False, default=False)
    _number: int = attrs.field(init=False, default=0)
    _tries: int = attrs.field(init=False, default=0)
    _peace: float = attrs.field(init=False, default=0.0)
    _refused: float = attrs.field(init=False, default=0.0)
    _hurried: bool = attrs.field(init=False, default=False)

    def __len__(self) -> int:
        """Notices that wait, those of a message that is tried again included."""
        return len(self._waiting) + (len(self._batch.lines) if self._batch is not None else 0)

    def put(self, notice: Notice, now: float) -> tuple[Notice, ...]:
        """Tell this soon; which notices are dropped for it."""
        if now < self._refused or self._hurried:
            self.dropped += 1
            return (notice,)
        if notice in self._waiting:
            self._waiting[notice] += 1
            return ()
        if not self._waiting:
            self._opened = now
        self._waiting[notice] = 1
        lost = []
        while len(self._waiting) > QUEUE_LIMIT:
            oldest = next(iter(self._waiting))
            self.dropped += self._waiting.pop(oldest)
            lost.append(oldest)
        return tuple(lost)

    def deadline(self) -> float | None:
        """When :meth:`begin` is due; ``None`` while a message is out, or nothing waits."""
        if self._out or (self._batch is None and not self._waiting):
            return None
        ready = 0.0 if self._batch is not None or self._hurried else self._opened + WINDOW
        return max(ready, self._peace)

    def begin(self, now: float) -> Batch | None:
        """The message that goes out now; ``None`` where none does."""
        due = self.deadline()
        if due is None or now < due:
            return None
        if self._batch is None:
            self._number += 1
            self._tries = 0
            self._batch = Batch(self._number, self._gather())
        self._tries += 1
        self._out = True
        return self._batch

    def _gather(self) -> tuple[Waiting, ...]:
        lines: tuple[Waiting, ...] = ()
        for notice, times in list(self._waiting.items()):
            more = (*lines, Waiting(notice, times))
            if lines and not self._fits(more):
                break
            lines = more
            del self._waiting[notice]
        return lines

    def answered(self, answer: Answer, now: float) -> tuple[Verdict, tuple[Waiting, ...]]:
        """The message that is out was answered, or was not in time.

        :returns: what became of it, and the lines that are settled by that.
        """
        assert self._batch is not None
        assert self._out
        self._out, lines = False, self._batch.lines
        if answer.remaining == 0:
            self.leave_in_peace(now + answer.reset)
        if 200 <= answer.code < 300:
            self.posts, self.why, self._batch = self.posts + 1, "", None
            return Verdict.TAKEN, lines
        self.failures += 1
        self.why = f"HTTP {answer.code}" if answer.code else "no answer"
        if 300 <= answer.code < 500 and answer.code not in (408, 425, 429):
            self._refused = now + REFUSED_REST
            lost = (*lines, *(Waiting(notice, times) for notice, times in self._waiting.items()))
            self._waiting.clear()
            return self._give_up(lost)
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** (self._tries - 1))
        self.leave_in_peace(now + max(wait if answer.code != 429 or not answer.wait else 0.0, answer.wait))
        if self._tries >= TRIES:
            return self._give_up(lines)
        return Verdict.AGAIN, ()

    def _give_up(self, lines: tuple[Waiting, ...]) -> tuple[Verdict, tuple[Waiting, ...]]:
        self._batch = None
        self.dropped += sum(each.times for each in lines)
        return Verdict.GIVEN_UP, lines

    def leave_in_peace(self, until: float) -> None:
        """Nothing goes out before that time."""
        self._peace = max(self._peace, until)

    def hurry(self) -> None:
        """What waits goes out without its window, and nothing more is taken in: the end is near."""
        self._hurried = True

    def drop(self) -> tuple[Waiting, ...]:
        """Give up all that waits or is out; the queue is empty afterwards."""
        lines = (
            *(self._batch.lines if self._batch is not None else ()),
            *(Waiting(notice, times) for notice, times in self._waiting.items()),
        )
        self._waiting.clear()
        self._batch, self._out = None, False
        self.dropped += sum(each.times for each in lines)
        return lines

    def state(self, now: float) -> str:
        """One word for what it is at: ``idle``, ``gathering``, ``sending``, ``waiting`` or ``refused``."""
        if now < self._refused:
            return "refused"
        if self._out:
            return "sending"
        if now < self._peace and len(self):
            return "waiting"
        return "gathering" if len(self) else "idle"

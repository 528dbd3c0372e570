"""The control server's mailboxes for spoken codes; pure, in memory alone, `now` is an argument.

A member opens a mailbox and gets its nameplate; one joiner claims it; four letters go through it, in turns, which the
server cannot read (:mod:`lanrage.core.pairing`). One exchange a mailbox: whatever else happens ends it, and who comes
later is told how it ended. Nothing here knows parties: whoever lets a node in or throws it out calls :meth:`close_of`.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs

from lanrage.core.budget import Budget
from lanrage.core.spoken import NAMEPLATES
from lanrage.errors import REFUSALS, Refused

LIFETIME = 600.0
"""Seconds: time to read a code out over the telephone and to type it, and little time to guess."""
LETTERS = 4
"""Letters of one exchange; the joiner begins."""
LETTER_LIMIT = 2048
"""Bytes of one letter: the longest, a sealed invitation code, is under 1.1 KiB."""
PER_IDENTITY = 4
"""Mailboxes of one member at one time: it invites a few friends at once."""
PER_ORIGIN = 32
"""Mailboxes opened from one address: a LAN party behind one router, and no more of what all share."""
MAILBOXES = 1000
"""In all: one nameplate in a thousand then leads to somebody, so searching for one is slow."""
TRIES_RATE, TRIES_BURST = 10 / 60, 10.0
"""Mailboxes opened or claimed a second, and at once, by one identity and from one address: typing takes longer."""
REMEMBERED = 4096
"""Ended mailboxes whose end is still told, for one lifetime at most; beyond it the oldest are forgotten."""
DRAWS = 64
"""Tries to draw a free nameplate; a thousand of a million are taken."""


@attrs.define
class Mailbox:
    """One exchange.

    :param opener: identity of the member who made the code.
    :param origin: address that it was opened from; empty = not counted.
    :ivar joiner: identity of who claimed it.
    :ivar letters: passed on so far.
    """

    nameplate: int
    party_id: str
    opener: bytes
    origin: str
    expires: float
    joiner: bytes | None = None
    letters: int = 0

    def other(self, identity: bytes) -> bytes | None:
        """The one at the other end."""
        return self.joiner if identity == self.opener else self.opener


@attrs.frozen
class Letter:
    """To be passed on."""

    to: bytes
    nameplate: int
    sender: bytes
    payload: bytes = attrs.field(repr=False)


@attrs.frozen
class Ending:
    """To be told: this mailbox is gone; `reason` is a word of :data:`lanrage.errors.REFUSALS`."""

    to: bytes
    nameplate: int
    reason: str


@attrs.frozen
class Claim:
    """What claiming led to.

    :param mailbox: now the caller's; ``None`` when somebody else has it, which ends it for both.
    """

    mailbox: Mailbox | None
    endings: tuple[Ending, ...] = ()


def _refuse(word: str, sentence: str = "") -> Refused:
    return Refused(word, sentence or REFUSALS[word])


def _budget() -> Budget[bytes | str]:
    return Budget(TRIES_RATE, TRIES_BURST)


@attrs.define
class Mailboxes:
    """All mailboxes of one control server.

    :param random: ``os.urandom``, or a test's own.
    """

    random: Callable[[int], bytes]
    _open: dict[int, Mailbox] = attrs.field(init=False, factory=dict)
    _ended: dict[int, tuple[str, float]] = attrs.field(init=False, factory=dict)
    _tries: Budget[bytes | str] = attrs.field(init=False, factory=_budget)

    def __len__(self) -> int:
        """Mailboxes open now, those included that have just expired."""
        return len(self._open)

    def open(self, identity: bytes, party_id: str, origin: str, now: float) -> Mailbox:
        """A new mailbox.

        :param origin: the address that the opener comes from; empty = not counted.
        :raises Refused: ``limit``.
        """
        self._expire(now)
        self._take_try(identity, origin, now)
        if len(self._open) >= MAILBOXES:
            raise _refuse("limit", f"this control server holds {MAILBOXES} spoken codes, and no more")
        boxes = self._open.values()
        if sum(box.opener == identity for box in boxes) >= PER_IDENTITY:
            raise _refuse("limit", f"a node may have {PER_IDENTITY} spoken codes at one time, and no more")
        if origin and sum(box.origin == origin for box in boxes) >= PER_ORIGIN:
            raise _refuse("limit", f"{PER_ORIGIN} spoken codes may be open from one address, and no more")
        nameplate = self._draw()
        box = self._open[nameplate] = Mailbox(nameplate, party_id, identity, origin, now + LIFETIME)
        return box

    def claim(self, identity: bytes, nameplate: int, origin: str, now: float) -> Claim:
        """Become the joiner of a mailbox; asking again before the first letter gives the same answer.

        :raises Refused: ``no_such_code``, how the mailbox ended, or ``limit``.
        """
        self._expire(now)
        self._take_try(identity, origin, now)
        box = self._find(nameplate)
        if box.opener == identity:
            raise _refuse("no_such_code", "this spoken code is your own: it is for a friend")
        if box.joiner is None or (box.joiner == identity and not box.letters):
            box.joiner = identity
            return Claim(box)
        self._end(box, "code_burnt")
        return Claim(None, tuple(Ending(to, nameplate, "code_burnt") for to in (box.opener, box.joiner)))

    def post(self, identity: bytes, nameplate: int, payload: bytes, now: float) -> Letter:
        """Pass a letter to the other end; the last one ends the mailbox.

        :raises Refused: ``no_such_code``, how the mailbox ended, or ``limit`` out of turn.
        """
        self._expire(now)
        box = self._find(nameplate)
        to = box.other(identity)
        if to is None or identity not in (box.opener, box.joiner):
            raise _refuse("no_such_code")
        if (box.joiner, box.opener)[box.letters % 2] != identity:
            raise _refuse("limit", "it is the other side's turn")
        box.letters += 1
        if box.letters == LETTERS:
            self._end(box, "code_burnt")
        return Letter(to, nameplate, identity, payload)

    def close(self, identity: bytes, nameplate: int) -> tuple[Ending, ...]:
        """One of its two ends gives a mailbox up; nothing happens for anybody else."""
        box = self._open.get(nameplate)
        if box is None or identity not in (box.opener, box.joiner):
            return ()
        return self._give_up(box, identity, "code_burnt")

    def close_of(self, identity: bytes) -> tuple[Ending, ...]:
        """A node's session ended, or it lost its rights: its mailboxes go, and those that it had claimed."""
        endings: list[Ending] = []
        for box in [box for box in self._open.values() if identity in (box.opener, box.joiner)]:
            endings += self._give_up(box, identity, "inviter_offline" if box.opener == identity else "code_burnt")
        return tuple(endings)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _give_up(self, box: Mailbox, identity: bytes, reason: str) -> tuple[Ending, ...]:
        self._end(box, reason)
        other = box.other(identity)
        return (Ending(other, box.nameplate, reason),) if other is not None else ()

    def _find(self, nameplate: int) -> Mailbox:
        box = self._open.get(nameplate)
        if box is None:
            reason, _ = self._ended.get(nameplate, ("no_such_code", 0.0))
            raise _refuse(reason)
        return box

    def _end(self, box: Mailbox, reason: str) -> None:
        del self._open[box.nameplate]
        self._ended[box.nameplate] = (reason, box.expires + LIFETIME)
        if len(self._ended) > REMEMBERED:
            del self._ended[next(iter(self._ended))]

    def _expire(self, now: float) -> None:
        """Mailboxes of one lifetime end in the order in which they were opened; memories nearly so."""
        for box in list(self._open.values()):
            if box.expires > now:
                break
            self._end(box, "code_expired")
        for nameplate, (_, until) in list(self._ended.items()):
            if until > now:
                break
            del self._ended[nameplate]

    def _take_try(self, identity: bytes, origin: str, now: float) -> None:
        allowed = self._tries.allow(identity, now)
        if origin:
            allowed = self._tries.allow(origin, now) and allowed
        if not allowed:
            raise _refuse("limit", "too many spoken codes were tried: wait a minute")

    def _draw(self) -> int:
        for _ in range(DRAWS):
            nameplate = int.from_bytes(self.random(4), "big") % NAMEPLATES
            if nameplate not in self._open and nameplate not in self._ended:
                return nameplate
        raise _refuse("limit", "no nameplate is free at this control server")

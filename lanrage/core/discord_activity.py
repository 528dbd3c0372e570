"""What Discord shows of a session, and how often that may change (``docs/notifications.rst``). Pure."""

from __future__ import annotations

import hashlib
from collections import deque

import attrs

from lanrage.core.code import ADDRESS_LIMIT, InvitationCode
from lanrage.errors import BadInput

TEXT_SHORTEST, TEXT_LONGEST = 2, 128
"""Characters of details, state, party id and secret that Discord takes."""
UPDATES, SPAN = 5, 20.0
"""Updates in so many seconds that Discord takes."""
_PARTY = b"lanrage discord party v1\0"


@attrs.frozen
class Activity:
    """What is shown.

    :param details: the first line, 2 to 128 characters, as are the others that are not empty.
    :param state: the second one; may be empty.
    :param party_id: the same for all members; tells nothing of the party's own id.
    :param members: online now.
    :param members_limit: at least as many.
    :param started: seconds since the epoch at which the game began; 0: not told.
    :param join: a secret by which friends can ask to join; empty: none can.
    """

    details: str
    state: str = ""
    party_id: str = ""
    members: int = 0
    members_limit: int = 0
    started: int = 0
    join: str = attrs.field(default="", repr=False)


def fitting(text: str) -> str:
    """A text as Discord takes it: cut, and in brackets where it is but one character."""
    cut = text.strip()[:TEXT_LONGEST].strip()
    return cut if len(cut) >= TEXT_SHORTEST or not cut else f"({cut})"


def shown_party(party_id: str) -> str:
    """A party's id for Discord, 32 hexadecimal digits: the same at each member, and nobody finds the party by it."""
    return hashlib.sha256(_PARTY + party_id.encode()).hexdigest()[:32]


def join_secret(code: InvitationCode) -> str:
    """An invitation as a secret of at most 128 characters; empty where that is too short for it.

    The code goes with as many of its server's addresses as fit, the first ones first.
    """
    for count in range(min(len(code.addresses), ADDRESS_LIMIT), 0, -1):
        text = attrs.evolve(code, addresses=code.addresses[:count]).encode()
        if len(text) <= TEXT_LONGEST:
            return text
    return ""


def read_secret(secret: str) -> InvitationCode | None:
    """The invitation in a secret that a friend's Discord gave; ``None`` where it is none."""
    if len(secret) > TEXT_LONGEST:
        return None
    try:
        return InvitationCode.decode(secret)
    except BadInput:
        return None


@attrs.define
class ActivityPace:
    """When the activity is sent: at once where that is allowed, and of several that waited the last alone.

    What Discord was not told since the connection began is told: a new connection starts with nothing shown.
    """

    wanted: Activity | None = attrs.field(init=False, default=None)
    _told: Activity | None = attrs.field(init=False, default=None)
    _sent: deque[float] = attrs.field(init=False, factory=lambda: deque(maxlen=UPDATES))

    def want(self, activity: Activity | None) -> None:
        """Show this from now on; ``None``: nothing."""
        self.wanted = activity

    def connected(self) -> None:
        """Discord shows nothing; its count goes on, as it may be the same Discord."""
        self._told = None

    def deadline(self) -> float | None:
        """When :meth:`take` has something to send; ``None`` while all is shown."""
        if self.wanted == self._told:
            return None
        return self._sent[0] + SPAN if len(self._sent) == UPDATES else 0.0

    def take(self, now: float) -> bool:
        """Whether :attr:`wanted` is to be sent now; it counts as sent then."""
        due = self.deadline()
        if due is None or now < due:
            return False
        self._sent.append(now)
        self._told = self.wanted
        return True

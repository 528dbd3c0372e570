"""Who may use the gateway for browsers: codes that count once, and the sessions that they become. Pure.

Codes and tokens are kept as digests: whoever reads this process's state, or a log of it, cannot use them.
"""

from __future__ import annotations

import hashlib
from collections import deque

import attrs

from lanrage.errors import Refused

CODE_SECONDS = 60.0
"""Life of a code: it is in a browser's address for a moment, and in a terminal until somebody clicks on it."""
USE_SECONDS = 12 * 3600.0
"""Seconds without use after which a session ends: an evening, and the night after it."""
LONGEST_SECONDS = 7 * 24 * 3600.0
"""Seconds after which it ends although it was used: a token that leaked is of no use for ever."""
SESSIONS_LIMIT = 32
"""Sessions at once: some tabs of some users."""
USER_SESSIONS = 8
"""Of one user; a ninth ends the one that was used longest ago."""
CODES_LIMIT = 16
"""Codes at once that nobody has used yet."""
USER_CODES = 4
"""Of one user; a fifth voids the oldest."""
WRONG_LIMIT = 10
"""Wrong codes in :data:`WRONG_SECONDS` that are told apart. A code has 256 random bits, so nobody guesses one; this
keeps whoever tries from filling the log, and never stops the right one."""
WRONG_SECONDS = 60.0


def digest(secret: str) -> bytes:
    """What is kept of a code or token. Any text has one."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


@attrs.define(eq=False)
class Session:
    """A page that logged in.

    :param user: number of the user, for whom the kernel vouched when the code was made.
    :param key: the token's digest.
    :param began: when it logged in.
    :param used: when it was last used.
    """

    user: int
    key: bytes = attrs.field(repr=False)
    began: float
    used: float

    def ends(self) -> float:
        """When it ends, where it is not used again."""
        return min(self.used + USE_SECONDS, self.began + LONGEST_SECONDS)


def _used(session: Session) -> float:
    return session.used


@attrs.frozen
class LoggedIn:
    """A code became a session.

    :param ended: sessions that had to end for it.
    """

    session: Session
    ended: tuple[Session, ...] = ()


@attrs.frozen
class _Code:
    user: int
    until: float


class WebSessions:
    """All codes and sessions of a process. Times are seconds of one clock that never goes back."""

    def __init__(self) -> None:
        self._codes: dict[bytes, _Code] = {}
        self._sessions: dict[bytes, Session] = {}
        self._wrong: deque[float] = deque(maxlen=WRONG_LIMIT)

    def __len__(self) -> int:
        """Sessions that have not been ended."""
        return len(self._sessions)

    def offer(self, user: int, code: str, now: float) -> None:
        """Let a user log in once by this code, within :data:`CODE_SECONDS`.

        :raises Refused: ``busy``: too many codes of other users wait.
        """
        self._codes = {key: each for key, each in self._codes.items() if each.until > now}
        own = [key for key, each in self._codes.items() if each.user == user]
        if len(own) >= USER_CODES:
            del self._codes[own[0]]
        elif len(self._codes) >= CODES_LIMIT:
            raise Refused("busy", "too many links to the page are unused; wait a minute")
        self._codes[digest(code)] = _Code(user, now + CODE_SECONDS)

    def log_in(self, code: str, token: str, now: float) -> LoggedIn:
        """Use a code up.

        :param token: by which the session is known from now on; random, and never used before.
        :raises Refused: ``wrong_login``: no such code, used or too old. ``busy``: likewise, and it was tried too often;
            or, with a right one, too many users are there, none of whom has two sessions more than this one.
        """
        offered = self._codes.pop(digest(code), None)
        if offered is None or offered.until <= now:
            raise self._wrong_login(now)
        ended = self.expire(now)
        own = sorted((each for each in self._sessions.values() if each.user == offered.user), key=_used)
        if len(own) >= USER_SESSIONS:
            self.log_out(own[0])
            ended = (*ended, own[0])
        elif len(self._sessions) >= SESSIONS_LIMIT:
            most = self._of_whom_has_most()
            if len(most) <= len(own) + 1:
                raise Refused("busy", "too many pages are logged in; close one of them, or wait")
            self.log_out(most[0])
            ended = (*ended, most[0])
        session = Session(offered.user, digest(token), now, now)
        self._sessions[session.key] = session
        return LoggedIn(session, ended)

    def _of_whom_has_most(self) -> list[Session]:
        """The sessions of one user who has more than others, the one that was used longest ago first: nobody keeps
        others out by opening many.
        """
        by_user: dict[int, list[Session]] = {}
        for each in sorted(self._sessions.values(), key=_used):
            by_user.setdefault(each.user, []).append(each)
        return max(by_user.values(), key=len)

    def _wrong_login(self, now: float) -> Refused:
        often = len(self._wrong) == WRONG_LIMIT and now - self._wrong[0] < WRONG_SECONDS
        if often:
            return Refused("busy", "too many wrong codes; wait a minute, then ask for a new link: lanrage web")
        self._wrong.append(now)
        return Refused("wrong_login", "this link was used already or is too old; ask for a new one: lanrage web")

    def find(self, token: str, now: float) -> Session | None:
        """The session of a token, which is used by that; ``None``: there is none, or it has ended."""
        session = self._sessions.get(digest(token))
        if session is None or session.ends() <= now:
            return None
        session.used = now
        return session

    def holds(self, session: Session, now: float) -> bool:
        """Use a session whose connection is open; false when it has ended."""
        if self._sessions.get(session.key) is not session or session.ends() <= now:
            return False
        session.used = now
        return True

    def log_out(self, session: Session) -> None:
        """End a session; one that has ended is no error."""
        if self._sessions.get(session.key) is session:
            del self._sessions[session.key]

    def expire(self, now: float) -> tuple[Session, ...]:
        """End the sessions whose time is over.

        :returns: them.
        """
        ended = tuple(each for each in self._sessions.values() if each.ends() <= now)
        for session in ended:
            del self._sessions[session.key]
        return ended

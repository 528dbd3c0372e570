"""Who may use the gateway for browsers: codes that count once, and the sessions that they become. Pure.

Codes and tokens are kept as digests: whoever reads this process's state, or a log of it, cannot use them.
"""

from __future__ import annotations

import hashlib
from collections import deque

import attrs

from lanrage.core.fair_shares import gives_way
from lanrage.errors import Refused

CODE_SECONDS = 60.0
"""Life of a code: it is in a browser's address for a moment, and in a terminal until somebody clicks on it."""
USE_SECONDS = 12 * 3600.0
"""Seconds without use after which a session ends: an evening, and the night after it."""
LONGEST_SECONDS = 7 * 24 * 3600.0
"""Seconds after which it ends although it was used: a token that leaked is of no use for ever."""
WRONG_LIMIT = 10
"""Wrong codes in :data:`WRONG_SECONDS` that are told apart. A code has 256 random bits, so nobody guesses one; this
keeps whoever tries from filling the log, and never stops the right one."""
WRONG_SECONDS = 60.0


@attrs.frozen
class SessionLimits:
    """How many there may be. Where all places of all users are taken, whoever has most gives one up
    (:func:`lanrage.core.fair_shares.gives_way`).

    :param sessions: at once: some tabs of some users.
    :param user_sessions: of one user; one more ends the one that was used longest ago.
    :param codes: at once that nobody has used yet; each is some hundred bytes.
    :param user_codes: of one user; one more voids the oldest.
    """

    sessions: int = 32
    user_sessions: int = 8
    codes: int = 64
    user_codes: int = 4


DEFAULT_LIMITS = SessionLimits()


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


def _user(of: Session | _Code) -> int:
    return of.user


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
    key: bytes
    until: float


class WebSessions:
    """All codes and sessions of a process. Times are seconds of one clock that never goes back."""

    def __init__(self, limits: SessionLimits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._codes: dict[bytes, _Code] = {}
        self._sessions: dict[bytes, Session] = {}
        self._wrong: deque[float] = deque(maxlen=WRONG_LIMIT)

    def __len__(self) -> int:
        """Sessions that have not been ended."""
        return len(self._sessions)

    def offer(self, user: int, code: str, now: float) -> None:
        """Let a user log in once by this code, within :data:`CODE_SECONDS`.

        :raises Refused: ``busy``: as many users as there may be codes have one that waits.
        """
        self._codes = {key: each for key, each in self._codes.items() if each.until > now}
        own = [each for each in self._codes.values() if each.user == user]
        if len(own) >= self._limits.user_codes:
            del self._codes[own[0].key]
        elif len(self._codes) >= self._limits.codes:
            voided = gives_way(self._codes.values(), _user, user) or next(iter(own), None)
            if voided is None:
                raise Refused("busy", "too many users have an unused link to the page; wait a minute")
            del self._codes[voided.key]
        key = digest(code)
        self._codes[key] = _Code(user, key, now + CODE_SECONDS)

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
        by_use = sorted(self._sessions.values(), key=_used)
        own = [each for each in by_use if each.user == offered.user]
        if len(own) >= self._limits.user_sessions:
            self.log_out(own[0])
            ended = (*ended, own[0])
        elif len(by_use) >= self._limits.sessions:
            ending = gives_way(by_use, _user, offered.user)
            if ending is None:
                raise Refused("busy", "too many pages are logged in; close one of them, or wait")
            self.log_out(ending)
            ended = (*ended, ending)
        session = Session(offered.user, digest(token), now, now)
        self._sessions[session.key] = session
        return LoggedIn(session, ended)

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

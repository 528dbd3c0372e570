"""Codes, tokens and connections of the gateway for browsers: :mod:`lanrage.core.web_sessions` with clock and chance."""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from lanrage.core.web_sessions import Session, WebSessions
from lanrage.errors import Refused

SECRET_BYTES = 32
"""Random bytes of a code or token."""
LOOK_SECONDS = 30.0
"""Between two looks at whose session has ended, and whose connection is open still."""

log = Logger()

End = Callable[[], None]
"""Ends a connection because its session has ended."""


class WebLogin:
    """Lets users in and throws them out.

    :param clock: reactor or a test's own.
    :param random: ``os.urandom``, or a test's own.
    """

    def __init__(self, clock: Any, random: Callable[[int], bytes] = os.urandom) -> None:
        self._clock, self._random = clock, random
        self._sessions = WebSessions()
        self._open: dict[Session, list[End]] = {}
        self._looking: IDelayedCall | None = None

    def _secret(self) -> str:
        return urlsafe_b64encode(self._random(SECRET_BYTES)).decode("ascii").rstrip("=")

    def offer(self, user: int) -> str:
        """A code by which this user can log in once, soon.

        :raises Refused: ``busy``.
        """
        code = self._secret()
        self._sessions.offer(user, code, self._clock.seconds())
        log.info("user {user} may log in to the page", user=user)
        return code

    def log_in(self, code: str) -> tuple[str, float]:
        """Trade a code for a token.

        :returns: the token, and the seconds after which it is of no use where it is not used.
        :raises Refused: ``wrong_login`` or ``busy``.
        """
        token, now = self._secret(), self._clock.seconds()
        try:
            made = self._sessions.log_in(code, token, now)
        except Refused as error:
            if error.code == "wrong_login":
                log.warn("a wrong code was tried at the page")
            raise
        for session in made.ended:
            self._ended(session)
        log.info("user {user} has logged in to the page", user=made.session.user, sessions=len(self._sessions))
        self._look_later()
        return token, made.session.ends() - now

    def find(self, token: str) -> Session | None:
        """The session of a token; that is a use of it. ``None``: there is none."""
        return self._sessions.find(token, self._clock.seconds())

    def owner(self, token: str) -> int | None:
        """The number of the user whose token it is; that is a use of it. ``None``: there is no such session."""
        session = self.find(token)
        return session.user if session is not None else None

    def holds(self, session: Session) -> bool:
        """Use a session that was found before; false where it has ended."""
        return self._sessions.holds(session, self._clock.seconds())

    def log_out(self, session: Session) -> None:
        """End a session with all its connections."""
        self._sessions.log_out(session)
        log.info("user {user} has logged out of the page", user=session.user)
        self._ended(session)

    def opened(self, session: Session, end: End) -> Callable[[], None]:
        """A connection of a session is open, which is a use of it.

        :param end: called when the session ends.
        :returns: to be called when the connection has ended.
        """
        self._open.setdefault(session, []).append(end)
        return lambda: self._closed(session, end)

    def _closed(self, session: Session, end: End) -> None:
        ends = self._open.get(session, [])
        if end in ends:
            ends.remove(end)
        if not ends:
            self._open.pop(session, None)

    def _ended(self, session: Session) -> None:
        for end in self._open.pop(session, []):
            end()

    def _look_later(self) -> None:
        if self._looking is None and len(self._sessions):
            self._looking = self._clock.callLater(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._looking = None
        now = self._clock.seconds()
        for session in list(self._open):
            if not self._sessions.holds(session, now):
                self._sessions.log_out(session)
                self._ended(session)
        self._sessions.expire(now)
        self._look_later()

    def stop(self) -> None:
        """End everything; connections are ended by who has them."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self._sessions, self._open = WebSessions(), {}

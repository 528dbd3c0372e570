"""A control link in memory that knows mailboxes alone, for both ends of a spoken code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from lanrage.app.control_link import MailboxUser
from tests.fakes_control import seeded


@attrs.define(eq=False)
class FakeClient:
    """Stands in for the control client."""

    server_key: bytes = seeded("server")


@attrs.define(eq=False)
class FakeLink:
    """Stands in for :class:`lanrage.app.control_link.ControlLink`.

    :ivar answers: what is answered, or raised, to each kind of request.
    :ivar asked: requests, in order, those whose answer nobody waits for included.
    :ivar on_ask: called with each request that was answered.
    """

    answers: dict[type, Any] = attrs.field(factory=dict)
    asked: list[Any] = attrs.field(factory=list)
    mailbox_user: MailboxUser | None = None
    client: FakeClient = attrs.field(factory=FakeClient)
    closed: bool = False
    on_ask: Callable[[Any], None] = lambda _: None

    async def open(self) -> None:
        """Always works."""

    async def close(self) -> None:
        """Whoever waits for a mailbox hears of it."""
        self.closed = True

    async def ask(self, body: Any, kind: type) -> Any:
        """The prepared answer."""
        self.asked.append(body)
        answer = self.answers[type(body)]
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, kind)
        self.on_ask(body)
        return answer

    def post(self, body: Any) -> None:
        """Kept."""
        self.asked.append(body)

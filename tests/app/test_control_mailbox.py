"""Mailboxes at a real control server over real sockets: who gets what, and what ends with whose session."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from lanrage.app.control import ControlService
from lanrage.errors import Refused
from lanrage.wire.control import Done
from lanrage.wire.control_mailbox import (
    ClaimMailbox,
    CloseMailbox,
    LetterCame,
    MailboxClaimed,
    MailboxGone,
    MailboxOpened,
    OpenMailbox,
    SendLetter,
)
from tests.app.control_node import ControlCase, Node


class MailboxTests(ControlCase):
    """A host who is a member, and guests who are not."""

    async def opened(self) -> tuple[ControlService, Node, Node, int]:
        """A mailbox of the host's, claimed by a guest."""
        service, host = await self.founded()
        guest = await self.node("guest", service)
        opened = await host.link.request(OpenMailbox(self.kit.party_id))
        assert isinstance(opened, MailboxOpened)
        self.assertEqual(600.0, opened.lifetime)
        claimed = await guest.link.request(ClaimMailbox(opened.nameplate))
        self.assertEqual(MailboxClaimed(self.kit.party_id, host.keys.identity.public), claimed)
        return service, host, guest, opened.nameplate

    async def hears(self, node: Node, *notices: Any) -> None:
        """A node hears this of mailboxes, in this order, and no more."""

        def heard() -> list[Any]:
            return [notice for notice in node.notices if isinstance(notice, LetterCame | MailboxGone)]

        await self.until(lambda: len(heard()) >= len(notices))
        self.assertEqual(list(notices), heard())

    def test_letters(self) -> Deferred[None]:
        """They reach the other end as they were, with the sender as the login proved it, and nobody else."""

        async def life() -> None:
            service, host, guest, number = await self.opened()
            other = await self.node("other", service)
            self.assertEqual(Done(), await guest.link.request(SendLetter(number, b"one")))
            one = LetterCame(number, guest.keys.identity.public, b"one")
            await self.hears(host, one)
            self.assertEqual(Done(), await host.link.request(SendLetter(number, b"two")))
            two = LetterCame(number, host.keys.identity.public, b"two")
            await self.hears(guest, two)
            await self.refused("no_such_code", other.link.request(SendLetter(number, b"x")))
            self.assertEqual(Done(), await other.link.request(CloseMailbox(number)))
            await self.hears(other)
            await self.refused("code_burnt", other.link.request(ClaimMailbox(number)))
            await self.hears(host, one, MailboxGone(number, "code_burnt"))
            await self.hears(guest, two, MailboxGone(number, "code_burnt"))

        return self.run_async(life())

    def test_members_only(self) -> Deferred[None]:
        """Who is not in the party opens no mailbox for it."""

        async def life() -> None:
            service, _ = await self.founded()
            guest = await self.node("guest", service)
            await self.refused("not_a_member", guest.link.request(OpenMailbox(self.kit.party_id)))
            for _ in range(10):
                await self.refused("no_such_code", guest.link.request(ClaimMailbox(1)))
            await self.refused("limit", guest.link.request(ClaimMailbox(1)))

        return self.run_async(life())

    def test_sessions(self) -> Deferred[None]:
        """A mailbox ends with the session that opened it, replaced ones included, and with the joiner's."""

        async def life() -> None:
            service, host, guest, number = await self.opened()
            again = await self.node("host", service)
            await self.hears(guest, MailboxGone(number, "inviter_offline"))
            await self.refused("inviter_offline", guest.link.request(SendLetter(number, b"x")))
            opened = await again.link.request(OpenMailbox(self.kit.party_id))
            assert isinstance(opened, MailboxOpened)
            await guest.link.request(ClaimMailbox(opened.nameplate))
            await self._stop(guest.link)
            await self.hears(again, MailboxGone(opened.nameplate, "code_burnt"))
            await self.hears(host)

        return self.run_async(life())

    def test_given_up(self) -> Deferred[None]:
        """By the opener: the joiner hears of it."""

        async def life() -> None:
            _, host, guest, number = await self.opened()
            self.assertEqual(Done(), await host.link.request(CloseMailbox(number)))
            await self.hears(guest, MailboxGone(number, "code_burnt"))
            with self.assertRaises(Refused):
                await guest.link.request(SendLetter(number, b"x"))

        return self.run_async(life())

    def test_nothing_is_stored(self) -> Deferred[None]:
        """Neither mailboxes nor letters reach the server's disk."""

        async def life() -> None:
            service, _, guest, number = await self.opened()
            await guest.link.request(SendLetter(number, b"a letter in the post"))
            await self._stop(service)
            files = [path for path in self.folder.rglob("*") if path.is_file()]
            self.assertGreater(len(files), 2)
            for path in files:
                self.assertNotIn(b"a letter in the post", path.read_bytes())

        return self.run_async(life())

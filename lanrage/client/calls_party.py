"""The operations ``party.*``.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from collections.abc import AsyncGenerator

from lanrage.app.desktop_results import LagsShown, ReadyShown, RecentParties
from lanrage.app.guest_results import GuestAdded, GuestRemoved, GuestsShown
from lanrage.app.operations import Progress
from lanrage.app.operations_offers import OffersShown
from lanrage.app.results import (
    ConflictsShown,
    Governed,
    HistoryShown,
    Invited,
    Joined,
    Left,
    PartyCreated,
    PartyShown,
    StatusSet,
)
from lanrage.client.asking import Asker


class PartyCalls:
    """The operations ``party.*``."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def create(
        self,
        *,
        name: str,
        member_name: str,
        server: str = "",
        max_members: int = 16,
        expires_hours: float = 24.0,
        uses: int = 16,
        takeover: str = "delay",
        takeover_hours: float = 72.0,
        token: str = "",
        progress: Progress | None = None,
    ) -> PartyCreated:
        """Found a party at a control server and print its invitation code."""
        args = {
            "name": name,
            "member_name": member_name,
            "server": server,
            "max_members": max_members,
            "expires_hours": expires_hours,
            "uses": uses,
            "takeover": takeover,
            "takeover_hours": takeover_hours,
            "token": token,
        }
        return await self._asker.ask("party.create", args, PartyCreated, progress=progress)

    async def join(
        self, *, code: str, member_name: str, server: str = "", timing_s: float = 0, progress: Progress | None = None
    ) -> Joined:
        """Join a party by the invitation code, link or spoken code that its host gave you."""
        args = {"code": code, "member_name": member_name, "server": server, "timing_s": timing_s}
        return await self._asker.ask("party.join", args, Joined, progress=progress)

    async def leave(self, *, progress: Progress | None = None) -> Left:
        """Leave the party of this node."""
        return await self._asker.ask("party.leave", {}, Left, progress=progress)

    async def show(self) -> PartyShown:
        """Show the party's members and the paths to them."""
        return await self._asker.ask("party.show", {}, PartyShown)

    async def invite(self, *, expires_hours: float = 24.0, uses: int | None = None, spoken: bool = False) -> Invited:
        """Make a new invitation code for the party; only its host can."""
        args = {"expires_hours": expires_hours, "uses": uses, "spoken": spoken}
        return await self._asker.ask("party.invite", args, Invited)

    async def kick(self, *, member: str) -> Governed:
        """Throw a member out, with the invitation that it came by; it may come back by a new one."""
        args = {"member": member}
        return await self._asker.ask("party.kick", args, Governed)

    async def ban(self, *, member: str) -> Governed:
        """Throw a member out, and let it in no more."""
        args = {"member": member}
        return await self._asker.ask("party.ban", args, Governed)

    async def pardon(self, *, member: str) -> Governed:
        """Lift a ban; to come back takes a new invitation."""
        args = {"member": member}
        return await self._asker.ask("party.pardon", args, Governed)

    async def role(self, *, member: str, role: str) -> Governed:
        """Make a member a moderator, a member again, or the host in your place."""
        args = {"member": member, "role": role}
        return await self._asker.ask("party.role", args, Governed)

    async def rename(self, *, name: str) -> Governed:
        """Give the party another name."""
        args = {"name": name}
        return await self._asker.ask("party.rename", args, Governed)

    async def withdraw(self, *, code: str) -> Governed:
        """Make an invitation code void; who joined by it stays."""
        args = {"code": code}
        return await self._asker.ask("party.withdraw", args, Governed)

    async def claim(self, *, member: str) -> Governed:
        """As a moderator, want a member as host in place of one who is away, by the party's rule."""
        args = {"member": member}
        return await self._asker.ask("party.claim", args, Governed)

    async def veto(self) -> Governed:
        """As the host, object to another host."""
        return await self._asker.ask("party.veto", {}, Governed)

    async def say(self, *, text: str) -> StatusSet:
        """Say something of yourself to the party."""
        args = {"text": text}
        return await self._asker.ask("party.say", args, StatusSet)

    async def conflicts(self) -> ConflictsShown:
        """Show what was lost lately because another change came first."""
        return await self._asker.ask("party.conflicts", {}, ConflictsShown)

    async def history(self) -> HistoryShown:
        """Show the party's signed ledger: who was let in, thrown out or appointed, by whom."""
        return await self._asker.ask("party.history", {}, HistoryShown)

    async def guest_add(
        self, *, name: str, expires_hours: float = 168.0, via: str = "", address: str = "", plain: bool = False
    ) -> GuestAdded:
        """Let a device with the stock WireGuard application take part, through this node or another member's."""
        args = {"name": name, "expires_hours": expires_hours, "via": via, "address": address, "plain": plain}
        return await self._asker.ask("party.guest_add", args, GuestAdded)

    async def guest_list(self) -> GuestsShown:
        """Show the party's guests, and when those of this node were here."""
        return await self._asker.ask("party.guest_list", {}, GuestsShown)

    async def guest_remove(self, *, name: str, via: str = "") -> GuestRemoved:
        """Let a guest in no more, at once, with all its ways in."""
        args = {"name": name, "via": via}
        return await self._asker.ask("party.guest_remove", args, GuestRemoved)

    async def offers(self, *, descriptor: int | None = None) -> OffersShown:
        """Show the invitation that you took elsewhere, in Discord say, and that waits for your word."""
        return await self._asker.ask("party.offers", {}, OffersShown, descriptor=descriptor)

    async def recent(self) -> RecentParties:
        """Show the parties that this machine took part in lately, and with whom."""
        return await self._asker.ask("party.recent", {}, RecentParties)

    async def ready_check(self) -> ReadyShown:
        """As host or moderator, ask all members whether they are ready; they have a minute to answer."""
        return await self._asker.ask("party.ready_check", {}, ReadyShown)

    async def ready(self, *, ready: bool = True) -> ReadyShown:
        """Answer a ready check, or change the answer."""
        args = {"ready": ready}
        return await self._asker.ask("party.ready", args, ReadyShown)

    async def lags(self) -> LagsShown:
        """Show who lags, and why, as all members measure it."""
        return await self._asker.ask("party.lags", {}, LagsShown)


class PartyWatch:
    """The operations ``party.*``, watched: what is so now, and each change."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def show(self) -> AsyncGenerator[PartyShown, None]:
        """Show the party's members and the paths to them."""
        return self._asker.follow("party.show", {}, PartyShown)

    def conflicts(self) -> AsyncGenerator[ConflictsShown, None]:
        """Show what was lost lately because another change came first."""
        return self._asker.follow("party.conflicts", {}, ConflictsShown)

    def history(self) -> AsyncGenerator[HistoryShown, None]:
        """Show the party's signed ledger: who was let in, thrown out or appointed, by whom."""
        return self._asker.follow("party.history", {}, HistoryShown)

    def guest_list(self) -> AsyncGenerator[GuestsShown, None]:
        """Show the party's guests, and when those of this node were here."""
        return self._asker.follow("party.guest_list", {}, GuestsShown)

    def recent(self) -> AsyncGenerator[RecentParties, None]:
        """Show the parties that this machine took part in lately, and with whom."""
        return self._asker.follow("party.recent", {}, RecentParties)

    def lags(self) -> AsyncGenerator[LagsShown, None]:
        """Show who lags, and why, as all members measure it."""
        return self._asker.follow("party.lags", {}, LagsShown)

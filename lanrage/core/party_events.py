"""What happened in the party, found by comparing two views of it (``docs/notifications.rst``). Pure.

Who comes and goes for a moment is not told of: a member that is seen offline, and a game that is seen to be over, must
be so for a while before that is an event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from lanrage.core.notices import Notice, NoticeKind

SETTLING = 10.0
"""Seconds that a member is away, or a game is over, before that is told: a router that restarts its link, or a server
that loads its next map, is back by then."""


@attrs.frozen
class MemberSeen:
    """One member in a view.

    :param hosting: names of the games that others can join at it, by the games' ids.
    :param ready: it says that it is ready to play.
    """

    name: str
    online: bool = True
    hosting: Mapping[str, str] = attrs.field(factory=dict)
    ready: bool = False


@attrs.frozen
class PartySeen:
    """The party as this node sees it at one moment.

    :param party_id: tells one party from the next.
    :param members: by identity.
    :param host: identity of the host; empty where that is not known.
    :param thrown_out: identities that the ledger has revoked.
    """

    party_id: str
    name: str
    members: Mapping[bytes, MemberSeen]
    host: bytes = b""
    thrown_out: frozenset[bytes] = frozenset()


@attrs.frozen
class PartyEvent:
    """Something happened.

    :param kind: one of the party's kinds.
    :param member: name of whom it is about.
    :param identity: of the same.
    :param game: name of the game; empty where it is about none.
    :param words: what the member did, where the kind has no words of its own for it.
    """

    kind: NoticeKind
    party: str
    member: str
    identity: bytes
    game: str = ""
    words: str = ""

    @property
    def sentence(self) -> str:
        """For people, without the party's name."""
        words = {
            NoticeKind.JOINED: "joined the party",
            NoticeKind.LEFT: "left the party",
            NoticeKind.KICKED: "was thrown out of the party",
            NoticeKind.ONLINE: "is online",
            NoticeKind.OFFLINE: "is offline",
            NoticeKind.HOSTING: f"hosts {self.game}",
            NoticeKind.STOPPED: f"does not host {self.game} any more",
            NoticeKind.HOST_CHANGED: "is the party's host now",
            NoticeKind.READY: "is ready",
        }
        return f"{self.member} {self.words or words[self.kind]}"

    def notice(self) -> Notice:
        """For those who are told of it."""
        return Notice.of(self.kind, f"{self.party}: {self.sentence}")


def compare(before: PartySeen, after: PartySeen) -> Iterator[PartyEvent]:
    """What happened between two views of one party; nothing where they are of two parties."""
    if before.party_id != after.party_id:
        return
    for identity, member in before.members.items():
        if identity not in after.members:
            thrown = identity in after.thrown_out
            yield _event(NoticeKind.KICKED if thrown else NoticeKind.LEFT, after, identity, member)
    for identity, member in after.members.items():
        known = before.members.get(identity)
        if known is None:
            yield _event(NoticeKind.JOINED, after, identity, member)
        yield from _of_member(after, identity, known if known is not None else MemberSeen(member.name), member)
    if after.host and before.host and after.host != before.host and after.host in after.members:
        yield _event(NoticeKind.HOST_CHANGED, after, after.host, after.members[after.host])


def _of_member(view: PartySeen, identity: bytes, before: MemberSeen, after: MemberSeen) -> Iterator[PartyEvent]:
    if before.online is not after.online:
        yield _event(NoticeKind.ONLINE if after.online else NoticeKind.OFFLINE, view, identity, after)
    for game in sorted(before.hosting.keys() - after.hosting.keys()):
        yield _event(NoticeKind.STOPPED, view, identity, after, before.hosting[game])
    for game in sorted(after.hosting.keys() - before.hosting.keys()):
        yield _event(NoticeKind.HOSTING, view, identity, after, after.hosting[game])
    if after.ready and not before.ready:
        yield _event(NoticeKind.READY, view, identity, after)


def _event(kind: NoticeKind, view: PartySeen, identity: bytes, member: MemberSeen, game: str = "") -> PartyEvent:
    return PartyEvent(kind, view.name, member.name, identity, game)


@attrs.define
class PartyStory:
    """Turns views into events, as they come; the first view of a party tells nothing.

    :ivar told: the view that all that was told adds up to; ``None`` outside of a party.
    """

    told: PartySeen | None = attrs.field(init=False, default=None)
    _away: dict[tuple[bytes, str], float] = attrs.field(init=False, factory=dict)

    def look(self, view: PartySeen | None, now: float) -> tuple[PartyEvent, ...]:
        """The party is seen like this; what has happened.

        :param view: ``None``: there is none.
        :param now: seconds; never goes back.
        """
        before = self.told
        if view is None or before is None or before.party_id != view.party_id:
            self._away.clear()
            self.told = view
            return ()
        if view == before:
            self._away.clear()
            return ()
        settled = self._settled(before, view, now)
        self.told = settled
        return tuple(compare(before, settled))

    def deadline(self) -> float | None:
        """When :meth:`look` has more to tell of the same view."""
        return min(self._away.values(), default=None)

    def _settled(self, before: PartySeen, view: PartySeen, now: float) -> PartySeen:
        """The view in which what has just gone is still there."""
        gone: set[tuple[bytes, str]] = set()
        members = {}
        for identity, member in view.members.items():
            known = before.members.get(identity)
            if known is not None:
                gone |= {(identity, game) for game in known.hosting.keys() - member.hosting.keys()}
                gone |= {(identity, "")} if known.online and not member.online else set()
            members[identity] = member
        self._away = {each: self._away.get(each, now + SETTLING) for each in gone}
        for identity, game in [each for each, due in self._away.items() if now < due]:
            member, known = members[identity], before.members[identity]
            if game:
                members[identity] = attrs.evolve(member, hosting={**member.hosting, game: known.hosting[game]})
            else:
                members[identity] = attrs.evolve(member, online=True)
        return attrs.evolve(view, members=members)

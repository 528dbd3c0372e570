"""The ledger against a plain model, with a second reader that hears of records late and out of order."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lanrage.core.identity import NodeKeys
from lanrage.core.ledger import Ledger
from lanrage.core.ledger_records import (
    Action,
    Appoint,
    HandOver,
    Pardon,
    Rename,
    Revoke,
    Support,
    Veto,
    Withdraw,
)
from lanrage.errors import Refused
from tests.fakes_control import PartyKit, node_keys
from tests.fakes_ledger import LedgerKit

GUESTS = [node_keys(f"guest {number}") for number in range(5)]
DELAY = 3600
USES = 3
secrets = st.sampled_from([b"1" * 16, b"2" * 16])
guests = st.sampled_from(range(5))
everybody = st.sampled_from(range(6))


class LedgerMachine(RuleBasedStateMachine):
    """A host and five guests who do what they may, and what they may not."""

    def __init__(self) -> None:
        super().__init__()
        self.kit = LedgerKit(PartyKit.make("ledger machine", takeover="delay", takeover_delay=DELAY))
        self.people = [*GUESTS, self.kit.host]
        self.host = 5
        self.moderators: set[int] = set()
        self.members = {5}
        self.banned: set[int] = set()
        self.came_by: dict[int, bytes] = {}
        self.used: dict[bytes, set[int]] = {}
        self.void: set[bytes] = set()
        self.thrown: dict[int, int] = {}
        self.stripped: dict[int, int] = {}
        self.claims: dict[int, tuple[int, float]] = {}
        self.name = "the party"
        self.reader = Ledger(self.kit.kit.charter, self.kit.kit.charter_blob)

    def key(self, number: int) -> bytes:
        """An identity."""
        return self.people[number].identity.public

    def governs(self, number: int) -> bool:
        """Host or moderator."""
        return number == self.host or number in self.moderators

    def write(self, author: int, action: Action, allowed: bool) -> bool:
        """Write a record; it is taken exactly where the model allows it."""
        keys: NodeKeys = self.people[author]
        before = str(self.kit.ledger)
        try:
            self.kit.append(keys, action)
        except Refused as error:
            assert not allowed, (error.code, error.message)
            assert str(self.kit.ledger) == before
            return False
        assert allowed, action
        return True

    @rule(author=everybody, guest=guests, secret=secrets, fresh=st.booleans())
    def admit(self, author: int, guest: int, secret: bytes, fresh: bool) -> None:
        """Somebody countersigns a guest, by the host's invitation from the beginning, or a new one."""
        epoch = self.kit.ledger.epoch if fresh else 0
        secret = bytes([*secret[:12], *epoch.to_bytes(4, "big")])
        issuer = self.people[self.host]
        used = self.used.get(secret, set())
        allowed = (
            author in self.members
            and guest not in self.members
            and guest not in self.banned
            and secret not in self.void
            and epoch >= self.stripped.get(self.host, 0)
            and epoch >= self.thrown.get(guest, 0)
            and len(used - {guest}) < USES
        )
        action = self.kit.admission(
            self.people[guest], secret=secret, number=guest + 2, uses=USES, epoch=epoch, issuer=issuer, now=self.kit.now
        )
        if self.write(author, action, allowed):
            self.members.add(guest)
            self.came_by[guest] = secret
            self.used.setdefault(secret, set()).add(guest)

    @rule(author=everybody, whom=everybody, ban=st.booleans())
    def revoke(self, author: int, whom: int, ban: bool) -> None:
        """Somebody throws somebody out."""
        allowed = (
            author in self.members
            and self.governs(author)
            and whom != self.host
            and (author == self.host or not self.governs(whom))
            and whom not in self.banned
            and (ban or whom in self.members or whom not in self.thrown)
        )
        if self.write(author, Revoke(self.key(whom), ban), allowed):
            epoch = self.kit.ledger.epoch
            self.members.discard(whom)
            self.moderators.discard(whom)
            self.thrown[whom] = self.stripped[whom] = epoch
            self.banned |= {whom} if ban else set()
            self.void |= {secret for secret, used in self.used.items() if whom in used}
            self.claims = {who: c for who, c in self.claims.items() if whom not in (who, c[0])}

    @rule(author=everybody, whom=everybody)
    def pardon(self, author: int, whom: int) -> None:
        """Somebody lifts a ban."""
        if self.write(author, Pardon(self.key(whom)), author == self.host and whom in self.banned):
            self.banned.discard(whom)

    @rule(author=everybody, whom=everybody, up=st.booleans())
    def appoint(self, author: int, whom: int, up: bool) -> None:
        """Somebody makes somebody a moderator, or a member again."""
        allowed = author == self.host and whom in self.members and whom != self.host and (whom in self.moderators) != up
        if self.write(author, Appoint(self.key(whom), "moderator" if up else "member"), allowed):
            if up:
                self.moderators.add(whom)
            else:
                self.moderators.discard(whom)
                self.claims.pop(whom, None)
                self.stripped[whom] = self.kit.ledger.epoch

    @rule(author=everybody, whom=everybody)
    def hand_over(self, author: int, whom: int) -> None:
        """Somebody gives the host's place away."""
        allowed = author == self.host and whom in self.members and whom != self.host
        if self.write(author, HandOver(self.key(whom)), allowed):
            self.moderators = (self.moderators | {author}) - {whom}
            self.host, self.claims = whom, {}

    @rule(author=everybody, whom=everybody)
    def support(self, author: int, whom: int) -> None:
        """Somebody wants another host."""
        claim = self.claims.get(author)
        again = claim is not None and claim[0] == whom
        allowed = author in self.moderators and whom in self.members and whom != self.host
        if again and claim is not None:
            allowed = allowed and self.kit.now - claim[1] >= DELAY
        if self.write(author, Support(self.key(whom)), allowed):
            self.claims[author] = (whom, self.kit.now)
            if again:
                self.stripped[self.host] = self.kit.ledger.epoch
                self.moderators.discard(whom)
                self.host, self.claims = whom, {}

    @rule(author=everybody)
    def veto(self, author: int) -> None:
        """Somebody objects."""
        if self.write(author, Veto(), author == self.host and bool(self.claims)):
            self.claims = {}

    @rule(author=everybody, name=st.sampled_from(["one", "two"]))
    def rename(self, author: int, name: str) -> None:
        """Somebody renames the party."""
        if self.write(author, Rename(name), author in self.members and self.governs(author) and name != self.name):
            self.name = name

    @precondition(lambda self: self.used)
    @rule(author=everybody, choice=st.integers(0, 9))
    def withdraw(self, author: int, choice: int) -> None:
        """Somebody withdraws an invitation that was used."""
        secret = sorted(self.used)[choice % len(self.used)]
        allowed = author in self.members and self.governs(author) and secret not in self.void
        if self.write(author, Withdraw(bytes.fromhex(self.kit.kit.invitation_id(secret))), allowed):
            self.void.add(secret)

    @rule()
    def wait(self) -> None:
        """Time passes."""
        self.kit.now += DELAY / 2

    @rule(count=st.integers(1, 4), stale=st.booleans())
    def read_on(self, count: int, stale: bool) -> None:
        """The reader takes some more records; an old one, or one too early, is a conflict and changes nothing."""
        records: Any = self.kit.ledger.records
        for blob in self.kit.ledger.after(self.reader.epoch)[:count]:
            self.reader.append(blob)
        wrong = records[:1] if stale else records[self.reader.epoch + 1 :][:1]
        before = str(self.reader)
        for blob in wrong:
            try:
                self.reader.append(blob)
            except Refused as error:
                assert error.code == "conflict"
            else:
                raise AssertionError("a record out of its turn was taken")
        assert str(self.reader) == before

    @invariant()
    def ledger_is_the_model(self) -> None:
        """Members, roles, bans, claims and name are those of the model."""
        ledger = self.kit.ledger
        assert set(ledger.members) == {self.key(number) for number in self.members}
        assert ledger.host == self.key(self.host)
        assert ledger.moderators == {self.key(number) for number in self.moderators}
        assert ledger.banned == {self.key(number) for number in self.banned}
        assert {who: claim.candidate for who, claim in ledger.claims.items()} == {
            self.key(who): self.key(claim[0]) for who, claim in self.claims.items()
        }
        assert ledger.name == self.name
        assert ledger.host in ledger.members
        assert ledger.moderators <= set(ledger.members) - {ledger.host}
        assert not ledger.banned & set(ledger.members)

    @invariant()
    def reader_is_a_prefix(self) -> None:
        """Whoever has read as far believes the same."""
        assert self.reader.head == self.kit.ledger.heads[self.reader.epoch]

    def teardown(self) -> None:
        """The records alone make the whole ledger."""
        for blob in self.kit.ledger.after(self.reader.epoch):
            self.reader.append(blob)
        assert str(self.reader) == str(self.kit.ledger)


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)

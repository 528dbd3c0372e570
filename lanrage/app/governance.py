"""What a member signs into its party's ledger: its user's wishes, and countersignatures for those who joined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from lanrage.app.control_link import ControlLink
from lanrage.core.identity import NodeKeys, fingerprint
from lanrage.core.ledger import Ledger, Standing
from lanrage.core.ledger_records import Action, Admit, Record, open_record, sign_record, subject
from lanrage.core.names import name_key
from lanrage.core.replica import PartyReplica
from lanrage.core.replica_changes import ReplicaMember
from lanrage.errors import BadInput, CryptoError, DecodeError, LanrageError, Refused
from lanrage.wire.control import Done
from lanrage.wire.control_ledger import AppendRecord, Lost

TRIES = 5
"""How often a record is signed anew because another one, about something else, came first."""
TURN = 1.0
"""Seconds between the turns of those who may countersign: the first is the host, where it is online."""
AGAIN = 10.0
"""Seconds until a countersignature that did not get through is tried anew."""


def find_member(replica: PartyReplica, text: str) -> bytes:
    """The identity of a member, or of one who was banned, by name or by the beginning of its fingerprint.

    :raises BadInput: field ``member``: nobody, or more than one.
    """
    named = [key for key, m in replica.members.items() if name_key(m.member.certificate.name) == name_key(text)]
    if named:
        return named[0]
    known = set(replica.members) | (replica.ledger.banned | set(replica.ledger.members) if replica.ledger else set())
    found = [key for key in known if fingerprint(key).hex().startswith(text.lower())] if len(text) >= 4 else []
    if len(found) == 1:
        return found[0]
    raise BadInput("member", f"{text!r} is {'the fingerprint of several' if found else 'no member'} of this party")


@attrs.define(eq=False)
class Governance:
    """Signs records and brings them to the control server.

    :param now: seconds since the epoch, as the control server counts.
    """

    _clock: IReactorTime
    _keys: NodeKeys
    _link: ControlLink
    _replica: PartyReplica
    _now: Callable[[], float]
    _turn: IDelayedCall | None = attrs.field(init=False, default=None)
    _work: Deferred[None] | None = attrs.field(init=False, default=None)
    _stopped: bool = attrs.field(init=False, default=False)
    _tried: dict[bytes, int] = attrs.field(init=False, factory=dict)

    log = Logger()

    # --- the user's wishes --------------------------------------------------------------------------------------------

    async def act(self, action: Action) -> None:
        """Sign a record and have it appended.

        :raises Refused: ``conflict`` when another change of the same thing came first; else the rule it breaks.
        :raises Unreachable: the control server, which orders the records, does not answer.
        """
        for _ in range(TRIES):
            ledger = self._ledger()
            before, blob = ledger.epoch, self._signed(ledger, action)
            ledger.check(blob)
            reply = await self._link.client.request(AppendRecord(self._replica.party_id, blob))
            if isinstance(reply, Done):
                self._link.learn((blob,), "this node")
                return
            if not isinstance(reply, Lost):
                raise DecodeError("the control server answered with another kind of message")
            if reply.epoch < before:
                await self._link.give_back(self._replica, reply.epoch)
                continue
            self._link.learn(reply.records, "the control server")  # unless they came as news before the answer
            self._check_contradiction(action, ledger, before, reply)
        raise Refused("conflict", "the party changes faster than this node can follow; try again")

    def check(self, action: Action) -> None:
        """Whether the ledger would take this now.

        :raises Refused: the rule that it breaks.
        """
        ledger = self._ledger()
        ledger.check(self._signed(ledger, action))

    def _signed(self, ledger: Ledger, action: Action) -> bytes:
        at = max(int(self._now()), ledger.at)
        party_id, author = bytes.fromhex(self._replica.party_id), self._keys.identity
        return sign_record(Record(party_id, ledger.epoch + 1, ledger.head, author.public, at, action), author)

    @staticmethod
    def _check_contradiction(action: Action, ledger: Ledger, before: int, reply: Lost) -> None:
        """Records about other things do not matter: sign again behind them."""
        newer = [open_record(blob, ledger.charter.party_id) for blob in ledger.after(before)]
        if not newer:
            raise Refused("conflict", "the control server has another ledger than this node; see lanrage party show")
        if any(subject(record.action) == subject(action) for record in newer):
            raise Refused("conflict", f"another change of the party came first. {reply.conflict.winner}")

    def _ledger(self) -> Ledger:
        if self._replica.ledger is None:
            raise Refused("not_in_party", "the party is not known yet")
        return self._replica.ledger

    # --- countersigning -----------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Somebody may wait for a countersignature: take a turn, if this node is one who can give it."""
        turn = self._my_turn()
        if self._stopped or self._turn is not None or self._work is not None or turn is None or not self._waiting():
            return
        self._turn = self._clock.callLater(turn * TURN, self._begin)

    def stop(self) -> Deferred[None] | None:
        """Give up what is under way."""
        self._stopped = True
        if self._turn is not None and self._turn.active():
            self._turn.cancel()
        self._turn = None
        work, self._work = self._work, None
        if work is not None:
            work.cancel()
        return None

    def _my_turn(self) -> int | None:
        """0 for the first to countersign; ``None`` for a node that is no full member itself."""
        me, replica, ledger = self._keys.identity.public, self._replica, self._replica.ledger
        if ledger is None or me not in ledger.members:
            return None
        ranks = {"host": 0, "moderator": 1, "member": 2}
        able = [key for key, m in replica.members.items() if m.standing is Standing.FULL and (m.online or key == me)]
        return sorted(able, key=lambda key: (ranks[ledger.role(key)], key)).index(me) if me in able else None

    def _waiting(self) -> list[ReplicaMember]:
        """Who is not countersigned; one who was tried in vain waits until the ledger has grown."""
        epoch, tried = self._replica.epoch, self._tried
        waiting = [m for m in self._replica.members.values() if m.standing is Standing.PROVISIONAL]
        self._tried = {m.member.certificate_blob: tried.get(m.member.certificate_blob, -1) for m in waiting}
        return [m for m in waiting if self._tried[m.member.certificate_blob] < epoch]

    def _begin(self) -> None:
        self._turn = None
        self._work = work = Deferred.fromCoroutine(self._countersign())
        work.addErrback(self._failed)
        work.addBoth(self._ended)

    async def _countersign(self) -> None:
        for entry in self._waiting():
            member = entry.member
            try:
                await self.act(Admit(entry.identity, member.certificate_blob, member.invitation_blob))
                self.log.info(
                    "{name} is a full member of the party now",
                    name=member.certificate.name,
                    peer_id=fingerprint(member.certificate.identity).hex(),
                )
            except (Refused, CryptoError, DecodeError) as error:
                self._tried[member.certificate_blob] = self._replica.epoch
                self.log.warn(
                    "{name} was not countersigned: {why}",
                    name=member.certificate.name,
                    peer_id=fingerprint(member.certificate.identity).hex(),
                    why=str(error),
                )

    def _failed(self, failure: Any) -> None:
        if failure.check(CancelledError):
            return
        if failure.check(LanrageError):
            self.log.info("countersigning waits: {reason}", reason=failure.getErrorMessage())
        else:
            self.log.failure("countersigning failed", failure)

    def _ended(self, _result: object) -> None:
        self._work = None
        if not self._stopped and self._turn is None and self._waiting():
            self._turn = self._clock.callLater(AGAIN, self._begin_again)

    def _begin_again(self) -> None:
        self._turn = None
        self.look()

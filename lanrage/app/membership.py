"""Founding and joining a party over an open control link."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from ipaddress import IPv4Network
from pathlib import Path

import attrs
from twisted.internet.defer import Deferred

from lanrage.app.control_link import ControlLink
from lanrage.core.certificates import SECRET_BYTES, TAKEOVER_DELAY, Takeover, invite_key, prove_reservation
from lanrage.core.code import InvitationCode, code_addresses
from lanrage.core.identity import NodeKeys, SigningKey, fingerprint
from lanrage.core.joining import Admission, admit, certify, found, invite
from lanrage.core.links import KEY_BYTES
from lanrage.core.replica import PartyReplica
from lanrage.core.subnet import choose_subnet, clash
from lanrage.errors import CryptoError, LanrageError, Refused
from lanrage.store.keys import party_key_path, save_secret
from lanrage.store.replica import SavedParty
from lanrage.timing import timing_decorator
from lanrage.wire import party
from lanrage.wire.control import (
    CreateParty,
    Done,
    FetchInvitation,
    FollowParty,
    InvitationFound,
    JoinParty,
    LeaveParty,
    PublishInvitation,
    ReserveAddress,
    Reserved,
)
from lanrage.wire.control_party import PartyState

Progress = Callable[[str], None]


@attrs.frozen
class Wish:
    """What a founder asks for."""

    name: str
    member_name: str
    max_members: int
    expires_hours: float
    uses: int
    takeover: Takeover = "delay"
    takeover_delay: int = TAKEOVER_DELAY
    token: str = ""


@attrs.define
class Membership:
    """Carries out create, invite and join.

    :param state_dir: where a party's root key is kept.
    :param random: ``os.urandom``, or a test's own.
    :param now: seconds since the epoch.
    """

    keys: NodeKeys
    state_dir: Path
    random: Callable[[int], bytes]
    now: Callable[[], float]

    @timing_decorator("control_client.register_party")
    async def create(
        self, link: ControlLink, address: str, wish: Wish, networks: Collection[IPv4Network], progress: Progress
    ) -> tuple[SavedParty, PartyReplica]:
        """Found a party; its root key stays in a file here.

        :param address: ``host:port`` of the control server, for the code.
        :raises Refused: with the server's reason.
        """
        party_key = SigningKey(self.random(KEY_BYTES))
        subnet = choose_subnet(networks, self.random)
        founded = found(
            party_key,
            self.keys,
            wish.name,
            wish.member_name,
            subnet,
            wish.max_members,
            self._server_now(link),
            takeover=wish.takeover,
            takeover_delay=wish.takeover_delay,
        )
        party_id = founded.charter.party_id
        save_secret(party_key_path(self.state_dir, party_id), party_key.seed)
        progress("founding the party")
        try:
            request = CreateParty(founded.charter_blob, founded.certificate_blob, wish.token)
            state = await link.ask(request, PartyState)
            replica = await self._replica(link, party_id, state)
            progress("making the invitation")
            code = await self._publish(link, party_id, 0, (address,), wish.expires_hours, wish.uses)
        except BaseException:
            await self._take_back(link, party_id)
            raise
        server = fingerprint(link.client.server_key)
        saved = SavedParty(
            party_id, state.revision, founded.charter_blob, (), (address,), server, wish.member_name, code=code
        )
        return saved.updated(replica), replica

    def forget_key(self, party_id: str) -> None:
        """Remove the root key of a party that did not come to be."""
        party_key_path(self.state_dir, party_id).unlink(missing_ok=True)

    async def _take_back(self, link: ControlLink, party_id: str) -> None:
        """Founding failed half way: leave nothing of the party here, nor at the server where it still hears us."""
        self.forget_key(party_id)
        if link.client.connected:
            with suppress(LanrageError):
                await link.ask(LeaveParty(party_id), Done)

    async def invite(self, link: ControlLink, saved: SavedParty, replica: PartyReplica, hours: float, uses: int) -> str:
        """A new code for a party whose host or moderator this node is.

        :raises Refused: ``not_allowed`` when it is neither.
        """
        if replica.ledger is None or not replica.ledger.governs(self.keys.identity.public):
            raise Refused("not_allowed", "only the host and moderators of the party make invitations")
        return await self._publish(link, saved.party_id, replica.epoch, saved.addresses, hours, uses)

    @timing_decorator("control_client.join_party")
    async def join(
        self,
        link: ControlLink,
        code: InvitationCode,
        member_name: str,
        networks: Collection[IPv4Network],
        progress: Progress,
    ) -> tuple[SavedParty, PartyReplica]:
        """Become a member: fetch and verify the invitation, reserve an address, sign, join.

        :raises Refused: with the reason.
        """
        progress("reading the invitation")
        admission, reserved = await self._read(link, code, member_name, networks)
        certificate = certify(admission, self.keys, member_name, reserved.address, reserved.now)
        progress("joining")
        state = await link.ask(JoinParty(code.party_id, certificate, code.invitation_id), PartyState)
        replica = await self._replica(link, code.party_id, state)
        saved = SavedParty(
            code.party_id,
            state.revision,
            admission.charter_blob,
            (),
            code.addresses,
            code.server,
            member_name,
            admission.invitation_blob,
        )
        return saved.updated(replica), replica

    @timing_decorator("control_client.register_peer")
    async def _read(
        self, link: ControlLink, code: InvitationCode, member_name: str, networks: Collection[IPv4Network]
    ) -> tuple[Admission, Reserved]:
        """The verified invitation, and the address that is kept for us.

        Both are asked for at once, which saves a round trip: what is reserved in vain is free again within a minute.
        """
        proof = prove_reservation(invite_key(code.secret, code.party_id), self.keys.identity.public)
        reserving = Deferred.fromCoroutine(
            link.ask(ReserveAddress(code.party_id, code.invitation_id, member_name, proof), Reserved)
        )
        try:
            shown = await link.ask(FetchInvitation(code.party_id, code.invitation_id), InvitationFound)
            admission = admit(code, shown.charter, shown.invitation, self._server_now(link))
            other = clash(admission.charter.network, networks)
            if other is not None:
                subnet = admission.charter.subnet
                raise Refused("subnet_clash", f"the party's subnet {subnet} overlaps with {other} of this machine")
            return admission, await reserving
        finally:
            reserving.addErrback(lambda _: None)  # told above, or of no more use

    async def _replica(self, link: ControlLink, party_id: str, state: PartyState) -> PartyReplica:
        """The verified party, followed from this very state on: the next member may join before we are through."""
        replica = PartyReplica(party_id)
        party.apply(replica, state, self.now())
        while replica.epoch < state.epoch:
            before = replica.epoch
            more = await link.ask(FollowParty(party_id, 0, before), PartyState)
            party.apply(replica, more, self.now())
            if replica.epoch == before:
                raise CryptoError("the control server's answer does not hold the party's whole ledger")
        if self.keys.identity.public not in replica.members:
            raise CryptoError("the control server's answer does not hold our own membership")
        link.follow(replica)
        return replica

    def _server_now(self, link: ControlLink) -> float:
        return self.now() + (link.clock_offset or 0.0)

    async def _publish(
        self,
        link: ControlLink,
        party_id: str,
        epoch: int,
        addresses: tuple[str, ...],
        hours: float,
        uses: int,
    ) -> str:
        info = link.client.server_info
        addresses = code_addresses(info.addresses if info is not None else (), addresses)
        secret = self.random(SECRET_BYTES)
        blob = invite(self.keys, party_id, epoch, secret, hours, uses, self._server_now(link))
        await link.ask(PublishInvitation(party_id, blob), Done)
        return InvitationCode(secret, party_id, fingerprint(link.client.server_key), addresses).encode()

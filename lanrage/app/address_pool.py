"""What the control server's log tells of addresses that parties give to their members (``docs/logging.rst``)."""

from __future__ import annotations

from lanrage.core.identity import fingerprint
from lanrage.logs import get_logger
from lanrage.wire.control import CreateParty, JoinParty, RefusedReply, ReplyBody, RequestBody, ReserveAddress, Reserved

log = get_logger(__name__)

FULL = frozenset({"party_full", "address_taken", "limit"})
"""Words by which a request for an address is refused that say something of the pool, and not of who asks."""


ABOUT_ADDRESSES = (CreateParty, ReserveAddress, JoinParty)
"""Requests that take an address of the pool."""


def tell_failure(identity: bytes, body: RequestBody, error: Exception) -> None:
    """Tell that a request for an address failed by a bug; the traceback is in the control server's own line."""
    if isinstance(body, ABOUT_ADDRESSES):
        log.error(
            "no address was given to {peer_id}: {kind} failed: {error}",
            peer_id=fingerprint(identity).hex(),
            kind=type(body).__name__,
            error=f"{type(error).__name__}: {error}",
        )


def tell(identity: bytes, body: RequestBody, reply: ReplyBody) -> None:
    """Tell what a request meant for its party's addresses; the context says whose it was."""
    peer = fingerprint(identity).hex()
    if isinstance(reply, RefusedReply):
        if isinstance(body, ReserveAddress) and reply.code in FULL:
            log.warn("no address is left for {peer_id}: {reason}", peer_id=peer, reason=reply.code)
    elif isinstance(body, CreateParty):
        log.info("a party's addresses begin with its founder, {peer_id}", peer_id=peer)
    elif isinstance(reply, Reserved):
        log.debug("{address} is kept for {peer_id}", address=reply.address, peer_id=peer)
    elif isinstance(body, JoinParty):
        log.debug("the address that was kept is {peer_id}'s", peer_id=peer)

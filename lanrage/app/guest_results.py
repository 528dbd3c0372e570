"""The shapes of what the node tells of guests (``docs/api.rst``)."""

from __future__ import annotations

import msgspec


class GuestShown(msgspec.Struct, frozen=True):
    """One guest: a device, or one of its two ways in.

    :param address: its party address.
    :param server: name of the member that serves it.
    :param expires: seconds since the epoch.
    :param served_here: this node serves it, and knows the rest.
    :param seen_s: seconds since its last handshake, which comes each two minutes while it is there; null: never, or
        another node serves it.
    :param received_bytes: from it; 0 where another node serves it.
    :param resting: why it takes no part now; empty where it does, as far as this node knows.
    """

    name: str
    address: str
    server: str
    expires: float
    served_here: bool
    seen_s: float | None = None
    received_bytes: int = 0
    sent_bytes: int = 0
    resting: str = ""


class GuestAdded(msgspec.Struct, frozen=True):
    """A new guest, with what its device is told; no one can show that again.

    :param config: for the WireGuard application, in the format of ``wg-quick``, with the device's private key.
    :param endpoint: where it calls.
    :param doubt: why it may not get through there; empty where nothing speaks against it.
    :param others: members who can be reached and could serve it, too.
    """

    guest: GuestShown
    config: str
    endpoint: str
    doubt: str
    others: list[str]


class GuestsShown(msgspec.Struct, frozen=True):
    """All guests of the party.

    :param trouble: why this node does not serve its own; empty where it does.
    """

    guests: list[GuestShown]
    trouble: str = ""


class GuestRemoved(msgspec.Struct, frozen=True):
    """A guest that is one no more.

    :param removed: how many ways in it had.
    :param pending: where the party could not be told: what was done here, and what is left to do.
    """

    name: str
    removed: int
    pending: str = ""

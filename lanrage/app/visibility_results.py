"""The shapes of what a visibility probe tells (``docs/api.rst``); times in milliseconds from the send."""

from __future__ import annotations

from lanrage.app.results import Result


class SeenShown(Result, frozen=True):
    """How far a tagged datagram came on its way to one member; a stage that was not confirmed is ``None``.

    :param captured_ms: read from the LAN card here.
    :param carried_ms: handed to the tunnel for this member.
    :param received_ms: the member's node has it; half the way there and back.
    :param injected_ms: the member's LAN card took it.
    :param heard_ms: a socket there got it.
    :param missing: the first stage that was not confirmed, empty if all were.
    :param meaning: what that means, one sentence.
    """

    name: str
    address: str
    captured_ms: float | None = None
    carried_ms: float | None = None
    received_ms: float | None = None
    injected_ms: float | None = None
    heard_ms: float | None = None
    missing: str = ""
    meaning: str = ""


class VisibilityShown(Result, frozen=True):
    """A probe to all members.

    :param port: UDP port of the datagrams.
    :param sent: how many it took.
    """

    party_id: str
    port: int
    sent: int
    members: list[SeenShown]

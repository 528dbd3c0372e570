"""What the doctor says of the NAT, and what helps (:mod:`lanrage.core.judgement`)."""

from __future__ import annotations

from lanrage.core.diagnosis import Check, NatFacts
from lanrage.core.doctor_faults import fine, found
from lanrage.core.nat import NatKind

_SAID: dict[str, str] = {
    NatKind.OPEN: "none between this machine and the internet: everybody reaches it directly",
    NatKind.FULL_CONE: "full cone: everybody reaches this machine directly",
    NatKind.ADDRESS_RESTRICTED: "address-restricted: direct paths to every kind but blocked",
    NatKind.PORT_RESTRICTED: "port-restricted: direct paths to every kind but symmetric and blocked",
    NatKind.SYMMETRIC: "symmetric: direct paths only to members who are open, full cone or address-restricted; others "
    "go by a relay",
    NatKind.BLOCKED: "no UDP comes through, while the control server is reached",
}
_FAULTS: dict[str, str] = {NatKind.SYMMETRIC: "nat_symmetric", NatKind.BLOCKED: "nat_blocked"}
_HINTS: dict[str, str] = {
    NatKind.PORT_RESTRICTED: "with members behind a symmetric NAT: forward WireGuard's UDP port on the router, or let "
    "it map ports (UPnP)",
}
SHORT_LIFETIME = 30.0
"""Seconds; a mapping that lives shorter is below what nearly all home routers do."""


def judge_nat(nat: NatFacts) -> Check:
    """The doctor's line."""
    sentence = _SAID.get(nat.kind)
    if sentence is None:
        return fine("nat", "its kind is not known yet", level="unknown")
    if not nat.complete and nat.kind != NatKind.BLOCKED:
        sentence += " (as far as one address of a reflector tells)"
    if nat.lifetime_s is not None and nat.lifetime_s < SHORT_LIFETIME:
        sentence += f"; it forgets a mapping after about {nat.lifetime_s:.0f} s, so keepalives come faster"
    if nat.kind in _FAULTS:
        return found(_FAULTS[nat.kind], sentence)
    return fine("nat", sentence, advice=_HINTS.get(nat.kind, ""))

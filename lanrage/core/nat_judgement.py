"""What the doctor says of the NAT, and what helps (:mod:`lanrage.core.judgement`)."""

from __future__ import annotations

from lanrage.core.diagnosis import Check, Level, NatFacts
from lanrage.core.nat import NatKind

_SAID: dict[str, tuple[Level, str, str]] = {
    NatKind.OPEN: ("ok", "none between this machine and the internet: everybody reaches it directly", ""),
    NatKind.FULL_CONE: ("ok", "full cone: everybody reaches this machine directly", ""),
    NatKind.ADDRESS_RESTRICTED: ("ok", "address-restricted: direct paths to every kind but blocked", ""),
    NatKind.PORT_RESTRICTED: (
        "ok",
        "port-restricted: direct paths to every kind but symmetric and blocked",
        "with members behind a symmetric NAT: forward WireGuard's UDP port on the router, or let it map ports (UPnP)",
    ),
    NatKind.SYMMETRIC: (
        "warning",
        "symmetric: direct paths only to members who are open, full cone or address-restricted; others go by a relay",
        "forward WireGuard's UDP port on the router, or let it map ports (UPnP, NAT-PMP, PCP); a mobile or provider's "
        "NAT leaves the relay, or birthday probing",
    ),
    NatKind.BLOCKED: (
        "warning",
        "no UDP comes through, while the control server is reached",
        "let UDP out, to the control server's port 3478 and to members; until then only a relay over TCP works",
    ),
}
_UNKNOWN: tuple[Level, str, str] = ("unknown", "its kind is not known yet", "")
SHORT_LIFETIME = 30.0
"""Seconds; a mapping that lives shorter is below what nearly all home routers do."""


def judge_nat(nat: NatFacts) -> Check:
    """The doctor's line."""
    level, sentence, advice = _SAID.get(nat.kind, _UNKNOWN)
    if not nat.complete and nat.kind not in (NatKind.UNKNOWN, NatKind.BLOCKED):
        sentence += " (as far as one address of a reflector tells)"
    if nat.lifetime_s is not None and nat.lifetime_s < SHORT_LIFETIME:
        sentence += f"; it forgets a mapping after about {nat.lifetime_s:.0f} s, so keepalives come faster"
    return Check("nat", level, sentence, advice)

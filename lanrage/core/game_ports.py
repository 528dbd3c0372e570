"""Which ports of known games the party firewall counts as in play although the game was not seen running. Pure.

A game that is looked for on a LAN must be found while nobody plays it here yet, and a program that this node cannot see
(another user's, a console behind it) must be reached: so where nobody notices games the ports of those count whose way
to be found is known, where the profile is of high confidence. Where games are noticed, the ports of each count while it
is seen running (:data:`lanrage.core.play_ports.Source.DETECTED`). What is kept for a machine's services never counts.
"""

from __future__ import annotations

from lanrage.core.game_profile import GameProfile
from lanrage.core.kept_ports import KEPT
from lanrage.core.play_ports import Span, merged

SURE = "high"
"""The confidence that opens ports."""


def fixed_ports(profile: GameProfile) -> tuple[Span, ...]:
    """Where the game is found and where it plays; nothing where the profile is not sure of how it is found.

    A span that meets what is kept is left out as a whole.
    """
    if profile.confidence != SURE or not profile.discovery:
        return ()
    found = [span for way in profile.discovery for span in way.ports]
    return merged(span for span in (*found, *(use.span for use in profile.ports)) if not _meets_kept(span))


def _meets_kept(span: Span) -> bool:
    return any(each.proto == span.proto and each.first <= span.last and span.first <= each.last for each in KEPT)

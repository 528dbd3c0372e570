"""What of a session is shown in Discord, and when friends may join by it (``docs/notifications.rst``). Pure."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from lanrage.core.discord_activity import Activity, fitting, shown_party
from lanrage.core.game_presence import Playing
from lanrage.core.party_events import PartySeen

INVITED = 4
"""Uses of an invitation that friends get by Discord, at most, and never more than there is room for: whoever is invited
in a channel is invited before all who read there."""
INVITED_HOURS = 0.5
"""Hours that it lives."""
RENEWAL = 1200.0
"""Seconds after which there is a new one, while it is shown: what a friend gets counts for ten minutes at least."""
REST = 300.0
"""Seconds without another try, where none could be made."""


def activity(
    playing: Sequence[Playing], party: PartySeen | None, members_limit: int, began: float, join: str = ""
) -> Activity | None:
    """What is shown while these games run here; ``None``: nothing.

    The name of the party, and of its members, is none of what strangers see in a profile.

    :param members_limit: of the party.
    :param began: seconds since the epoch at which the first of the games began.
    :param join: see :class:`Activity`.
    """
    if not playing:
        return None
    game = next((each for each in playing if each.hosting), playing[0])
    details = fitting(game.name) or game.game
    if party is None:
        return Activity(details, started=int(began))
    online = sum(each.online for each in party.members.values())
    state = "Hosting for a LAN party" if game.hosting else "In a LAN party"
    room = max(members_limit, online)
    secret = join if online < room else ""
    return Activity(details, state, shown_party(party.party_id), online, room, int(began), secret)


@attrs.define
class InvitationPlan:
    """Which invitation is given to friends by Discord.

    One that was made for this party is given again while it is young: a game that is started anew, or a server that
    was away for a moment, needs no other.
    """

    _wanted: bool = attrs.field(init=False, default=False)
    _party: str = attrs.field(init=False, default="")
    _secret: str = attrs.field(init=False, default="", repr=False)
    _due: float = attrs.field(init=False, default=0.0)
    _asked: bool = attrs.field(init=False, default=False)

    @property
    def secret(self) -> str:
        """Of the invitation that is given now; empty without one."""
        return self._secret if self._wanted else ""

    def look(self, party: PartySeen | None, members_limit: int, wanted: bool, now: float) -> int:
        """How many uses a new invitation is to have; 0: none is needed now.

        :param wanted: the user wants it, plays, and may invite.
        """
        self._wanted = wanted and party is not None
        if party is not None and party.party_id != self._party:
            self._party, self._secret, self._due = party.party_id, "", 0.0
        if party is None or not wanted or self._asked or now < self._due:
            return 0
        if now >= self._due + INVITED_HOURS * 3600 - RENEWAL:
            self._secret = ""  # nobody could join by it any more
        uses = min(INVITED, members_limit - len(party.members))
        self._asked = uses > 0
        return max(0, uses)

    def made(self, party_id: str, secret: str, now: float) -> None:
        """It was made, as this secret; an empty one: that could not be."""
        self._asked = False
        if party_id == self._party:
            self._secret = secret
            self._due = now + (RENEWAL if secret else REST)

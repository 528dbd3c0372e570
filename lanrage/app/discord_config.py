"""What a node is told of Discord's presence; checked here, at the door."""

from __future__ import annotations

import attrs

from lanrage.app.settings_options import read


@attrs.frozen
class DiscordSettings:
    """What is shown in Discord.

    :param client_id: of the application as which it is shown; empty: nothing is.
    :param join: friends may join by it.
    """

    client_id: str = ""
    join: bool = False

    @classmethod
    def parse(cls, options: dict[str, str]) -> DiscordSettings:
        """Read the options.

        :raises BadInput: names the option and the rule.
        """
        return cls(read(options, "discord.client_id"), read(options, "discord.join"))

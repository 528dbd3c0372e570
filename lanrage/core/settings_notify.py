"""The settings of who is told what outside of LANrage: notifications, and Discord's presence."""

from __future__ import annotations

import re

from lanrage.core.notice_targets import parse_targets, parse_token
from lanrage.core.setting import PLAYER, SERVING, Setting
from lanrage.core.settings_rules import OnOff, Text
from lanrage.errors import BadInput

_CLIENT_ID = re.compile(r"[0-9]{15,22}")
"""A snowflake (https://discord.com/developers/docs/reference#snowflakes): Discord's numbers have 17 digits and more."""


def parse_client_id(text: str, field: str) -> str:
    """The id of an application at Discord, or nothing.

    :raises BadInput: names `field`.
    """
    if text and not _CLIENT_ID.fullmatch(text):
        raise BadInput(field, f"{text[:30]!r} is no application's id: those are 15 to 22 digits")
    return text


NOTIFY_SETTINGS = (
    Setting(
        "notify.targets",
        "notify",
        Text("KIND=ADDRESS or KIND[EVENT,EVENT]=ADDRESS with blanks between, or empty", parse_targets),
        "",
        "Who is told of the party, games and alerts: discord, ntfy, matrix or json, = and an address or @FILE.",
        SERVING,
        live=True,
        secret=True,
    ),
    Setting(
        "notify.ntfy_token",
        "notify-ntfy-token",
        Text("a token, @FILE, or empty", parse_token),
        "",
        "Access token for topics of ntfy that need one: itself or @FILE.",
        SERVING,
        live=True,
        secret=True,
    ),
    Setting(
        "notify.matrix_token",
        "notify-matrix-token",
        Text("a token, @FILE, or empty", parse_token),
        "",
        "Access token of the user who writes into rooms of Matrix: itself or @FILE.",
        SERVING,
        live=True,
        secret=True,
    ),
)
"""Of every role that may alert."""

DISCORD_SETTINGS = (
    Setting(
        "discord.client_id",
        "discord-client-id",
        Text("the id of an application at Discord, or empty", parse_client_id),
        "",
        "Show in Discord what is played here, as this application of yours; empty = do not.",
        PLAYER,
        live=True,
    ),
    Setting(
        "discord.join",
        "discord-join",
        OnOff(),
        "off",
        "Let friends join by Discord, while you are the party's host: on or off.",
        PLAYER,
        live=True,
    ),
)
"""Of a player's machine."""

"""The LAN announcements and live queries of games (``docs/game-formats.rst``): pure, every reader bounded."""

from __future__ import annotations

from collections.abc import Mapping

from lanrage.wire.games import (
    a2s,
    aoe2de,
    armagetron,
    bzflag,
    chocolate_doom,
    dawn_of_war,
    ddnet,
    dxx,
    freeciv,
    hedgewars,
    luanti,
    melonds,
    mindustry,
    minecraft,
    netquake,
    openclonk,
    openra,
    openrct2,
    openttd,
    quake3,
    raknet,
    redeclipse,
    retroarch,
    supertuxkart,
    teeworlds,
    unreal,
    warcraft3,
    widelands,
    zandronum,
)
from lanrage.wire.games.formats import Format, Group, Query, Reply

__all__ = ["FORMATS", "QUERIES", "Format", "Group", "Query", "Reply"]

_WITH_FORMAT = (
    *(a2s, aoe2de, armagetron, bzflag, chocolate_doom, ddnet, dxx, freeciv, hedgewars, melonds, mindustry, minecraft),
    *(openra, openrct2, openttd, quake3, raknet, redeclipse, retroarch, supertuxkart, teeworlds, unreal, warcraft3),
    *(dawn_of_war, netquake, openclonk, widelands, zandronum),
)
FORMATS: Mapping[str, Format] = {module.LAN.name: module.LAN for module in _WITH_FORMAT}
"""Every announcement by name."""

_QUERIES = (
    *(a2s.QUERY, armagetron.QUERY, bzflag.QUERY, bzflag.PING_QUERY, chocolate_doom.QUERY, ddnet.QUERY, freeciv.QUERY),
    *(hedgewars.QUERY, luanti.QUERY, mindustry.QUERY, minecraft.STATUS, netquake.QUERY, openra.QUERY, openrct2.QUERY),
    *(openttd.FIND, a2s.DAYZ, a2s.SEVEN_DAYS),
    *(openttd.QUERY, quake3.QUERY, quake3.WARSOW, raknet.QUERY, redeclipse.QUERY, retroarch.QUERY, supertuxkart.QUERY),
    *(teeworlds.QUERY, zandronum.QUERY),
)
QUERIES: Mapping[str, Query] = {query.name: query for query in _QUERIES}
"""Every live query by the name that the profiles use."""

"""Servers as the local API shows them."""

from __future__ import annotations

from lanrage.app.game_mods_results import ServerModsShown
from lanrage.app.server_browser import ServerBrowser
from lanrage.app.servers_results import JoinShown, ServerDetails, ServerShown
from lanrage.core.game_launch import client_programs, join_arguments
from lanrage.core.game_profile import GameProfile
from lanrage.core.server_filter import Listed


def shown(listed: Listed, browser: ServerBrowser, now: float) -> ServerShown:
    """One server."""
    server, facts = listed.server, listed.server.facts
    measured = browser.latencies.of(server.key)
    value = listed.latency
    return ServerShown(
        address=server.origin.address,
        port=server.port,
        proto=server.proto,
        name=listed.name,
        game=server.game,
        game_name=listed.game,
        member=listed.member,
        own=server.origin.own,
        map=facts.map,
        mode=facts.mode,
        version=facts.version,
        players=facts.players,
        players_limit=facts.players_limit,
        password=facts.password,
        found=sorted(server.found),
        joinable=str(server.verdict.joinable),
        reason=server.verdict.reason,
        judged_s=_ago(server.verdict.at, now),
        latency_ms=None if value is None else round(value * 1000, 2),
        latency_by=str(measured.method) if measured is not None and measured.method and value is not None else None,
        trend=str(measured.trend) if measured is not None and value is not None else None,
        favourite=listed.mark.favourite,
        tags=list(listed.mark.tags),
    )


def details(listed: Listed, browser: ServerBrowser, now: float) -> ServerDetails:
    """One server, with how it is known."""
    server = listed.server
    measured = browser.latencies.of(server.key)
    return ServerDetails(
        server=shown(listed, browser, now),
        format=server.facts.format,
        query=server.ask.query,
        query_port=server.ask.port,
        listed_s=round(now - server.first, 1),
        announced_s=_ago(server.announced, now),
        period_s=None if server.period is None else round(server.period, 2),
        answered_s=_ago(server.answered, now),
        missed=server.missed,
        measured_s=_ago(measured.at, now) if measured is not None else None,
        measured_again_s=measured.interval if measured is not None else None,
    )


def joining(listed: Listed, profile: GameProfile | None, mods: ServerModsShown | None) -> JoinShown:
    """How to join a server; the game's own words where its profile has them."""
    server = listed.server
    join = profile.join if profile is not None else None
    return JoinShown(
        address=server.origin.address,
        port=server.port,
        game=server.game,
        game_name=listed.game,
        method=str(join.method) if join is not None else "",
        programs=list(client_programs(profile)) if profile is not None else [],
        arguments=list(join_arguments(profile, server.origin.address, server.port)),
        joinable=str(server.verdict.joinable),
        reason=server.verdict.reason,
        mods=mods,
    )


def _ago(at: float | None, now: float) -> float | None:
    return None if at is None else round(now - at, 1)

"""The picture of ``lanrage top``: as many lines as fit, each of one row of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from rich.console import Group
from rich.table import Table
from rich.text import Text

from lanrage.app.cli_logs import STYLES, local_time
from lanrage.app.cli_metrics import shown_value
from lanrage.app.cli_output import clean
from lanrage.app.cli_servers_list import called, latency, players
from lanrage.app.top_state import TopState, Traffic

Row = tuple[str, ...]
GRADES = {"A": "green", "B": "green", "C": "yellow", "D": "yellow", "F": "bold red"}
"""Styles of a path's grade."""
SHARE = 3
"""Of the lines of a picture a section takes one part in so many, where it has more to say."""
LOG_LINES = 3
"""Lines that the log has at least."""


@attrs.frozen
class Section:
    """Rows below their names.

    :param empty: what is said where there is no row.
    :param whole: columns that are never cut.
    """

    title: str
    columns: Row
    rows: Sequence[Row]
    empty: str
    styles: Sequence[str] = ()
    whole: tuple[str, ...] = ()


def sections(state: TopState) -> list[Section]:
    """All of them, whole."""
    return [_members(state), _servers(state), _games(state), _alerts(state), _log(state)]


def headline(state: TopState) -> str:
    """How the process is, in one line."""
    status, party = state.known.get("status"), state.known.get("party.show")
    if not status:
        return f"LANrage: {state.why.get('status', 'asking')}"
    words = [f"LANrage {status['version']}", status["state"]]
    if party:
        online = sum(1 for each in party["members"] if each["online"])
        words.append(f"{party['name']}: {online} of {len(party['members'])} online")
    control = status["control"]
    if control:
        words.append("control connected" if control["connected"] else f"control {control['address']} is away")
    words += [f"lacks: {each}" for each in status["missing"]]
    return " · ".join(words)


def picture(state: TopState, height: int) -> Group:
    """All that fits into so many lines; the log takes what is left."""
    *upper, log = sections(state)
    left = height - 2
    parts: list[Any] = [Text(clean(headline(state)), style="bold", no_wrap=True, overflow="ellipsis")]
    for section in upper:
        size = min(max(1, len(section.rows)), max(1, height // SHARE - 2))
        while size > 1 and left - size - 2 < LOG_LINES:
            size -= 1
        if left - size - 2 < LOG_LINES:
            continue
        if section.rows or section.title != "alerts":
            parts += _drawn(section, size)
            left -= size + (2 if section.rows else 1)
    parts += _drawn(attrs.evolve(log, rows=log.rows[-max(1, left - 1) :], styles=log.styles[-max(1, left - 1) :]), left)
    parts.append(Text("q ends", style="dim"))
    return Group(*parts)


def _drawn(section: Section, size: int) -> list[Any]:
    heading = Text(section.title, style="bold", no_wrap=True)
    if not section.rows:
        return [heading + Text(f"  {section.empty}", style="dim")]
    rows, styles = list(section.rows[:size]), list(section.styles[:size])
    if len(section.rows) > size:
        rest = len(section.rows) - size + 1
        rows[-1] = (f"... {rest} more", *("",) * (len(section.columns) - 1))
        styles = styles[: size - 1]
    table = Table(box=None, pad_edge=False, show_edge=False, show_header=bool(any(section.columns)), header_style="dim")
    for column in section.columns:
        table.add_column(column, no_wrap=True, overflow="ellipsis", min_width=len(column) or None)
    for number, row in enumerate(rows):
        table.add_row(*(Text(clean(cell)) for cell in row), style=styles[number] if number < len(styles) else "")
    return [heading, table]


def _members(state: TopState) -> Section:
    rows, styles = [], []
    for each in state.members:
        traffic = state.traffic.get(each["identity"], Traffic(0.0, 0, 0))
        rows.append((_who(each), _path(each), _ping(each), _quality(each), _flow(each, traffic), _playing(each)))
        styles.append("dim" if not each["online"] else GRADES.get(each.get("grade") or "", ""))
    empty = state.why.get("party.show", "")
    return Section("members", ("name", "path", "ping", "quality", "in / out", "plays"), rows, empty, styles)


def _who(member: dict[str, Any]) -> str:
    return f"{member['name']} (you)" if member["me"] else str(member["name"])


def _path(member: dict[str, Any]) -> str:
    if member["me"]:
        return ""
    return str(member["path"]) if member["online"] else "offline"


def _ping(member: dict[str, Any]) -> str:
    return "" if member["rtt_ms"] is None else f"{member['rtt_ms']:.1f} ms"


def _quality(member: dict[str, Any]) -> str:
    if member.get("grade") is None:
        return ""
    lost = f" {member['loss_pct']:.0f}% lost" if member["loss_pct"] >= 1 else ""
    return f"{member['grade']}{lost}"


def _flow(member: dict[str, Any], traffic: Traffic) -> str:
    if member["me"]:
        return ""
    totals = f"{shown_value(traffic.rx, 'bytes')} / {shown_value(traffic.tx, 'bytes')}"
    if traffic.rx_rate + traffic.tx_rate < 1:
        return totals
    return f"{shown_value(traffic.rx_rate, 'bytes')}/s / {shown_value(traffic.tx_rate, 'bytes')}/s"


def _playing(member: dict[str, Any]) -> str:
    return ", ".join(game["name"] for game in member["games"]) or str(member["status"])


def _servers(state: TopState) -> Section:
    rows = [
        (called(each), each["game_name"] or "?", each["member"], players(each), latency(each), each["joinable"])
        for each in state.listed("servers.list", "servers")
    ]
    empty = state.why.get("servers.list", "none in the party")
    return Section("servers", ("name", "game", "member", "players", "ping", "join"), rows, empty)


def _games(state: TopState) -> Section:
    games = state.listed("games.detect", "games")
    rows = [(each["name"], each["method"], f"{each['confidence']:.2f}", " ".join(each["listens"])) for each in games]
    empty = state.why.get("games.detect", "none runs here")
    return Section("games here", ("name", "noticed by", "sure", "listens"), rows, empty)


def _alerts(state: TopState) -> Section:
    rows = [(each["alert"], each["text"]) for each in state.listed("alerts", "firing")]
    return Section("alerts", ("", ""), rows, "none", ["bold red"] * len(rows))


def _log(state: TopState) -> Section:
    records = state.listed("logs.show", "records")
    rows = [(local_time(each["time"])[-8:], each["subsystem"], each["message"]) for each in records]
    styles = [STYLES.get(each["level"], "") for each in records]
    return Section("log", ("", "", ""), rows, state.why.get("logs.show", "nothing yet"), styles)

"""The picture of ``lanrage top``: as many lines as fit, each of one row of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from rich.cells import cell_len
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
GAP = 2
"""Columns of the terminal between two cells, and after the last one."""
NARROW = 8
"""Columns of the terminal that the cell which gives way keeps: less of a name or a sentence says nothing."""


@attrs.frozen
class Section:
    """Rows below their names.

    :param empty: what is said where there is no row.
    :param yields: columns that are cut where the terminal is narrow, in this order; others are whole or not there.
    :param drops: columns in the order in which they are left out where that is not enough.
    """

    title: str
    columns: Row
    rows: Sequence[Row]
    empty: str
    styles: Sequence[str] = ()
    yields: tuple[int, ...] = (0,)
    drops: tuple[int, ...] = ()


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


def picture(state: TopState, width: int, height: int) -> Group:
    """All that fits into so many columns and lines; the log takes the lines that are left."""
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
            parts += _drawn(section, width, size)
            left -= size + (2 if section.rows else 1)
    last = attrs.evolve(log, rows=log.rows[-max(1, left - 1) :], styles=log.styles[-max(1, left - 1) :])
    parts += _drawn(last, width, left)
    parts.append(Text("q ends", style="dim"))
    return Group(*parts)


def fitted(section: Section, rows: Sequence[Row], width: int) -> dict[int, int]:
    """The columns that are shown, each with its width, so that all of them fit beside one another."""
    lines = [section.columns, *rows]
    wide = {column: max(cell_len(clean(line[column])) for line in lines) for column in range(len(section.columns))}
    least = {column: min(NARROW, wide[column]) if column in section.yields else wide[column] for column in wide}
    for column in section.drops:
        if sum(least[kept] + GAP for kept in wide) <= width:
            break
        del wide[column]
    over = sum(wide.values()) + GAP * len(wide) - width
    for column in section.yields:
        if column in wide and over > 0:
            cut = min(over, wide[column] - least[column])
            wide[column], over = wide[column] - cut, over - cut
    return wide


def _drawn(section: Section, width: int, size: int) -> list[Any]:
    heading = Text(section.title, style="bold", no_wrap=True)
    if not section.rows:
        return [heading + Text(f"  {section.empty}", style="dim")]
    rows, styles = list(section.rows[:size]), list(section.styles[:size])
    rest = len(section.rows) - size + 1 if len(section.rows) > size else 0
    if rest:
        rows, styles = rows[:-1], styles[: size - 1]
    shown = fitted(section, rows, width)
    named = any(section.columns)
    table = Table(box=None, show_edge=False, show_header=named, header_style="dim", padding=(0, GAP, 0, 0))
    for column, columns in shown.items():
        table.add_column(section.columns[column], no_wrap=True, overflow="ellipsis", width=columns)
    for number, row in enumerate(rows):
        table.add_row(
            *(Text(clean(row[column])) for column in shown), style=styles[number] if number < len(styles) else ""
        )
    return [heading, table, *([Text(f"... {rest} more", no_wrap=True)] if rest else [])]


def _members(state: TopState) -> Section:
    rows, styles = [], []
    for each in state.members:
        traffic = state.traffic.get(each["identity"], Traffic(0.0, 0, 0))
        rows.append((_who(each), _path(each), _ping(each), _quality(each), _flow(each, traffic), _playing(each)))
        styles.append("dim" if not each["online"] else GRADES.get(each.get("grade") or "", ""))
    empty = state.why.get("party.show", "")
    columns = ("name", "path", "ping", "quality", "in / out", "plays")
    return Section("members", columns, rows, empty, styles, yields=(5, 0), drops=(4, 5, 3))


def _who(member: dict[str, Any]) -> str:
    return f"{member['name']} (you)" if member["me"] else str(member["name"])


def _path(member: dict[str, Any]) -> str:
    if member["me"]:
        return ""
    return str(member["path"]) if member["online"] else "offline"


def _ping(member: dict[str, Any]) -> str:
    return "" if member["rtt_ms"] is None or not member["online"] else f"{member['rtt_ms']:.1f} ms"


def _quality(member: dict[str, Any]) -> str:
    if member.get("grade") is None or not member["online"]:
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
    columns = ("name", "game", "member", "players", "ping", "join")
    return Section("servers", columns, rows, empty, yields=(1, 2, 0), drops=(1, 3, 2, 4))


def _games(state: TopState) -> Section:
    games = state.listed("games.detect", "games")
    rows = [(each["name"], each["method"], f"{each['confidence']:.2f}", " ".join(each["listens"])) for each in games]
    empty = state.why.get("games.detect", "none runs here")
    return Section("games here", ("name", "noticed by", "sure", "listens"), rows, empty, yields=(3, 0), drops=(2, 1, 3))


def _alerts(state: TopState) -> Section:
    rows = [(each["alert"], each["text"]) for each in state.listed("alerts", "firing")]
    return Section("alerts", ("", ""), rows, "none", ["bold red"] * len(rows), yields=(1,), drops=(0,))


def _log(state: TopState) -> Section:
    records = state.listed("logs.show", "records")
    rows = [(local_time(each["time"])[-8:], each["subsystem"], each["message"]) for each in records]
    styles = [STYLES.get(each["level"], "") for each in records]
    empty = state.why.get("logs.show", "nothing yet")
    return Section("log", ("", "", ""), rows, empty, styles, yields=(2,), drops=(1,))

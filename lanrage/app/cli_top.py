"""``lanrage top`` (``docs/cli.rst``)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from lanrage.app.cli_frame import SETTINGS, guarded, json_option
from lanrage.app.cli_output import Screen, print_json
from lanrage.app.top_state import WATCHED, TopState
from lanrage.errors import Refused

if TYPE_CHECKING:
    from twisted.python.failure import Failure

REDRAW = 0.25
"""Seconds between two pictures at least."""
AGAIN = 2.0
"""Seconds after which one asks again for what was refused: a party may be entered meanwhile."""


async def once(node: Any, clock: Any) -> TopState:
    """Ask for all that is shown, once."""
    state = TopState()
    for op, args in WATCHED.items():
        try:
            state.take(op, await node.call(op, args), clock.seconds())
        except Refused as refused:
            state.refuse(op, str(refused))
    return state


async def keep_watching(node: Any, clock: Any, op: str, state: TopState) -> None:
    """Watch one operation until the connection ends, also where it is refused for a while."""
    from twisted.internet.task import deferLater

    while True:
        try:
            async for result in node.watch(op, WATCHED[op]):
                state.take(op, result, clock.seconds())
        except Refused as refused:
            state.refuse(op, str(refused))
        await deferLater(clock, AGAIN)


async def live(node: Any, clock: Any, draw: Callable[[TopState], None], ended: Callable[[], bool]) -> None:
    """Draw what is so now until `ended` says so; ends as well when the connection does.

    :raises LanrageError: why it could not go on.
    """
    from twisted.internet.defer import Deferred
    from twisted.internet.task import deferLater

    state = TopState()
    failed: list[Failure] = []
    watching = [Deferred.fromCoroutine(keep_watching(node, clock, op, state)) for op in WATCHED]
    for each in watching:
        each.addErrback(failed.append)
    try:
        while not ended():
            if failed:
                failed[0].raiseException()
            draw(state)
            await deferLater(clock, REDRAW)
    finally:
        for each in watching:
            each.cancel()


def plain(screen: Screen, state: TopState) -> None:
    """All of it as lines, whole."""
    from lanrage.app.top_view import headline, sections

    screen.line(headline(state), "bold")
    for section in sections(state):
        screen.line()
        screen.line(section.title if section.rows else f"{section.title}: {section.empty}", "bold")
        if any(section.columns) and section.rows:
            screen.table(section.columns, section.rows)
        else:
            for row in section.rows:
                screen.line("  ".join(row))


def _full_screen(node: Any, reactor: Any) -> Any:
    """Show it on the whole terminal until q is pressed."""
    from lanrage.app.top_view import picture
    from lanrage.net.keyboard import keys

    pressed: set[str] = set()

    async def shown() -> None:
        with keys(reactor, sys.stdin.fileno(), pressed.add), Screen().live(whole=True) as picture_now:
            drawn: list[object] = [None]

            def draw(state: TopState) -> None:
                size = picture_now.console.size
                if drawn[0] != (state.changes, size):
                    drawn[0] = state.changes, size
                    picture_now.update(picture(state, size.width, size.height), refresh=True)

            await live(node, reactor, draw, lambda: bool(pressed & {"q", "Q"}))

    return shown()


def add(main: click.Group) -> None:
    """Add the command."""

    @main.command(
        "top",
        help="Show members, servers, games, alerts and the log as they change; q or Ctrl-C ends.",
        epilog="Example: lanrage top",
        context_settings=SETTINGS,
    )
    @click.option("--once", "single", is_flag=True, help="Print it once, as lines; so it is in a pipe, too.")
    @json_option
    @guarded
    def top(as_json: bool, single: bool) -> None:
        session = click.get_current_context().obj
        if as_json or single or not sys.stdout.isatty():
            state = session.tools.converse(session.path, once)
            if as_json:
                print_json(state.known)
            else:
                plain(Screen(), state)
            return
        try:
            session.tools.converse(session.path, _full_screen)
        except KeyboardInterrupt:
            return

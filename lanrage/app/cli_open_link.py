"""``lanrage open-link``: what a desktop starts for a ``lanrage://`` link (``docs/desktop.rst``).

Any web page may offer such a link, so nothing is joined by it: the user says so, on the page or on the terminal.
"""

from __future__ import annotations

import getpass
import os
import shlex
import sys
from typing import Any
from urllib.parse import quote

import click

from lanrage.app import cli_output as output
from lanrage.app.cli_frame import guarded, json_option
from lanrage.app.cli_web import opened, opener
from lanrage.core.opened_link import read_link
from lanrage.errors import LanrageError, Refused


def add(main: click.Group, settings: dict[str, Any]) -> None:
    """Add the command."""

    @main.command(
        "open-link",
        context_settings=settings,
        epilog="Example: lanrage open-link 'lanrage://play.example.org:7766/join#LR1-...'",
    )
    @click.argument("link")
    @json_option
    def open_link(link: str, as_json: bool) -> None:
        """Show an invitation that somebody sent as a link, and join it if you say so."""
        guarded(_open)(link=link, as_json=as_json)


def _open(*, link: str, as_json: bool) -> None:
    session = click.get_current_context().obj
    code = read_link(link)
    command = f"lanrage party join {shlex.quote(code.link())}"
    facts: dict[str, Any] = {"party_id": code.party_id, "server": code.addresses[0], "command": command}
    if as_json:
        output.print_json(facts | {"opened": False})
        return
    if sys.stdin.isatty():
        _ask(session, code.link(), code.addresses[0])
        return
    program = opener(os.environ, session.tools.user())
    if program and _shown_on_page(session, program, code.link()):
        return
    screen = output.Screen()
    screen.line(f"A party at {code.addresses[0]} invites you. To join it:")
    screen.line(command)


def _ask(session: Any, link: str, server: str) -> None:
    """On a terminal: join after the user's word.

    :raises Refused: ``not_confirmed``.
    """
    try:
        given = click.confirm(f"Join the party at {output.clean(server)}?", default=False, err=True)
    except click.Abort:
        given = False
    if not given:
        raise Refused("not_confirmed", "nothing was joined")
    args = {"code": link, "member_name": os.environ.get("SUDO_USER") or getpass.getuser()}
    told = session.call(
        session.path, "party.join", args, lambda text: click.echo(f"... {output.clean(text)}", err=True)
    )
    output.joined(output.Screen(), told)


def _shown_on_page(session: Any, program: str, link: str) -> bool:
    """Let the node's page ask; false where there is none."""
    try:
        page = session.call(session.path, "web.open", {}, None)
    except LanrageError as error:
        click.echo(f"lanrage: the page is not opened: {error}", err=True)
        return False
    # A second # and the brackets of IPv6 may not stand in a fragment as they are (RFC 3986, section 3.5).
    return opened(program, f"{page['url']}&join={quote(link, safe='')}")

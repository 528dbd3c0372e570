"""``lanrage web`` (``docs/cli.rst``)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import click

from lanrage.app import cli_output as output
from lanrage.app.cli_frame import guarded, json_option

OPENED_S = 3.0
"""Seconds after which a program that still runs has opened the link: some stay for as long as the browser does."""
OPENER = "xdg-open"
"""Knows the user's browser (https://www.freedesktop.org/wiki/Software/xdg-utils/)."""


def opener(environment: Mapping[str, str], user: int) -> str:
    """The program that opens a link in this session's browser; empty where there is none.

    Root's browser is nobody's: the link is for the user who reads the terminal.
    """
    graphical = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    return (shutil.which(OPENER, path=environment.get("PATH")) or "") if graphical and user != 0 else ""


def add(main: click.Group, settings: dict[str, Any]) -> None:
    """Add the command."""

    @main.command(
        "web", context_settings=settings, epilog="The link counts once, for a minute. Example: lanrage web --print"
    )
    @click.option("--print", "only_print", is_flag=True, help="Print the link, and open nothing.")
    @json_option
    def web(only_print: bool, as_json: bool) -> None:
        """Open this node's page in your browser; without one print the link to it."""
        guarded(_web)(only_print=only_print, as_json=as_json)


def _web(*, only_print: bool, as_json: bool) -> None:
    session = click.get_current_context().obj
    result = session.call(session.path, "web.open", {}, None)
    if as_json:
        output.print_json(result)
        return
    program = "" if only_print else opener(os.environ, session.tools.user())
    if program and opened(program, result["url"]):
        output.Screen().line(f"The page is open in your browser: {result['page']}")
        return
    output.Screen().line(result["url"])
    if not only_print and sys.stdout.isatty():
        click.echo(f"Open this link in a browser of this machine, within {result['expires_s']:.0f} seconds.", err=True)


def opened(program: str, url: str) -> bool:
    """Hand a link to the browser; false where that does not work."""
    quiet = subprocess.DEVNULL
    try:
        with_browser = subprocess.Popen(  # pylint: disable=consider-using-with  # it may outlive this command
            [program, url], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
        )
    except OSError:
        return False
    try:
        return with_browser.wait(OPENED_S) == 0
    except subprocess.TimeoutExpired:
        return True

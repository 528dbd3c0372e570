"""``lanrage trace`` (``docs/tracing.rst``)."""

from __future__ import annotations

import sys

import click

from lanrage.app.cli_frame import SETTINGS, guarded, json_option
from lanrage.app.cli_output import Screen, print_json
from lanrage.core.trace import Trace, rows
from lanrage.errors import BadInput
from lanrage.store.log_files import STDIN, files_of, lines_of

CLOCKS = "Each time is of its machine's own clock; where those differ, the order across machines differs, too."


def shown(screen: Screen, trace: Trace) -> None:
    """The lines as a table, and what was read."""
    counted = trace.processes()
    if not counted:
        screen.line(f"No line of {trace.correlation_id} among {trace.read}.")
    else:
        screen.table(("time", "process", "level", "what"), list(rows(trace)))
        screen.line()
        screen.line(f"{sum(counted.values())} lines of {len(counted)} processes. {CLOCKS}")
    if trace.of_libraries:
        screen.line(f"{trace.of_libraries} lines of libraries are not shown.")
    if trace.left_out:
        screen.line(f"{trace.left_out} more lines are not shown.")
    if trace.bad:
        screen.line(f"{trace.bad} of {trace.read} lines are none of a JSON log (--log-format json).")


@click.command("trace", context_settings=SETTINGS)
@click.argument("correlation_id", metavar="ID")
@click.argument("places", metavar="[FILE]...", nargs=-1)
@click.option("--without-libraries", is_flag=True, help="Leave out what Twisted and other libraries wrote.")
@json_option
@guarded
def trace_command(correlation_id: str, places: tuple[str, ...], without_libraries: bool, as_json: bool) -> None:
    """Put an operation's lines of several JSON logs in order: FILEs, folders of logs, - for standard input.

    Exit status 1 where there is no such line.
    """
    trace = Trace(correlation_id, libraries=not without_libraries)
    if not places and sys.stdin.isatty():
        raise BadInput("FILE", "name log files or folders of them, or give lines on standard input")
    for file in files_of(places or (STDIN,)):
        for line in lines_of(file):
            trace.feed(line)
    if as_json:
        print_json(trace.to_plain())
    else:
        shown(Screen(), trace)
    if not trace.processes():
        raise SystemExit(1)

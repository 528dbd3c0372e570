"""``lanrage doctor`` (``docs/doctor.rst``)."""

from __future__ import annotations

import sys
from typing import Any

import click

from lanrage.app import cli_output as output
from lanrage.app.cli_frame import guarded, json_option


def diagnosed(screen: output.Screen, report: dict[str, Any]) -> None:
    """The report for people: first what is wrong most, then each check."""
    checks = report["checks"]
    bad = "bold" if not report["fault"] else "bold red" if not report["ok"] else "bold yellow"
    screen.line(f"{report['headline']}.", bad)
    first = next((check for check in checks if report["fault"] and check["fault"] == report["fault"]), None)
    if first is not None:
        screen.line(f"      -> {first['advice']}")
    screen.line()
    for check in checks:
        word, style = output.LEVELS[check["level"]]
        screen.line(f"{word}  {check['name']}: {check['sentence']}", style)
        if check["advice"]:
            screen.line(f"      -> {check['advice']}")


def add(main: click.Group, settings: dict[str, Any]) -> None:
    """Add the command."""
    epilog = "Exit status 1 where a check fails. Example: lanrage doctor > report.txt"
    made = main.command("doctor", context_settings=settings, epilog=epilog)
    made(_addresses(_member(json_option(guarded(_doctor)))))


_addresses = click.option(
    "--addresses",
    is_flag=True,
    help="Show IP addresses, host and login names and home folders; else they are replaced.",
)
_member = click.argument("member", required=False, default="")


def _doctor(member: str, addresses: bool, as_json: bool) -> None:
    """Check this machine, the node and the way to each member (or one MEMBER); the report is safe to paste."""
    from lanrage.app.doctor_report import examine  # here, so that --help need not load it

    session = click.get_current_context().obj
    stages = None if as_json else lambda text: click.echo(f"... {output.clean(text)}", err=True)
    args = {"member": member, "addresses": addresses}
    report = examine(lambda: session.call(session.path, "doctor", args, stages), hide_addresses=not addresses)
    if as_json:
        output.print_json(report)
    else:
        diagnosed(output.Screen(), report)
    sys.exit(0 if report["ok"] else 1)

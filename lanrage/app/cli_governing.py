"""Commands of ``lanrage party`` by which a party is governed (``docs/cli.rst``)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import click

from lanrage.app.cli_output import Screen, Show


class Operate(Protocol):
    """Makes a command of an operation (:func:`lanrage.app.cli.operation`)."""

    def __call__(
        self, group: click.Group, name: str, print_result: Show, called: str = ""
    ) -> Callable[[Callable[..., dict[str, Any]]], click.Command]:
        """Make it."""


def governed(screen: Screen, result: dict[str, Any]) -> None:
    """After whatever was signed."""
    screen.line(f"{result['what']}; record {result['epoch']} of the party's ledger.")


def said(screen: Screen, result: dict[str, Any]) -> None:
    """After ``party say``."""
    screen.line(f"The party sees: {result['status']}" if result["status"] else "The party sees nothing of it any more.")


def conflicts(screen: Screen, result: dict[str, Any]) -> None:
    """After ``party conflicts``."""
    rows = [(_time(row["at"]), row["who"], row["wish"], row["winner"]) for row in result["conflicts"]]
    if rows:
        screen.table(("when", "who lost", "wanted to", "what stands"), rows)
    else:
        screen.line("No conflicts.")


def history(screen: Screen, result: dict[str, Any]) -> None:
    """After ``party history``."""
    rows = [(str(row["epoch"]), _time(row["at"]), row["what"]) for row in result["records"]]
    if rows:
        screen.table(("record", "when", "what"), rows)
    else:
        screen.line("The ledger is empty: nobody but the founder was ever in the party.")


def _time(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def add(party: click.Group, operation: Operate) -> None:
    """Add the commands to ``lanrage party``.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    member = click.argument("member")
    for name in ("kick", "ban", "pardon", "claim"):
        operation(party, name, governed)(member(_arguments()))
    role = click.argument("role", type=click.Choice(["host", "moderator", "member"]))
    operation(party, "role", governed)(member(role(_arguments())))
    operation(party, "host", governed, "party.role")(member(_handed_over))
    operation(party, "rename", governed)(click.argument("name")(_arguments()))
    operation(party, "withdraw", governed)(click.argument("code")(_arguments()))
    operation(party, "say", said)(click.argument("text")(_arguments()))
    operation(party, "veto", governed)(_arguments())
    operation(party, "conflicts", conflicts)(_arguments())
    operation(party, "history", history)(_arguments())


def _handed_over(member: str) -> dict[str, Any]:
    return {"member": member, "role": "host"}


def _arguments() -> Callable[..., dict[str, Any]]:
    """A command whose arguments are those of the operation."""

    def given(**arguments: Any) -> dict[str, Any]:
        return arguments

    return given

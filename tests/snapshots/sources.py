"""What is held fast. A new source is one line in :data:`SOURCES`, and ``make snapshots``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import click

from lanrage.app.cli import main
from lanrage.app.cli_frame import LazyGroup
from lanrage.app.operations import OPERATIONS
from lanrage.app.service import Options
from lanrage.app.web_api import SESSION
from lanrage.app.web_documents import DOCUMENTS
from lanrage.core.metric_names import METRICS
from lanrage.core.settings_schema import SCHEMA
from lanrage.errors import REFUSALS, LanrageError
from lanrage.net.http_answers import PATHS
from lanrage.net.web_port import SOCKET_PATH
from tests.snapshots.shapes import struct_lines


def operations() -> Iterator[str]:
    """Each operation of the local API, which the command line's ``--json`` prints: arguments and result."""
    for name, row in OPERATIONS.items():
        yield name
        yield "  takes"
        yield from struct_lines(row.request, "    ")
        yield "  gives"
        yield from struct_lines(row.result, "    ")


def commands() -> Iterator[str]:
    """Each command with its arguments and options."""
    return _group("lanrage", main)


def _group(words: str, group: click.Group) -> Iterator[str]:
    yield from _options(words, group)
    for name, command in sorted(group.commands.items()):
        called = f"{words} {name}"
        if called == "lanrage lab":
            continue  # it promises nothing
        if isinstance(command, LazyGroup):
            yield from _group(called, command.real())
        elif isinstance(command, click.Group):
            yield from _group(called, command)
        else:
            yield from _options(called, command)


def _options(words: str, command: click.Command) -> Iterator[str]:
    yield words
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            value = "" if parameter.is_flag else " VALUE"
            yield f"  {' '.join((*parameter.opts, *parameter.secondary_opts))}{value}"
        else:
            yield f"  {parameter.human_readable_name}"


def service() -> Iterator[str]:
    """Each role of ``twistd lanrage`` and its options."""
    for role, _, maker, _ in Options.subCommands:
        yield role
        for word in sorted(maker().longOpt):
            yield f"  --{word.replace('=', ' VALUE')}"


def http() -> Iterator[str]:
    """The paths that are answered by HTTP, operations and the page's files beside them."""
    return iter(sorted({*PATHS, SESSION, SOCKET_PATH, *DOCUMENTS}))


def errors() -> Iterator[str]:
    """The words by which errors are told apart, over the wire and in ``--json``."""
    return iter(sorted({LanrageError.code, *REFUSALS, *(kind.code for kind in _below(LanrageError))}))


def _below(kind: type[LanrageError]) -> Iterator[type[LanrageError]]:
    for each in kind.__subclasses__():
        if each.__module__ == "lanrage.errors":
            yield each
            yield from _below(each)


SOURCES: dict[str, Callable[[], Iterable[str]]] = {
    "operations": operations,
    "commands": commands,
    "service": service,
    "http": http,
    "errors": errors,
    "settings": lambda: sorted(
        f"{each.name} --{each.option} {' '.join(each.roles)}: {each.rule.words}" for each in SCHEMA
    ),
    "metrics": lambda: sorted(f"{each.name} {each.kind} {each.unit} {' '.join(each.labels)}" for each in METRICS),
}
"""By the name of the file."""

"""All commands as reST, from the commands themselves; ``docs/commands.rst`` holds exactly this. Pure."""

from __future__ import annotations

import itertools
import re
import textwrap

import click

from lanrage.app.man_page import commands, help_of, names, usage

SINGLE = "Single commands"
EXAMPLE = "Example: "
"""What begins a command's example, at the end of its epilog."""
OPTION = re.compile(r"(?<![\w`-])--[a-z][\w-]*")
"""An option that a text names."""
Found = tuple[tuple[str, ...], click.Command]


def reference(main: click.Group) -> str:
    """Each command with its arguments, options and example, under a heading for each group of commands."""
    alone: list[Found] = []
    parts: list[str] = []
    for name, found in itertools.groupby(commands(main), key=lambda each: each[0][1]):
        below = list(found)
        if len(below) == 1 and len(below[0][0]) == 2:
            alone += below
        else:
            parts += _part(f"lanrage {name}", _plain(main.commands[name].help), below)
    return "\n".join([*_options(main, indent=""), *_part(SINGLE, "", alone), *parts])


def _part(heading: str, lead: str, found: list[Found]) -> list[str]:
    lines = [heading, "~" * len(heading), "", *([lead, ""] if lead else [])]
    for words, command in found:
        lines += [f"``{' '.join((*words, *usage(command)))}``", *_paragraphs(command.help), ""]
        lines += _options(command, indent="   ")
        if command.epilog:
            lines += [f"   {_epilog(command.epilog)}", ""]
    return lines


def _epilog(text: str) -> str:
    said, example, shown = " ".join(text.split()).partition(EXAMPLE)
    return f"{_plain(said)} {example}``{shown}``".strip() if shown else _plain(said)


def _options(command: click.Command, indent: str) -> list[str]:
    lines: list[str] = []
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            lines.append(f"{indent}- ``{names(option)}``: {_plain(_told(option))}".rstrip(": "))
    return [*lines, ""] if lines else []


def _told(option: click.Option) -> str:
    """Its help, and the variable of the environment where the help does not name it."""
    text = help_of(option)
    unnamed = isinstance(option.envvar, str) and option.envvar not in text
    return f"{text} [env {option.envvar}]" if unnamed else text


def _paragraphs(text: str | None) -> list[str]:
    parts = textwrap.dedent(text or "").strip().split("\n\n")
    return "\n\n".join(f"   {_plain(part)}" for part in parts).split("\n")


def _plain(text: str | None) -> str:
    """A text in one line, of which nothing is markup but its literals."""
    whole = OPTION.sub(r"``\g<0>``", " ".join((text or "").replace("\b", "").split()))
    pieces = whole.split("``")
    for index in range(0, len(pieces), 2):
        for sign in ("\\", "*", "`", "|", "_"):
            pieces[index] = pieces[index].replace(sign, f"\\{sign}")
    return "``".join(pieces)

"""The manual page of the command line, from its commands (``make messages`` writes it)."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import click

from lanrage import __version__
from lanrage.app.cli_frame import LazyGroup

EXIT = (
    ("0", "Done. For doctor: no check fails."),
    ("1", "Refused or failed, or nobody answers. For doctor: a check fails."),
    ("2", "Wrong usage: an unknown option or command, or a value out of its range."),
    ("130", "Interrupted by Ctrl-C."),
)
"""Exit status of all commands but ``run``, which has the game's."""
FILES = (
    ("/run/lanrage/node.sock", "The socket of the system's node."),
    ("$XDG_RUNTIME_DIR/lanrage/node.sock", "That of a user's own node."),
)
LEFT_OUT = ("lab",)
"""Commands that are for those who change the program."""


def man_page(main: click.Group) -> str:
    """``lanrage.1``, as troff's man macros have it."""
    lines = [f'.TH LANRAGE 1 "" "LANrage {__version__}" "User Commands"', ".SH NAME"]
    lines += [f"lanrage \\- {_text(_first(main))}", ".SH SYNOPSIS", ".B lanrage", "[OPTIONS] COMMAND [ARGS]..."]
    lines += [".SH DESCRIPTION", *_paragraph(main.help or ""), ".SH OPTIONS", *_options(main), ".SH COMMANDS"]
    for words, command in commands(main):
        lines += [f".SS {_text(' '.join((*words, *usage(command))))}", *_paragraph(command.help or "")]
        lines += _options(command)
        if command.epilog:
            lines += [".PP", _text(command.epilog)]
    lines += [".SH EXIT STATUS", *(line for word, text in EXIT for line in _item(word, text))]
    lines += [".SH ENVIRONMENT", *(line for word, text in _variables(main) for line in _item(word, text))]
    lines += [".SH FILES", *(line for word, text in FILES for line in _item(word, text))]
    return "\n".join([*lines, ".SH SEE ALSO", ".BR twistd (1),", ".BR wg (8)", ""])


def commands(
    group: click.Group, words: tuple[str, ...] = ("lanrage",)
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All commands below a group, with the words that call them, by name."""
    for name, command in sorted(group.commands.items()):
        if words == ("lanrage",) and name in LEFT_OUT:
            continue
        real = command.real() if isinstance(command, LazyGroup) else command
        if isinstance(real, click.Group):
            yield from commands(real, (*words, name))
        elif not real.hidden:
            yield (*words, name), real


def _first(command: click.Command) -> str:
    return (command.help or "").strip().partition("\n")[0].rstrip(".")


def usage(command: click.Command) -> list[str]:
    """What comes after a command's words; not click's own, which differs between its versions."""
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    return ["[OPTIONS]", *map(_argument, arguments)]


def _argument(argument: click.Argument) -> str:
    if argument.metavar:
        return argument.metavar
    name = "|".join(map(str, argument.type.choices)) if isinstance(argument.type, click.Choice) else None
    shown = name or (argument.name or "").upper()
    shown = shown if argument.required else f"[{shown}]"
    return f"{shown}..." if argument.nargs == -1 else shown


def _options(command: click.Command) -> list[str]:
    """Each option with its names, its value and its help."""
    shown = (each for each in command.params if isinstance(each, click.Option) and not each.hidden)
    return [line for option in shown for line in _item(names(option), help_of(option))]


def names(option: click.Option) -> str:
    """An option's names, with what its value is."""
    called = ", ".join(option.opts) + "".join(f"/{name}" for name in option.secondary_opts)
    if option.is_flag or option.count:
        return called
    value = "|".join(map(str, option.type.choices)) if isinstance(option.type, click.Choice) else None
    return f"{called} {option.metavar or value or option.type.name.upper()}"


def help_of(option: click.Option) -> str:
    """What an option does, with its default where that is shown."""
    default = f" [default: {option.default}]" if option.show_default else ""
    return f"{option.help or ''}{default}"


def _variables(main: click.Group) -> list[tuple[str, str]]:
    """Environment variables that options are read from."""
    found: dict[str, list[str]] = {}
    for words, command in [(("lanrage",), main), *commands(main)]:
        for parameter in command.params:
            if isinstance(parameter, click.Option) and isinstance(parameter.envvar, str):
                found.setdefault(parameter.envvar, []).append(f"{parameter.opts[-1]} of {' '.join(words)}")
    return [(name, f"The default of {', '.join(places)}.") for name, places in sorted(found.items())]


def _item(word: str, text: str) -> list[str]:
    return [".TP", f".B {_text(word)}", _text(" ".join(text.split())) or "\\&"]


def _paragraph(text: str) -> list[str]:
    lines: list[str] = []
    for part in textwrap.dedent(text).strip().split("\n\n"):
        lines += [".PP", _text(" ".join(part.replace("\b", "").split()))]
    return lines


def _text(text: str) -> str:
    """A text that troff sets as it is."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("``", "")
    escaped = "".join(char if ord(char) < 128 else f"\\[u{ord(char):04X}]" for char in escaped)
    return f"\\&{escaped}" if escaped[:1] in (".", "'") else escaped

"""``lanrage profile`` (``docs/cli.rst``, ``docs/profiling.rst``)."""

from __future__ import annotations

import gzip
import time
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

import click

from lanrage.app.cli_find import Wanted
from lanrage.app.cli_frame import SETTINGS, guarded, json_option
from lanrage.app.cli_governing import Operate
from lanrage.app.cli_output import Screen, print_json
from lanrage.app.operations_profile import HOTSPOTS, HOTSPOTS_LIMIT
from lanrage.core.stack_profile import HERTZ, HERTZ_RANGE, MINUTES, MINUTES_LIMIT
from lanrage.core.timings import SLOWEST
from lanrage.errors import BadInput

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of an unpacked profile: more than any that a node makes."""

OPENED_BY = {
    "speedscope": "https://www.speedscope.app or: speedscope {path}",
    "pstats": "snakeviz {path}   or: python -m pstats {path}",
}
"""What opens a file of a kind."""


class Asking(Protocol):
    """How a command asks a process (:class:`lanrage.app.cli.Session`)."""

    @property
    def wanted(self) -> Wanted:
        """What the user says of it."""

    @property
    def path(self) -> str:
        """Of its socket."""

    def call(self, path: str, op: str, args: dict[str, Any], progress: None) -> Any:
        """Ask."""


def state(screen: Screen, result: dict[str, Any]) -> None:
    """After whatever switches it."""
    if result["on"]:
        screen.line(f"The profiler is on ({result['mode']}); it goes off in {result['off_in_s'] / 60:.1f} minutes.")
        screen.line("next: lanrage profile hotspots")
    elif result["seconds"]:
        screen.line(f"The profiler is off; it has looked for {result['seconds']:.1f} s.")
    else:
        screen.line("The profiler is off and has seen nothing.")


def stats(screen: Screen, result: dict[str, Any]) -> None:
    """After ``profile stats``."""
    profile, timed = result["profile"], result["timed"]
    state(screen, profile)
    if profile["seconds"]:
        costs = profile["overhead_pct"]
        screen.facts(
            [
                ("busy", f"{profile['busy_pct']:.1f} % of the reactor's time"),
                ("costs", "not known" if costs is None else f"{costs:.2f} % of one processor"),
                ("seen", f"{profile['samples']} samples, {profile['functions']} functions"),
            ]
        )
    screen.line()
    if not timed:
        screen.line("No timed operation was called.")
        return
    figures = ("mean", "p50", "p95", "p99", "max")
    rows = [
        (
            each["operation"],
            f"{'about ' if each['sample'] > 1 else ''}{each['calls']}",
            str(each["failures"]),
            str(each["slow"]),
            *(_milliseconds(each[f"{figure}_ms"]) for figure in figures),
        )
        for each in timed
    ]
    screen.table(("operation", "calls", "failed", "slow", *figures), rows)


def hotspots(screen: Screen, result: dict[str, Any]) -> None:
    """After ``profile hotspots``."""
    if not result["hotspots"]:
        screen.line("Nothing was profiled: lanrage profile on begins.")
        return
    screen.line(f"{result['seconds']:.1f} s ({result['mode']}), busy {result['busy_pct']:.1f} %")
    rows = [
        (
            f"{each['self_pct']:.1f} %",
            _milliseconds(each["self_ms"]),
            _milliseconds(each["total_ms"]),
            "" if each["calls"] is None else str(each["calls"]),
            each["function"],
            f"{each['file']}:{each['line']}" if each["line"] else each["file"],
        )
        for each in result["hotspots"]
    ]
    screen.table(("of work", "self", "total", "calls", "function", "defined at"), rows)


def slow(screen: Screen, result: dict[str, Any]) -> None:
    """After ``profile slow``."""
    if not result["calls"]:
        screen.line("No timed operation was called.")
    else:
        rows = [
            (
                _milliseconds(each["ms"]),
                each["operation"],
                each["outcome"],
                _clock(each["at"]),
                " ".join(f"{word}={value}" for word, value in each["context"].items()),
            )
            for each in result["calls"]
        ]
        screen.table(("took", "operation", "outcome", "at", "of"), rows)
    if result["stalls"]:
        screen.line()
        screen.line("The process stood still:", "bold")
        screen.table(
            ("for", "at", "in", "called by"),
            [(_milliseconds(s["ms"]), _clock(s["at"]), s["function"], s["caller"]) for s in result["stalls"]],
        )


def system(screen: Screen, result: dict[str, Any]) -> None:
    """After ``profile system``."""
    collections = ", ".join(str(count) for count in result["gc_collections"])
    screen.facts(
        [
            (
                "memory",
                f"{result['rss_bytes'] / 2**20:.1f} MiB; the machine has {result['free_bytes'] / 2**20:.0f} free",
            ),
            ("processor", f"{result['cpu_pct']:.1f} % now, {result['cpu_s']:.1f} s in {result['up_s']:.0f} s"),
            ("threads", f"{result['threads']}: {', '.join(result['thread_names'])}"),
            ("files", str(result["files"])),
            ("garbage", f"{collections} collections by generation, {result['gc_uncollectable']} uncollectable"),
            ("reactor", f"answers in {_milliseconds(result['lag_ms'])}, {result['timers']} timers"),
            (
                "stalls",
                f"{result['stalls']}, {result['stalled_s']:.2f} s together,"
                f" the longest {_milliseconds(result['longest_stall_ms'])}; {result['held_up']} of the whole process",
            ),
        ]
    )


def write_profile(saved: dict[str, Any], path: str) -> int:
    """Write the file that a node gave, with the rights of who called the command; its length in bytes.

    :raises BadInput: field ``--output``: it cannot be written.
    """
    with gzip.GzipFile(fileobj=BytesIO(b64decode(saved["content"]))) as packed:
        content = packed.read(LARGEST_FILE)
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise BadInput("--output", f"{path} cannot be written: {error.strerror}") from error
    return len(content)


def _milliseconds(value: float) -> str:
    return f"{value / 1000:.2f} s" if value >= 10_000 else f"{value:.1f} ms" if value >= 10 else f"{value:.3f} ms"


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def _off(output: str, as_json: bool) -> None:
    if output:
        _save(output, as_json, end=True)
        return
    session: Asking = click.get_current_context().obj
    result = session.call(session.path, "profile.off", {}, None)
    if as_json:
        print_json(result)
    else:
        state(Screen(), result)


def _save(output: str, as_json: bool, end: bool = False) -> None:
    session: Asking = click.get_current_context().obj
    saved = session.call(session.path, "profile.save", {"end": end}, None)
    written = write_profile(saved, output)
    if as_json:
        print_json({**saved["profile"], "format": saved["format"], "path": output, "bytes": written})
        return
    screen = Screen()
    state(screen, saved["profile"])
    screen.line(f"{output}: {written} bytes; opened by {OPENED_BY[saved['format']].format(path=output)}")


def add(main: click.Group, operation: Operate) -> None:
    """Add the commands.

    :param operation: :func:`lanrage.app.cli.operation`.
    """
    group = click.Group(
        "profile",
        help="See where the process's time goes, while it runs.",
        epilog="Example: lanrage profile on, and after a while lanrage profile hotspots",
        context_settings=SETTINGS,
    )
    main.add_command(group)
    operation(group, "on", state)(_with_on_options(_on))
    operation(group, "reset", state)(dict)
    operation(group, "stats", stats)(dict)
    rows = click.IntRange(1, HOTSPOTS_LIMIT)
    limit = click.option("--limit", type=rows, default=HOTSPOTS, show_default=True, help="Rows.")
    threads = click.option(
        "--threads",
        type=click.Choice(["reactor", "others"]),
        default="reactor",
        show_default=True,
        help="Of the reactor's thread, or of all others.",
    )
    operation(group, "hotspots", hotspots)(limit(threads(_given())))
    most = click.option("--limit", type=rows, default=SLOWEST, show_default=True, help="Rows.")
    operation(group, "slow", slow)(most(_given()))
    operation(group, "system", system)(dict)
    output = click.option("--output", metavar="FILE", default="", help="Write what was seen to this file, too.")
    off = output(json_option(guarded(_off)))
    group.command("off", help="End profiling; what was seen stays.", context_settings=SETTINGS)(off)
    needed = click.option("--output", metavar="FILE", required=True, help="The file to write.")
    group.command(
        "save",
        help="Write what was seen to a file for speedscope, or, of deterministic profiling, for snakeviz.",
        epilog="Example: lanrage profile save --output party.speedscope.json",
        context_settings=SETTINGS,
    )(needed(json_option(guarded(_save))))


def _given() -> Callable[..., dict[str, Any]]:
    """A command whose options are the operation's arguments; each has its own, since options are kept in it."""

    def given(**options: Any) -> dict[str, Any]:
        return options

    return given


def _on(deterministic: bool, hertz: int, minutes: float) -> dict[str, Any]:
    return {"mode": "deterministic" if deterministic else "sampling", "hertz": hertz, "minutes": minutes}


def _with_on_options(command: Any) -> Any:
    """The options of ``profile on``."""
    command = click.option(
        "--deterministic", is_flag=True, help="Count every call; slows the process down by some tenths."
    )(command)
    command = click.option(
        "--hertz",
        type=click.IntRange(*HERTZ_RANGE),
        default=HERTZ,
        show_default=True,
        help="Samples a second.",
    )(command)
    return click.option(
        "--minutes",
        type=click.FloatRange(0, MINUTES_LIMIT, min_open=True),
        default=float(MINUTES),
        show_default=True,
        help="When it goes off by itself.",
    )(command)

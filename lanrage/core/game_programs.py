"""Which program a process really runs: behind Wine, Java, scripts and loaders; pure (``docs/games-detection.rst``)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

import attrs

from lanrage.core.game_profile import Platform

COMM_LENGTH = 15
"""Characters of a process' short name that the kernel keeps (proc(5), TASK_COMM_LEN)."""
DELETED = " (deleted)"
"""What the kernel writes behind the file of a program that was replaced while it runs (proc(5))."""

WINE = frozenset(
    {"wine", "wine64", "wine-preloader", "wine64-preloader", "wine-stable", "wineloader", "mono", "mono-sgen"}
)
"""Programs that run ``.exe`` files."""
WINE_OWN = frozenset(
    {
        *("explorer.exe", "services.exe", "winedevice.exe", "plugplay.exe", "svchost.exe", "rpcss.exe", "conhost.exe"),
        *("wineboot.exe", "winemenubuilder.exe", "start.exe", "cmd.exe", "rundll32.exe", "tabtip.exe", "steam.exe"),
        *("wineserver.exe", "msiexec.exe", "regsvr32.exe", "iexplore.exe", "winedbg.exe", "unitycrashhandler64.exe"),
        *("unitycrashhandler32.exe", "crashreportclient.exe", "steamwebhelper.exe", "winecfg.exe", "regedit.exe"),
        *("notepad.exe", "wordpad.exe", "winefile.exe", "winhlp32.exe", "winver.exe", "winemine.exe", "taskmgr.exe"),
        *("control.exe", "uninstaller.exe", "dxdiag.exe", "wineconsole.exe", "wscript.exe", "cscript.exe", "reg.exe"),
        *("net.exe", "netsh.exe", "sc.exe", "xcopy.exe", "xalia.exe", "spoolsv.exe", "mscorsvw.exe", "ngen.exe"),
    }
)
"""Wine's own programs, and those beside games; they are no game."""
JAVA = frozenset({"java", "javaw"})
SCRIPTS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "busybox", "perl", "lua", "ruby", "env"})
"""What runs scripts; ``pythonX.Y`` and ``luaX.Y`` as well (:func:`is_script_runner`)."""
_VERSIONED = re.compile(r"(?:python|lua|luajit)[0-9.-]*(?:dbg|beta[0-9]*)?")
RUNNERS = frozenset({"box64", "box86", "fexinterpreter", "fexloader"})
"""What runs programs for another processor."""
JAVA_VALUES = frozenset({"-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules", "--add-opens"})
"""Java's options whose value is the next word (java(1))."""
LOADER_VALUES = frozenset({"--library-path", "--preload", "--argv0", "--audit", "--inhibit-rpath"})
"""The dynamic loader's options whose value is the next word (ld.so(8))."""
STEAM_FOLDERS = ("/steamapps/common/", "/compatibilitytools.d/")
"""Parts of the path of what Steam starts."""
STEAM_HELPERS = re.compile(
    r"reaper|steam.*|pv-.*|pressure-vessel.*|srt-.*|proton|wineserver|python3?.*|.*sh|bwrap|.*crash.*"
)
"""Programs in those folders that carry a game's environment and are no game."""

SYSTEM_FOLDERS = (
    *("/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/", "/usr/lib/", "/usr/lib64/", "/usr/lib32/", "/lib/", "/lib64/"),
    *("/usr/libexec/", "/usr/share/", "/nix/store/"),
)
"""Where a distribution puts its programs; their names are known to the letter, and none is guessed."""


@attrs.frozen
class ProcessSeen:
    """What was read of a process.

    :param exe: the file's path; empty where it may not be read.
    :param comm: its short name, of :data:`COMM_LENGTH` characters at most.
    :param argv: its command line; empty where there is none.
    :param steam: the game that Steam says it is (``SteamAppId``).
    """

    pid: int
    exe: str = ""
    comm: str = ""
    argv: tuple[str, ...] = ()
    steam: int | None = None

    @property
    def file(self) -> str:
        """Name of the program's file; where that may not be read, what the command line or the kernel calls it."""
        if self.exe:
            return base(self.exe)
        first = base(self.argv[0]) if self.argv else ""
        return first if first[:COMM_LENGTH] == self.comm and first else self.comm


@attrs.frozen
class ProgramSeen:
    """What a process runs.

    :param name: of the file, the main class or the archive.
    :param path: where it is, as far as known, for what its folders tell.
    :param cut: only the first characters of the name are known.
    """

    platform: Platform
    name: str
    path: str = ""
    cut: bool = False


def base(path: str) -> str:
    """The last part of a path of Linux."""
    return PurePosixPath(path.removesuffix(DELETED)).name


def in_system(path: str) -> bool:
    """Whether a program belongs to the distribution, and is no game by a guess."""
    return path.startswith(SYSTEM_FOLDERS)


def is_script_runner(file: str) -> bool:
    """Whether a program runs scripts."""
    return file in SCRIPTS or _VERSIONED.fullmatch(file) is not None


def is_loader(file: str) -> bool:
    """Whether a program starts another one within itself."""
    return file.startswith(("ld-linux", "ld-musl")) or file.lower() in RUNNERS


def program_of(seen: ProcessSeen) -> ProgramSeen | None:
    """What a process runs; ``None`` where it cannot be told yet, or it runs nothing but itself for others."""
    file = seen.file
    if runs_windows(seen):
        return _windows(seen.argv)
    if file in JAVA:
        name = java_main(seen.argv[1:])
        return ProgramSeen(Platform.JAVA, base(name), name) if name else None
    if is_script_runner(file):
        return _script(seen)
    if is_loader(file):
        return _loaded(seen.argv[1:])
    if file.lower().endswith(".exe"):
        return ProgramSeen(Platform.WINDOWS, file, seen.exe)
    cut = not seen.exe and file == seen.comm and len(file) == COMM_LENGTH
    return ProgramSeen(Platform.LINUX, file, seen.exe, cut) if file else None


def runs_windows(seen: ProcessSeen) -> bool:
    """Whether a process runs a program of Windows, be it named already or not."""
    return seen.file in WINE or _is_windows(seen.argv[:1])


def waits_for_name(seen: ProcessSeen) -> bool:
    """Whether this is Wine's loader, which says later what it runs."""
    return seen.file in WINE and not _is_windows(seen.argv)


def _is_windows(words: Sequence[str]) -> bool:
    return any(word.lower().endswith(".exe") for word in words)


def _windows(argv: Sequence[str]) -> ProgramSeen | None:
    """The first ``.exe`` of a command line that is not Wine's own."""
    for word in argv:
        name = windows_base(word)
        if name.lower().endswith(".exe") and name.lower() not in WINE_OWN:
            return ProgramSeen(Platform.WINDOWS, name, word.replace("\\", "/"))
    return None


def windows_base(path: str) -> str:
    """The last part of a path of Windows or Linux."""
    return re.split(r"[\\/]", path)[-1]


def java_main(words: Sequence[str]) -> str | None:
    """The archive or main class of Java's command line.

    :param words: without the program.
    """
    rest = iter(words)
    for word in rest:
        if word in {"-jar", "-m", "--module"}:
            name = next(rest, "")
            return (name if word == "-jar" else name.rpartition("/")[2]) or None
        if word in JAVA_VALUES:
            next(rest, None)
        elif not word.startswith(("-", "@")):
            return word
    return None


def _script(seen: ProcessSeen) -> ProgramSeen | None:
    """A script that was started by its own name: the kernel's short name is then the script's (execve(2))."""
    for word in seen.argv[1:4]:
        name = base(word)
        if name and name[:COMM_LENGTH] == seen.comm:
            return ProgramSeen(Platform.LINUX, name, word)
    return None


def _loaded(words: Sequence[str]) -> ProgramSeen | None:
    rest = iter(words)
    for word in rest:
        if word in LOADER_VALUES:
            next(rest, None)
        elif not word.startswith("-"):
            return ProgramSeen(Platform.LINUX, base(word), word)
    return None

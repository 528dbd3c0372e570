"""The manual page, shell completion, and what all commands have in common."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click
from click.shell_completion import BashComplete
from click.testing import CliRunner
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli import main
from lanrage.app.cli_completion import SHELLS, VARIABLE
from lanrage.app.man_page import commands, man_page
from lanrage.lab.cli import lab

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "lanrage/data/man/lanrage.1"
OTHERS_OUTPUT = {"run", "own-node", "completion"}
"""Commands whose output is a game's, a service's, a shell's."""


class CommonTests(SynchronousTestCase):
    """All commands."""

    def test_json(self) -> None:
        """Each takes ``--json``, but those whose output is not theirs."""
        without = {
            " ".join(words[1:])
            for words, command in commands(main)
            if not any("--json" in parameter.opts for parameter in command.params)
        }
        self.assertEqual(without, OTHERS_OUTPUT)
        of_lab = {name for name, each in lab.commands.items() if not any("--json" in one.opts for one in each.params)}
        self.assertEqual(of_lab, {"exec"})

    def test_help(self) -> None:
        """Each says what it does, in a sentence that ends; most with an example."""
        found = list(commands(main))
        for words, command in found:
            self.assertTrue((command.help or "").strip().endswith("."), words)
        examples = [words for words, command in found if "Example: lanrage" in (command.epilog or "")]
        self.assertGreater(len(examples), len(found) // 2)

    def test_what_the_party_has(self) -> None:
        """The words that a user tries."""
        named = {words[2] for words, _ in commands(main) if words[1] == "party"}
        wanted = {"create", "join", "leave", "show", "invite", "kick", "ban", "rename", "host", "members"}
        self.assertEqual(wanted - named, set())


class ManPageTests(SynchronousTestCase):
    """``lanrage.1``."""

    def test_it_is_of_today(self) -> None:
        """The file is what the commands give: else ``make messages`` was forgotten."""
        self.assertEqual(PAGE.read_text(encoding="ascii"), man_page(main))

    def test_it_is_set_without_a_warning(self) -> None:
        """By groff, with all its warnings; and each command and option is in what comes out."""
        groff = shutil.which("groff")
        if groff is None:
            self.skipTest("groff is not installed")
        words = [groff, "-man", "-ww", "-Tascii", "-P-cbou", "-rLL=400n", str(PAGE)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        shown = " ".join(done.stdout.split())
        for called, command in commands(main):
            self.assertIn(" ".join(called), shown)
            for parameter in command.params:
                if isinstance(parameter, click.Option):
                    self.assertIn(parameter.opts[-1], shown)


class CompletionTests(SynchronousTestCase):
    """``lanrage completion``."""

    def test_scripts(self) -> None:
        """One for each shell, which asks the program; another shell is wrong usage."""
        for shell in SHELLS:
            done = CliRunner().invoke(main, ["completion", shell])
            self.assertEqual(done.exit_code, 0, done.output)
            self.assertIn(f"{VARIABLE}={shell}_complete", done.stdout.replace("env ", ""))
        self.assertEqual(CliRunner().invoke(main, ["completion", "tcsh"]).exit_code, 2)

    def test_what_comes_next(self) -> None:
        """Commands of a group, of one that is loaded late, options and their values."""
        cases = (("", "pa", ["party", "paths"]), ("party", "jo", ["join"]), ("rights", "gr", ["grant"]))
        options = (("logs", "--lev", ["--level"]), ("servers list --sort", "lat", ["latency"]))
        for words, begun, expected in (*cases, *options):
            found = BashComplete(main, {}, "lanrage", VARIABLE).get_completions(words.split(), begun)
            self.assertEqual([each.value for each in found], expected, words)

    def test_a_real_bash(self) -> None:
        """It reads the script, and has the answer of the program."""
        bash, folder = shutil.which("bash"), Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        if bash is None:
            self.skipTest("bash is not installed")
        program = f"#!{sys.executable}\nfrom lanrage.app.cli import main\nmain()\n"
        (folder / "lanrage").write_text(program, encoding="utf-8")
        (folder / "lanrage").chmod(0o755)
        script = CliRunner().invoke(main, ["completion", "bash"]).stdout
        line = "COMP_WORDS=(lanrage party jo) COMP_CWORD=2; _lanrage_completion lanrage; echo ${COMPREPLY[@]}"
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{folder}:{os.environ['PATH']}"}
        words = [bash, "--norc", "-c", f"{script}\n{line}"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, env=environment)
        self.assertEqual((done.stdout, done.stderr), ("join\n", ""))

"""``lanrage games``."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

from tests.app.test_cli import CommandCase
from tests.fakes_games import FOLDER, LISTED
from tests.store.test_game_profiles import own_game


class GamesTests(CommandCase):
    """With a node in memory."""

    def test_list(self) -> None:
        """A row a game, how many there are, and what is wrong with the user's own files."""
        out = self.done("games", "list")
        for words in ("openttd", "3979/tcp, 3979/udp", "low, yours", f"2 of 2 games; your own profiles: {FOLDER}"):
            self.assertIn(words, out)
        self.assertIn(f"{FOLDER}/mine.toml:7: tag: ports: 0 is no port", out)

    def test_query(self) -> None:
        """Words narrow the list; programs get the same as JSON."""
        self.assertIn("1 of 2 games", self.done("games", "list", "--query", "ttd"))
        told = json.loads(self.done("games", "list", "--query", "ttd", "--json"))
        self.assertEqual(([LISTED[0].game], 2), ([each["game"] for each in told["games"]], told["known"]))

    def test_show(self) -> None:
        """Each fact with its source; a name may have blanks."""
        out = self.done("games", "show", "open", "ttd")
        for words in ("OpenTTD (openttd), confidence high", "port 3979/tcp (game)", "src/network/core/config.h"):
            self.assertIn(words, out)
        self.assertEqual(("show_game", "open ttd"), self.node.calls[-1])
        told = json.loads(self.done("games", "show", "openttd", "--json"))
        self.assertEqual({"ports": [{"span": "3979/tcp", "role": "game"}]}, told["profile"])


class CheckTests(CommandCase):
    """``profile check``: no node is asked."""

    def setUp(self) -> None:
        """A folder for files."""
        super().setUp()
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-check-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name: str, text: str) -> str:
        """A file's path."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return str(self.folder / name)

    def test_shipped(self) -> None:
        """What comes with the program: each value of each game has its source."""
        told = json.loads(self.done("games", "profile", "check", "--json"))
        self.assertEqual((0, []), (told["unsourced"], told["problems"]))
        self.assertGreaterEqual(told["games"], 300)
        self.assertGreater(told["values"], 2 * told["games"])
        self.assertIn(f"{told['games']} games in {len(told['files'])} files", self.done("games", "profile", "check"))
        self.assertEqual([], self.node.calls)

    def test_own(self) -> None:
        """A file in order, by itself and in its folder; it may have a game that comes with the program."""
        path = self.write("a.toml", own_game("openttd", 40_000))
        for each in (path, str(self.folder)):
            self.assertEqual(
                "1 game in 1 file: 2 values with their sources, 0 without\n",
                self.done("games", "profile", "check", each),
            )

    def test_wrong(self) -> None:
        """File, line and rule; exit status 1; the files that are in order are counted."""
        good = self.write("a.toml", own_game("tag", 40_000))
        bad = self.write("b.toml", own_game("tag", 40_000) + own_game("tug", 0).partition("\n\n")[2])
        result = self.run_command("games", "profile", "check", good, bad)
        self.assertEqual(1, result.exit_code)
        self.assertIn(f"{bad}:14: tug: ports[0].ports: '0/udp' is not PORT", result.stdout)
        self.assertIn(f"{bad}:4: tag: is there already, in {good}:4", result.stdout)
        self.assertIn("2 games in 2 files", result.stdout)

    def test_unsourced(self) -> None:
        """Values without a source are counted."""
        path = self.write("a.toml", own_game("tag", 40_000).replace(', source = "me" }]\ndiscovery', " }]\ndiscovery"))
        told = json.loads(self.run_command("games", "profile", "check", path, "--json").stdout)
        self.assertEqual((1, [8]), (told["unsourced"], [each["line"] for each in told["problems"]]))

    def test_no_file(self) -> None:
        """A file that is not there, and a folder without files."""
        for path in (str(self.folder / "none.toml"), str(self.folder)):
            result = self.run_command("games", "profile", "check", path)
            self.assertEqual(1, result.exit_code)
            self.assertIn(f"lanrage: file: {path} is no file, and no folder with files *.toml", result.stderr)

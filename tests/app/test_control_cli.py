"""``lanrage control``: backup, restore and check of a control server's database."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import attrs
from click.testing import CliRunner, Result
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app.cli import main
from lanrage.app.control_cli import state_folder, used_folder
from lanrage.core.world_rows import InvitationRow, MembershipRow, PartyRow, Put, Row, SeenRow
from lanrage.errors import BadInput
from lanrage.store.backup import start_empty
from lanrage.store.database import migrations
from lanrage.store.database_file import connect
from lanrage.store.state_folder import BACKUPS, FILE, StateFolder
from lanrage.store.tables import write_batch
from tests.fakes_control import NOW, PartyKit, node_keys

SECRET = b"c" * 16


def rows_of(seed: str) -> list[Row]:
    """A party of two with an invitation, signed as it should be."""
    host, guest = node_keys(f"{seed} host"), node_keys(f"{seed} guest")
    kit = PartyKit.make(seed, host=host)
    invitation = kit.invitation(SECRET)
    return [
        PartyRow(kit.party_id, kit.charter_blob, 3),
        MembershipRow(kit.party_id, host.identity.public, kit.certificate(host, "host", "10.66.0.1"), b"", None),
        MembershipRow(
            kit.party_id,
            guest.identity.public,
            kit.certificate(guest, "guest", "10.66.0.2", secret=SECRET),
            invitation,
            NOW,
        ),
        InvitationRow(kit.party_id, kit.invitation_id(SECRET), invitation),
        SeenRow(host.identity.public, NOW),
    ]


class ControlCommandCase(SynchronousTestCase):
    """A state folder with two parties."""

    def setUp(self) -> None:
        """A database that no server uses."""
        self.state = StateFolder(Path(tempfile.mkdtemp(prefix="lanrage control ")))
        self.addCleanup(shutil.rmtree, self.state.folder)
        start_empty(self.state, NOW)
        self.write([*rows_of("one"), *rows_of("two")])

    def write(self, rows: list[Row]) -> None:
        """Put rows."""
        connection = connect(self.state.path)
        connection.execute("BEGIN")
        write_batch(connection, [Put(row) for row in rows])
        connection.execute("COMMIT")
        connection.close()

    def run_command(self, *words: str, folder: Path | None = None) -> Result:
        """Run ``lanrage control WORDS`` on the folder; nothing but an exit may come out of it."""
        words = ("control", *words, "--state-dir", str(folder or self.state.folder))
        result = CliRunner().invoke(main, list(words))
        self.assertTrue(result.exception is None or isinstance(result.exception, SystemExit), result.exception)
        return result

    def asked(self, *words: str, status: int = 0) -> dict[str, Any]:
        """The JSON document."""
        result = self.run_command(*words, "--json")
        self.assertEqual(status, result.exit_code, result.output)
        found: dict[str, Any] = json.loads(result.stdout)
        return found


class ControlCommandTests(ControlCommandCase):
    """The three."""

    def test_check(self) -> None:
        """What it holds, and that all is well."""
        found = self.asked("check")
        rows = found.pop("rows")
        self.assertEqual((2, 4, 2), (rows["party"], rows["membership"], rows["invitation"]))
        schema = len(migrations())
        wanted = {"ok": True, "backups": [], "file": str(self.state.path), "schema": schema, "problems": []} | {
            "reach": None
        }
        self.assertEqual(wanted, found)
        result = self.run_command("check")
        self.assertIn("2 party", result.stdout)
        self.assertIn("every signature holds", result.stdout)

    def test_check_names_each_party_that_does_not_hold(self) -> None:
        """A row that SQLite finds well, but whose signature is broken, is named; so is a row without its party."""
        bad = rows_of("one")[1]
        assert isinstance(bad, MembershipRow)
        blob = bytearray(bad.certificate)
        blob[-1] ^= 1
        lost = rows_of("three")[1]
        assert isinstance(lost, MembershipRow)
        self.write([attrs.evolve(bad, certificate=bytes(blob)), lost])
        found = self.asked("check", status=1)
        self.assertFalse(found["ok"])
        self.assertEqual(2, len(found["problems"]))
        for row in (bad, lost):
            self.assertTrue(any(row.party_id in problem for problem in found["problems"]), found)
        result = self.run_command("check")
        self.assertEqual(1, result.exit_code)
        self.assertIn("FAIL  the stored MembershipRow of", result.stdout)
        self.assertIn("lanrage control restore --empty", result.stdout)

    def test_check_of_a_damaged_file(self) -> None:
        """What SQLite says, and the way on."""
        made = self.asked("backup")
        raw = bytearray(self.state.path.read_bytes())
        raw[4096 : 3 * 4096] = b"\xa5" * (2 * 4096)
        self.state.path.write_bytes(raw)
        found = self.asked("check", status=1)
        self.assertTrue(found["problems"])
        self.assertEqual([made["file"]], found["backups"])
        self.assertIn("restore the newest backup", self.run_command("check").stdout)
        self.assertEqual({"code": "store"}, {"code": self.asked("backup", status=1)["error"]["code"]})
        self.state.path.write_bytes(b"letter\n" * 999)
        self.assertEqual(["file is not a database"], self.asked("check", status=1)["problems"])

    def test_backup_and_restore(self) -> None:
        """The newest backup comes back; what was there is set aside; the folder's name may hold blanks."""
        made = self.asked("backup")
        self.assertTrue(Path(made["file"]).is_file())
        self.assertEqual(Path(made["file"]).stat().st_size, made["bytes"])
        self.write(rows_of("three"))
        result = self.asked("restore")
        self.assertEqual((made["file"], str(self.state.path)), (result["from"], result["file"]))
        self.assertEqual(2, self.asked("check")["rows"]["party"])
        again = self.asked("restore", result["set_aside"])
        self.assertEqual(result["set_aside"], again["from"])
        self.assertEqual(3, self.asked("check")["rows"]["party"])
        result = self.run_command("restore").stdout  # type: ignore[assignment]
        self.assertIn("now holds what was in", str(result))
        self.assertIn("Start the control server now.", str(result))

    def test_backup_to_a_file(self) -> None:
        """And check of that file, by its own name."""
        target = self.state.folder / "friday.db"
        self.assertEqual(str(target), self.asked("backup", str(target))["file"])
        self.assertIn("friday.db", self.run_command("check", str(target)).stdout)
        result = self.run_command("backup", str(target))
        self.assertEqual((1, f"lanrage: {target} exists already\n"), (result.exit_code, result.stderr))
        self.assertIn("Backup made", self.run_command("backup").stdout)

    def test_broken_backup_is_not_restored(self) -> None:
        """Neither a damaged file nor one with a row that does not hold takes the place of what is there."""
        target = self.state.folder / "friday.db"
        self.write([MembershipRow("f" * 32, b"nobody", b"none", b"", None)])
        self.asked("backup", str(target))
        before = self.state.path.read_bytes()
        error = self.asked("restore", str(target), status=1)["error"]
        self.assertIn("nothing was changed: name another FILE", error["message"])
        self.assertEqual(before, self.state.path.read_bytes())
        self.assertIn("there is no backup", self.run_command("restore").stderr)

    def test_restore_while_a_server_runs(self) -> None:
        """Is refused; a check and a backup are not."""
        self.asked("backup")
        with self.state.locked():
            error = self.asked("restore", status=1)["error"]
            self.assertIn("in use by another control server", error["message"])
            self.asked("check")
            self.asked("backup")

    def test_empty(self) -> None:
        """A new beginning keeps the old one, and takes no file."""
        error = self.asked("restore", "--empty", "x.db", status=1)["error"]
        self.assertEqual("bad_input", error["code"])
        result = self.asked("restore", "--empty")
        self.assertIsNone(result["from"])
        self.assertEqual(0, self.asked("check")["rows"]["party"])
        self.assertEqual(2, self.asked("check", result["set_aside"])["rows"]["party"])
        self.assertIn("now holds no parties", self.run_command("restore", "--empty").stdout)

    def test_missing(self) -> None:
        """No folder, no database, a database of which only a backup is left."""
        result = self.run_command("check", folder=self.state.folder / "no")
        self.assertEqual(1, result.exit_code)
        self.assertIn("is no folder", result.stderr)
        self.asked("backup")
        self.state.path.unlink()
        self.assertIn("is missing or empty, but there are backups", self.run_command("check").stderr)
        shutil.rmtree(self.state.folder / "backups")
        for command in ("check", "backup"):
            self.assertIn(f"{self.state.path} does not exist", self.run_command(command).stderr)

    def test_foreign_and_newer_files(self) -> None:
        """Are told as what they are."""
        other = self.state.folder / "songs.db"
        with sqlite3.connect(other) as connection:
            connection.execute("CREATE TABLE song (title TEXT)")
        connection.close()
        self.assertIn("belongs to another program", self.run_command("restore", str(other)).stderr)
        newer = sqlite3.connect(self.state.path)
        newer.execute("PRAGMA user_version = 999")
        newer.close()
        self.assertIn("update LANrage", self.run_command("check").stderr)
        (self.state.folder / "empty.db").write_bytes(b"")
        self.assertEqual(
            ["it holds no tables"], self.asked("check", str(self.state.folder / "empty.db"), status=1)["problems"]
        )


class FolderTests(SynchronousTestCase):
    """Which folder is meant."""

    def test_where_it_is(self) -> None:
        """The one that is named, else the one that holds a database: the packaged service's before the default."""
        default = Path(tempfile.mkdtemp(prefix="lanrage-control-"))
        self.addCleanup(shutil.rmtree, default)
        self.assertEqual(default, state_folder(str(default)).folder)
        self.assertRaises(BadInput, state_folder, str(default / "no"))
        (default / "control").mkdir()
        self.assertEqual(default, used_folder(default))
        (default / FILE).write_bytes(b"")
        self.assertEqual(default, used_folder(default))
        (default / "control" / BACKUPS).mkdir()
        self.assertEqual(default / "control", used_folder(default))

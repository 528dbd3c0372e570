"""The file of stored settings."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.settings_order import FIRST_SET, SETS_LIMIT, Stored
from lanrage.errors import BadInput, LanrageError, Refused, StoreError
from lanrage.store.settings import FILE, HELD_BY_ANOTHER, LOCK, SettingsFile
from tests.strategies_settings import changes, set_names


class SettingsMachine(RuleBasedStateMachine):
    """Whatever is done, the file holds what a dictionary of dictionaries would; a refused call changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-settings-"))
        self.sets: dict[str, dict[str, str]] = {FIRST_SET: {}}
        self.active = FIRST_SET

    def teardown(self) -> None:
        """Nothing is left."""
        shutil.rmtree(self.folder)

    @property
    def file(self) -> SettingsFile:
        """Opened anew each time, as by a process that just started."""
        return SettingsFile(self.folder)

    @rule(values=changes)
    def change(self, values: dict[str, str]) -> None:
        """Values of the active set."""
        before = {name: dict(each) for name, each in self.sets.items()}
        was, now = self.file.change(values)
        self.sets[self.active] |= values
        assert was == Stored(before, self.active)
        assert now == Stored(self.sets, self.active)

    @rule(values=changes)
    def object_to(self, values: dict[str, str]) -> None:
        """Somebody has an objection: all of it is taken back."""

        def check(before: Stored, after: Stored) -> None:
            raise BadInput("field", "no")

        try:
            self.file.change(values, check)
        except BadInput:
            return
        raise AssertionError("it was not asked")

    @rule(values=changes)
    def reset(self, values: dict[str, str]) -> None:
        """Some values go; unknown ones are no error."""
        self.file.change(dict.fromkeys(values))
        for name in values:
            self.sets[self.active].pop(name, None)

    @rule(name=set_names)
    def save(self, name: str) -> None:
        """A copy under this name."""
        self.file.save(name)
        self.sets[name] = dict(self.sets[self.active])

    @rule(name=set_names)
    def activate(self, name: str) -> None:
        """Another set counts, if there is one."""
        try:
            self.file.activate(name)
        except BadInput as error:
            assert (error.field, name in self.sets) == ("set", False)
        else:
            assert name in self.sets
            self.active = name

    @rule(name=set_names)
    def delete(self, name: str) -> None:
        """A set goes, if there is one, and not the active one."""
        try:
            self.file.delete(name)
        except BadInput as error:
            assert error.field == "set"
            assert name == self.active or name not in self.sets
        else:
            assert name != self.active
            del self.sets[name]

    @invariant()
    def same(self) -> None:
        """The file says what the model says."""
        assert self.file.load() == Stored(self.sets, self.active)


TestSettingsMachine = SettingsMachine.TestCase
TestSettingsMachine.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)


class FileTests(SynchronousTestCase):
    """One file."""

    def setUp(self) -> None:
        """An empty folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="lanrage-settings-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = SettingsFile(self.folder, lambda: 1_700_000_000.0)

    def names(self) -> list[str]:
        """The files in the folder."""
        return sorted(path.name for path in self.folder.iterdir())

    def test_nothing(self) -> None:
        """Reading makes nothing; writing makes the folder, and a file that its owner alone reads."""
        file = SettingsFile(self.folder / "state")
        self.assertEqual(file.load(), Stored())
        self.assertEqual(self.names(), [])
        file.change({"lan.card": "x"})
        self.assertEqual(file.path.stat().st_mode & 0o777, 0o600)

    def test_damaged(self) -> None:
        """It is set aside with a word, and nothing is stored then; what comes next is kept."""
        self.file.change({"lan.card": "x" * 15})
        raw = self.file.path.read_bytes()
        broken = (b"no database at all" * 99, raw[: len(raw) // 2 + 100], raw[:16] + bytes(600))
        for number, bad in enumerate(broken, 1):
            self.file.path.write_bytes(bad)
            self.assertEqual(self.file.load(), Stored())
            self.assertIn("is damaged", self.file.trouble)
            self.assertEqual(len([name for name in self.names() if "damaged-20231114T221320Z" in name]), number)
        self.file.path.write_bytes(broken[0])
        self.file.change({"lan.card": "y"})
        self.assertEqual(dict(self.file.load().values), {"lan.card": "y"})

    def test_two_active(self) -> None:
        """A file whose tables do not say which set counts is damaged."""
        self.file.change({"lan.card": "x"})
        with sqlite3.connect(self.file.path) as connection:
            connection.execute("UPDATE setting_set SET active = 0")
        connection.close()
        self.assertEqual((self.file.load(), FILE in self.names()), (Stored(), False))

    def test_not_ours(self) -> None:
        """Another program's file, or that of a newer LANrage, is refused and left as it is."""
        for pragma, words in (("user_version", "update LANrage"), ("application_id", "another program")):
            SettingsFile(self.folder).change({"lan.card": "x"})
            connection = sqlite3.connect(self.file.path)
            connection.execute(f"PRAGMA {pragma} = 9")
            connection.close()
            before = self.file.path.read_bytes()
            for call in (self.file.load, lambda: self.file.change({"lan.card": "y"})):
                with self.assertRaises(StoreError) as caught:
                    call()
                self.assertIn(words, str(caught.exception))
            self.assertEqual(self.file.path.read_bytes(), before)
            self.file.path.unlink()

    def test_busy(self) -> None:
        """A file that another one writes is no damaged one; nothing is lost."""
        self.file.change({"lan.card": "x"})
        other = sqlite3.connect(self.file.path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        self.assertRaises(StoreError, SettingsFile(self.folder, patience=0.0).load)
        other.execute("ROLLBACK")
        other.close()
        self.assertEqual(dict(self.file.load().values), {"lan.card": "x"})

    def test_limit(self) -> None:
        """There is an end to sets."""
        self.file.change({})
        connection = sqlite3.connect(self.file.path)
        with connection:
            names = [(f"set{number}",) for number in range(SETS_LIMIT - 1)]
            connection.executemany("INSERT INTO setting_set VALUES (?, 0)", names)
        connection.close()
        with self.assertRaises(BadInput) as caught:
            self.file.save("more")
        self.assertIn(str(SETS_LIMIT), caught.exception.rule)
        self.assertEqual(len(self.file.load().sets), SETS_LIMIT)
        self.assertRaises(BadInput, self.file.save, "no name")

    def test_held(self) -> None:
        """While one holds the file, nobody else may; then everybody may."""
        other = SettingsFile(self.folder)
        self.assertEqual((self.file.hold(), self.file.hold()), ("", ""))
        with self.assertRaises(Refused) as caught, other.held():
            self.fail("it was held")
        self.assertEqual(caught.exception.code, "node_running")
        self.file.release()
        self.file.release()
        with other.held():
            self.assertEqual(self.file.hold(), HELD_BY_ANOTHER)
        self.assertEqual(self.file.hold(), "")
        self.file.release()

    def test_no_folder(self) -> None:
        """A folder that cannot be made is a word, and holding is not possible there."""
        (self.folder / "file").write_text("")
        file = SettingsFile(self.folder / "file" / "state")
        self.assertEqual(file.hold(), f"{file.folder / LOCK} cannot be opened: Not a directory")
        self.assertRaises(LanrageError, file.change, {"lan.card": "x"})

    def test_not_to_be_held(self) -> None:
        """What is in the way is said as it is: no other program, where there is none."""
        (self.folder / LOCK).mkdir()
        why = "cannot be changed: .*settings.lock cannot be opened: Is a directory"
        with self.assertRaisesRegex(StoreError, why), self.file.held():
            self.fail("it was held")

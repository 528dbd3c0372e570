"""``lanrage uninstall``: all that is ours goes, and nothing else."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import attrs
import pytest
from pyroute2 import IPRoute
from twisted.trial.unittest import SynchronousTestCase

from lanrage.app import uninstall
from lanrage.app.cli_uninstall import _confirm, run
from lanrage.app.service_install import accounts
from lanrage.app.service_place import Place
from lanrage.app.uninstall import (
    AGENT_LINK,
    Machine,
    Step,
    check_stopped,
    left,
    steps,
)
from lanrage.core.links import OWNER_MARK
from lanrage.core.mapping import NONCE_BYTES, PERMANENT, Lease, Method, Transport, Wish
from lanrage.core.service_files import MARK
from lanrage.core.undo import GUARD, MAPPING, UndoEntry
from lanrage.errors import Refused
from lanrage.net.firewalls import Tools
from lanrage.store.undo import UndoJournal
from tests.namespaces import Namespace

UNIT = "etc/systemd/system/lanrage-node.service"
FOREIGN = "etc/systemd/system/lanrage-relay.service"
DESKTOP = "home/.local/share/applications/lanrage-link.desktop"
COMPLETION = "home/.local/share/bash-completion/completions/lanrage"


class Case(SynchronousTestCase):
    """A machine below a folder of the test's own, in a network namespace of its own."""

    def setUp(self) -> None:
        """With what LANrage made, and what somebody else did."""
        namespace = Namespace()
        self.addCleanup(namespace.close)
        inside = namespace.inside()
        inside.__enter__()  # pylint: disable=unnecessary-dunder-call  # left at the cleanup
        self.addCleanup(inside.__exit__, None, None, None)
        self.root = Path(tempfile.mkdtemp(prefix="lanrage-uninstall-"))
        self.addCleanup(shutil.rmtree, self.root)
        texts = {
            UNIT: f"{MARK}\n[Unit]\n",
            FOREIGN: "[Unit]\n",
            DESKTOP: "[Desktop Entry]\nExec=lanrage open-link %u\n",
            COMPLETION: "# my own\n",
            "var/lib/lanrage/node/identity.key": "secret",
            "var/lib/lanrage/control/server.key": "secret",
            "var/lib/lanrage/relay/identity.key": "secret",
            "etc/lanrage/server.pub": "key",
        }
        for name, text in texts.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)
        self.ran: list[tuple[str, ...]] = []
        self.state = self.root / "var/lib/lanrage"
        place = Place(root=self.root, run=self.note, bin="/opt/lanrage/bin", admin=True)
        tools = Tools(path=str(self.root / "bin"), root=self.root)
        self.machine = Machine(place, self.root / "home", self.state, [self.root / "node.sock"], tools)

    def note(self, words: tuple[str, ...]) -> str:
        """A program that only says that it was called."""
        self.ran.append(words)
        return ""

    def there(self) -> set[str]:
        """The files that are left."""
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}

    def run_it(self, **wishes: bool) -> bool:
        """Carry the command out; whether all is gone."""
        words = {"dry_run": False, "keep_data": False, "yes": False, "as_json": True} | wishes
        return run(uninstall, self.machine, **words)


@pytest.mark.needs("net-admin")
class UninstallTests(Case):
    """With devices."""

    def setUp(self) -> None:
        """One of ours, one of somebody else's, and one in the journal that a crash left unmarked."""
        super().setUp()
        with IPRoute() as route:
            for name in ("lanrage0", "other0", "crashed0"):
                route.link("add", ifname=name, kind="veth", peer=f"{name}p")
            route.link("set", index=route.link_lookup(ifname="lanrage0")[0], ifalias=OWNER_MARK)
        UndoJournal(self.state / "node/undo.jsonl").note(UndoEntry("device", "crashed0"))

    def devices(self) -> set[str]:
        """Those in the namespace."""
        return {name for _, name in socket.if_nameindex()}

    def test_dry_run(self) -> None:
        """It names each thing, and changes nothing."""
        before, devices = self.there(), self.devices()
        names = [step.what for step in steps(self.machine, keep_data=False)]
        self.assertTrue(self.run_it(dry_run=True))
        for word in ("lanrage-node.service", "crashed0", "lanrage0", "lanrage-link.desktop", "keys, parties"):
            self.assertTrue(any(word in name for name in names), (word, names))
        self.assertEqual((self.there(), self.devices(), self.ran), (before, devices, []))

    def test_all(self) -> None:
        """What is ours is gone; what somebody else made stands. A second time there is nothing."""
        self.assertTrue(self.run_it(yes=True))
        self.assertEqual(steps(self.machine, keep_data=False), [])
        self.assertEqual(self.there(), {FOREIGN, COMPLETION})
        self.assertEqual(self.devices() & {"lanrage0", "crashed0", "other0"}, {"other0"})
        self.assertFalse(self.state.exists())

    def test_failed_undo(self) -> None:
        """Where a change could not be undone its journal stays, with the keys beside it."""
        UndoJournal(self.state / "node/undo.jsonl").note(UndoEntry(GUARD, "lanrage_x", "other0"))
        self.assertFalse(self.run_it(yes=True))
        self.assertIn("var/lib/lanrage/node/undo.jsonl", self.there())
        self.assertIn("var/lib/lanrage/control/server.key", self.there())

    def test_session_files(self) -> None:
        """The link that starts the agent goes, a user's own file at its place stays; a pipe at a file's place is not
        waited for."""
        link = self.root / "home" / uninstall.AGENT_LINK
        link.parent.mkdir(parents=True)
        link.symlink_to("/usr/lib/systemd/user/lanrage-agent.service")
        (self.root / COMPLETION).unlink()
        os.mkfifo(self.root / COMPLETION)
        self.assertTrue(self.run_it(yes=True))
        self.assertFalse(link.is_symlink())
        self.assertTrue((self.root / COMPLETION).is_fifo())
        link.write_text("[Unit]\n")
        self.assertEqual(steps(self.machine, keep_data=False), [])

    def test_keep_data(self) -> None:
        """Keys and settings stay without a question."""
        self.assertTrue(self.run_it(keep_data=True))
        kept = {f"var/lib/lanrage/{name}" for name in ("control/server.key", "relay/identity.key", "node/undo.jsonl")}
        kept |= {"var/lib/lanrage/node/identity.key", "etc/lanrage/server.pub"}
        self.assertEqual(self.there(), {FOREIGN, COMPLETION} | kept)


@pytest.mark.needs("net-admin")
class StayTests(Case):
    """What is left is said, with the reason."""

    def lease(self, gateway: str, expires: int) -> UndoEntry:
        """A mapping at a router, in the node's journal."""
        wish = Wish(Transport.UDP, 7777)
        here, router = IPv4Address("192.168.1.7"), IPv4Address(gateway)
        lease = Lease(Method.IGD, router, here, wish, 7777, bytes(NONCE_BYTES), expires)
        entry = UndoEntry(MAPPING, f"{wish} at {gateway}", lease.encode())
        UndoJournal(self.state / "node/undo.jsonl").note(entry)
        return entry

    def told(self) -> dict[str, str]:
        """All that stays, by what it is."""
        return {each.what: each.why for each in left(self.machine, more=False)}

    def test_routers(self) -> None:
        """The router of this network is asked; what it keeps is named, what ended by itself is not."""
        self.lease("192.168.1.1", PERMANENT)
        self.lease("192.168.1.2", 1)
        mapped = self.lease("192.168.1.3", PERMANENT)
        asked: list[Path] = []

        def unmap(journals: Sequence[Path]) -> None:
            asked.extend(journals)
            UndoJournal(journals[0]).forget(mapped)

        self.machine = attrs.evolve(self.machine, unmap=unmap)
        self.assertEqual(len(self.told()), 2)
        self.assertTrue(self.run_it(keep_data=True))
        self.assertEqual(asked, [self.state / "node/undo.jsonl"])
        self.assertEqual(list(self.told()), ["udp 7777 at the router 192.168.1.1"])
        self.assertIn("router's own page", self.told()["udp 7777 at the router 192.168.1.1"])

    def test_drop_ins(self) -> None:
        """An administrator's file beside a unit is named; a package's services say how they are removed."""
        own = self.root / f"{UNIT}.d/own.conf"
        own.parent.mkdir()
        own.write_text("[Service]\n")
        (self.root / f"{UNIT}.d/ours.conf").write_text(f"{MARK}\n")
        vendor = self.root / "usr/lib/systemd/system/lanrage-relay.service"
        vendor.parent.mkdir(parents=True)
        vendor.touch()
        self.assertEqual(list(self.told()), ["the Debian package, with its services and user", f"/{UNIT}.d/own.conf"])


@pytest.mark.needs("net-admin")
class WordTests(Case):
    """What is asked, and what is refused."""

    def test_the_word(self) -> None:
        """Without it nothing that holds keys goes; where none does, nobody is asked."""
        asked: list[str] = []

        def ask(text: str, **_: Any) -> str:
            asked.append(text)
            return "yes"

        found = [Step("keys", lambda: None, secret=True)]
        self.assertRaises(Refused, _confirm, found, False, ask)
        _confirm(found, True, ask)
        _confirm([Step("a file", lambda: None)], False, ask)
        _confirm(found, False, lambda text, **_: "Remove ")
        self.assertEqual(len(asked), 1)

    def test_a_node_runs(self) -> None:
        """Nothing is taken from below a node that answers."""
        check_stopped(self.machine)
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(str(self.root / "node.sock"))
        listening.listen()
        self.assertRaises(Refused, check_stopped, self.machine)
        self.assertRaises(Refused, self.run_it, yes=True)
        self.assertIn("var/lib/lanrage/node/identity.key", self.there())

    def test_a_server_runs(self) -> None:
        """Nor from below a control server; where no unit of ours is, nothing at all is done."""
        (self.root / UNIT).unlink()
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.state / "control/control.sock"))
            listening.listen()
            before = self.there()
            self.assertRaises(Refused, self.run_it, yes=True)
            self.assertEqual(before, self.there())

    def test_accounts(self) -> None:
        """User and group of sysusers go last, also where players are in the group; a person's, or those of a unit that
        stays, do not."""
        (self.root / "etc/passwd").write_text("lanrage:x:967:967::/var/lib/lanrage:/usr/sbin/nologin\n")
        (self.root / "etc/group").write_text("lanrage:x:967:alice\n")
        commands = [("userdel", "lanrage"), ("groupdel", "lanrage")]
        self.assertEqual(list(accounts(self.machine.place)), commands)
        self.assertFalse(any("system's user" in step.what for step in steps(self.machine, keep_data=False)), FOREIGN)
        (self.root / FOREIGN).unlink()
        self.assertTrue(self.run_it(yes=True))
        self.assertEqual(self.ran[-2:], commands)
        (self.root / "etc/group").write_text("lanrage:x:967:\n")
        self.assertEqual(list(accounts(self.machine.place)), commands[:1], "userdel takes it with the user")
        (self.root / "etc/passwd").write_text("lanrage:x:1000:1000::/home/lanrage:/bin/sh\n")
        (self.root / "etc/group").write_text("lanrage:x:1000:\n")
        self.assertEqual(list(accounts(self.machine.place)), [])

    def test_a_relay_s_folder(self) -> None:
        """One that holds nothing but metrics is a state folder of ours, too."""
        (self.state / "relay/identity.key").rename(self.state / "relay/metrics-relay.db")
        self.assertTrue(self.run_it(yes=True))
        self.assertFalse(self.state.exists())

    def test_a_folder_of_ones_own(self) -> None:
        """It goes where it is named, and only where something of ours is in it."""
        own, other = self.root / "srv/own", self.root / "srv/other"
        for folder, name in ((own, "identity.key"), (other, "photo")):
            folder.mkdir(parents=True)
            (folder / name).touch()
        self.machine = attrs.evolve(self.machine, others=[own, other])
        self.assertTrue(self.run_it(yes=True))
        self.assertEqual((own.exists(), (other / "photo").exists()), (False, True))

    def test_a_step_fails(self) -> None:
        """Whatever it fails by, the others are done, and the reason is told."""

        def full() -> None:
            raise OSError(28, "no space is left")

        done: list[str] = []
        told: list[tuple[str, str]] = []
        steps_ = [Step("one", full), Step("two", lambda: done.append("two"))]
        self.assertEqual(uninstall.carry_out(steps_, lambda step, why: told.append((step.what, why))), 1)
        self.assertEqual((done, told), (["two"], [("one", "[Errno 28] no space is left"), ("two", "")]))

    def test_a_folder_with_more(self) -> None:
        """One that the user named stays whole while anything in it is not named as ours are."""
        own = self.root / "srv/own"
        own.mkdir(parents=True)
        for name in ("settings.db", "thesis.txt"):
            (own / name).touch()
        self.machine = attrs.evolve(self.machine, others=[own])
        self.assertFalse(self.run_it(yes=True))
        self.assertEqual({each.name for each in own.iterdir()}, {"settings.db", "thesis.txt"})
        (own / "thesis.txt").rename(own / ".party.json.0123456789ab")
        self.assertTrue(self.run_it(yes=True))
        self.assertFalse(own.exists())

    def test_the_agent(self) -> None:
        """A user's link that starts the agent goes; another's file of that name stays."""
        link = self.machine.home / AGENT_LINK
        link.parent.mkdir(parents=True)
        link.symlink_to("/etc/systemd/user/lanrage-agent.service")
        self.assertTrue(self.run_it(yes=True))
        self.assertFalse(link.is_symlink())
        link.touch()
        self.assertTrue(self.run_it(yes=True))
        self.assertTrue(link.exists())

    def test_a_folder_of_others(self) -> None:
        """A state folder without anything of ours, or that is a link elsewhere, is left alone."""
        (self.state / "node/identity.key").rename(self.root / "precious")
        shutil.rmtree(self.state)
        self.state.symlink_to(self.root)
        self.assertFalse(any("keys, parties" in step.what for step in steps(self.machine, keep_data=False)))

"""The files of services: which are needed, what is in them, which are ours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.service_files import (
    MARK,
    OPTIONS,
    PIECES,
    ROLES,
    Change,
    changes,
    check_bin,
    packaged,
    parse_properties,
    removable,
    render,
    unit_of,
    wanted,
)
from lanrage.errors import BadInput

BIN = "/opt/lanrage/bin"
FOLDERS = {piece.beside for piece in PIECES if piece.beside}
roles = st.sets(st.sampled_from(ROLES))
options = st.sets(st.sampled_from(OPTIONS))


def targets(*wishes: str, folders: set[str] | None = None) -> list[str]:
    """The names of what is written for roles and options."""
    names = [each for each in wishes if each in ROLES]
    found = wanted(names, [each for each in wishes if each in OPTIONS], folders or set())
    return [piece.target.removeprefix("/etc/") for piece in found]


class WantedTests(SynchronousTestCase):
    """Which files a role needs."""

    def test_each_role(self) -> None:
        """Its unit, and for the system's services user and folders."""
        shared = ["sysusers.d/lanrage.conf", "tmpfiles.d/lanrage.conf"]
        for role in ("node", "control", "relay"):
            self.assertEqual(targets(role), [*shared, f"systemd/system/lanrage-{role}.service"])
        self.assertEqual(targets("agent"), ["systemd/user/lanrage-agent.service"])

    def test_options(self) -> None:
        """What is wished beyond a role comes with it."""
        self.assertEqual(
            targets("control", "socket")[-2:],
            ["systemd/system/lanrage-control.socket", "systemd/system/lanrage-control.service.d/socket.conf"],
        )
        self.assertEqual(targets("relay", "kernel")[-1], "systemd/system/lanrage-relay.service.d/kernel.conf")

    def test_readers(self) -> None:
        """A node's devices are made known to those who would manage them, where they are."""
        there = {"/etc/NetworkManager/conf.d"}
        self.assertIn("NetworkManager/conf.d/lanrage.conf", targets("node", folders=there))
        self.assertNotIn("systemd/network/00-lanrage.network", targets("node", folders=there))
        self.assertEqual(targets("relay", folders=there), targets("relay"))


class RenderTests(SynchronousTestCase):
    """What is written."""

    def test_programs(self) -> None:
        """It starts this installation's programs; pages that only the package has are not named."""
        text = "[Unit]\nDocumentation=file:/usr/share/doc/x.rst\n[Service]\nExecStart=/usr/lib/lanrage/bin/twistd -n\n"
        wanted_text = f"{MARK}\n[Unit]\n[Service]\nExecStart=/opt/lanrage/bin/twistd -n\n"
        self.assertEqual(render(text, BIN), wanted_text)

    def test_folders_that_units_cannot_see(self) -> None:
        """They are refused with the way out."""
        for folder in ("/home/ann/venv/bin", "/root/bin", "/root", "/run/user/1000/x"):
            with self.assertRaises(BadInput) as caught:
                check_bin(folder)
            self.assertEqual(caught.exception.field, "bin")
            self.assertIn("python3 -m venv /opt/lanrage", str(caught.exception))
        for folder in (BIN, "/homes/x", "/srv/l-1+2_3.4/bin"):
            self.assertEqual(check_bin(folder), folder)
        self.assertEqual(check_bin(f"{BIN}/"), BIN)

    @given(st.text(st.sampled_from("/a %$'\"\\\n\té."), max_size=12))
    def test_no_path_is_read_otherwise(self, folder: str) -> None:
        """What has a meaning of its own in a unit is in no path."""
        try:
            found = check_bin(folder)
        except BadInput as error:
            self.assertEqual(error.field, "bin")
        else:
            self.assertEqual(set(found) & set(" %$'\"\\\n\té"), set())
            self.assertTrue(folder.startswith("/"))


class ChangeTests(SynchronousTestCase):
    """What is to be done, and undone."""

    def test_states(self) -> None:
        """By what stands there."""
        text = f"{MARK}\na\n"
        for there, state in ((None, "new"), (text, "same"), (f"{MARK}\nb\n", "changed"), ("a\n", "foreign")):
            standing = {} if there is None else {"/x": there}
            self.assertEqual(changes({"/x": text}, standing), [Change("/x", text, state)])  # type: ignore[arg-type]

    @given(roles, roles, options)
    def test_what_is_removed(self, installed: set[str], gone: set[str], wishes: set[str]) -> None:
        """What was written for some roles goes with the last of them, and nothing that another still needs."""
        before = {piece.target for piece in wanted(installed, wishes, FOLDERS)}
        after = {piece.target for piece in wanted(installed - gone, wishes, FOLDERS)}
        removed = removable(dict.fromkeys(before, f"{MARK}\n"), gone)
        self.assertEqual(set(removed), before - after)
        self.assertEqual(len(removed), len(set(removed)))

    @given(roles)
    def test_what_others_wrote_stays(self, gone: set[str]) -> None:
        """Whatever its name is."""
        self.assertEqual(removable({piece.target: "[Unit]\n" for piece in PIECES}, gone), [])


class SystemdTests(SynchronousTestCase):
    """What systemd says."""

    def test_properties(self) -> None:
        """Values hold what they hold, also a sign of equality."""
        told = "ActiveState=active\nStatusText=a=b\nMainPID=\nnothing\n"
        self.assertEqual(parse_properties(told), {"ActiveState": "active", "StatusText": "a=b", "MainPID": ""})

    def test_packaged(self) -> None:
        """A package's unit is in the vendor's folders, not in the administrator's."""
        for role in ROLES[:3]:
            self.assertTrue(packaged(role, [f"/usr/lib/systemd/system/{unit_of(role)}"]))
            self.assertFalse(packaged(role, [f"/etc/systemd/system/{unit_of(role)}"]))

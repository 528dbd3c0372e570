"""Which right is missing, what it costs, how it is granted; and the closed list of what may be run as root."""

from __future__ import annotations

import shlex
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.elevation import FIXED, check_permitted, grant_command
from lanrage.core.firewall_commands import Firewall, steps
from lanrage.core.rights import CAPABILITIES, NEEDED, Privileges, capabilities_in, find_lacks, is_user
from lanrage.errors import BadInput

ALL = Privileges(frozenset(CAPABILITIES))
sets = st.frozensets(st.sampled_from(sorted(CAPABILITIES)))
privileges = st.builds(
    Privileges,
    sets,
    sets,
    st.sampled_from(("ready", "missing", "denied")),
    st.sampled_from(((), ("user.max_user_namespaces=10000",))),
    st.sampled_from(((), (443,), (7766,), (80, 443, 7766))),
    st.sampled_from((0, 1024)),
)


class LackTests(SynchronousTestCase):
    """The rule."""

    def lacks(self, **change: Any) -> list[str]:
        """Names of what is missing."""
        return [lack.name for lack in find_lacks(attrs.evolve(ALL, **change))]

    def test_each(self) -> None:
        """Nothing with everything; each by itself; what is not asked for is not missed."""
        self.assertEqual(self.lacks(), [])
        self.assertEqual(self.lacks(effective=frozenset()), ["CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_SYS_PTRACE"])
        rest = frozenset(("net_admin", "net_raw", "sys_ptrace"))
        self.assertEqual(self.lacks(effective=rest), [])
        self.assertEqual(self.lacks(effective=rest, ports=(443, 7766)), ["CAP_NET_BIND_SERVICE"])
        self.assertEqual(self.lacks(effective=rest, ports=(443,), lowest=80), [])
        self.assertEqual(self.lacks(effective=rest, closed=("a=1",)), ["CAP_SYS_ADMIN"])
        self.assertEqual(self.lacks(tun="denied"), ["/dev/net/tun"])

    def test_node_first(self) -> None:
        """The best way leaves the right with the system's node; the interpreter's file is never touched."""
        (lack, *_) = find_lacks(Privileges(frozenset(), user="ben", group="users", twistd="/opt/x y/twistd"))
        self.assertEqual(lack.grants[0].line, "sudo systemctl enable --now lanrage-node.service")
        self.assertEqual(
            lack.grants[1].line,
            "sudo setpriv --reuid=ben --regid=users --init-groups --inh-caps=+net_admin,+net_raw"
            " --ambient-caps=+net_admin,+net_raw '/opt/x y/twistd' -n lanrage node",
        )

    def test_no_unit(self) -> None:
        """A node that is not installed is not named."""
        (lack, *_) = find_lacks(Privileges(frozenset(), unit=False))
        self.assertEqual([each.command[0] for each in lack.grants], ["setpriv"])

    def test_container(self) -> None:
        """What is out of the bounding set no command in here can grant."""
        (lack,) = find_lacks(Privileges(ALL.effective - {"net_raw"}, bounding=frozenset()))
        self.assertEqual([grant.command[:3] for grant in lack.grants], [("docker", "run", "--cap-add=NET_RAW")])
        (lack,) = find_lacks(Privileges(ALL.effective - {"net_bind_service"}, frozenset(), ports=(443, 80)))
        self.assertEqual(lack.grants[0].line, "sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80")

    @given(privileges)
    def test_always_a_way(self, has: Privileges) -> None:
        """Each lack has a cost and a command that a shell reads as it stands; needed are those that stop a node."""
        for lack in find_lacks(has):
            self.assertTrue(lack.costs and lack.grants)
            self.assertNotIn("{", lack.costs)
            for grant in lack.grants:
                self.assertEqual(shlex.split(grant.line), ["sudo", *grant.command])
                self.assertNotIn("setcap", grant.command)
        missed = {lack.name for lack in find_lacks(has) if lack.needed}
        self.assertTrue({f"CAP_{name.upper()}" for name in NEEDED if name not in has.effective} <= missed)

    def test_status(self) -> None:
        """Lines of a real status file."""
        status = "CapEff:\t0000000000003000\nCapBnd:\t0000000000083400\n"
        self.assertEqual(capabilities_in(status), {"net_admin", "net_raw"})
        self.assertEqual(capabilities_in(status, "CapBnd"), {"net_bind_service", "net_admin", "net_raw", "sys_ptrace"})
        self.assertEqual(capabilities_in(""), frozenset())


FIREWALLS = [words for each in Firewall for step in steps(each, ("lanrage0",)) for words in (step.allow, step.remove)]


class ListTests(SynchronousTestCase):
    """The closed list."""

    def test_has(self) -> None:
        """All that is offered."""
        for words in (*FIXED.values(), *FIREWALLS, grant_command("group", "ben"), grant_command("tun", "x")):
            self.assertEqual(check_permitted(words), words)

    @given(st.sampled_from([*FIXED.values(), *FIREWALLS, ("usermod", "-aG", "lanrage", "ben")]), st.data())
    def test_nothing_else(self, words: tuple[str, ...], data: st.DataObject) -> None:
        """One more word, one less, or another one in any place but user and device, and it is refused."""
        place = data.draw(st.integers(0, len(words) - 1))
        word = data.draw(st.sampled_from(("", "-x", "; sh", "$(id)", "a b", "../x", "--root=/x", "A\n", "\u00e4")))
        for other in ((*words, word), words[:-1], (*words[:place], word, *words[place + 1 :])):
            with self.assertRaises(BadInput):
                check_permitted(other)

    def test_devices(self) -> None:
        """A firewall lets in our own devices alone, by whatever name the node has them; the error names the device."""
        for each in Firewall:
            for step in steps(each, ("eth0",)):
                for words in (step.allow, step.remove):
                    with self.assertRaises(BadInput) as caught:
                        check_permitted(words)
                    self.assertEqual(caught.exception.field, "device")
                    self.assertEqual(check_permitted(words, ("eth0",)), words)

    def test_words(self) -> None:
        """A name that is none of a user's, a grant that is none."""
        for name, user in (("group", "-x"), ("group", "a b"), ("group", ""), ("sh", "ben")):
            with self.assertRaises(BadInput):
                grant_command(name, user)


USERS = ["ben", "_a-1", "Ben", "john.doe", "1a", "ben@corp.example", "machine$", "a" * 32, "a" * 31 + "$"]
NO_USERS = ["", "-x", ".", "..", ".a", "@a", "1000", "a\n", "a b", "a:b", "a,b", "a/b", "a$b", "$a", "a\\b", "a;b"]
NO_USERS += ["a" * 33, "a" * 32 + "$", "\u00e4"]


@pytest.mark.parametrize("name", USERS)
def test_users(name: str) -> None:
    """What Debian and systemd take."""
    assert is_user(name)
    assert check_permitted(grant_command("group", name)) == ("usermod", "-aG", "lanrage", name)


@pytest.mark.parametrize("name", NO_USERS)
def test_no_users(name: str) -> None:
    """No option, number, path, list, or word of a shell."""
    assert not is_user(name)


@given(st.text(max_size=40))
def test_users_are_words(name: str) -> None:
    """Whatever is a user's name is one plain argument: it begins no option, and no program reads more into it."""
    if is_user(name):
        assert name.isascii()
        assert name.isprintable()
        assert not name.startswith("-")
        assert not name.isdigit()
        assert not set(name) & set(" :,/\\;&|<>()*?[]{}'\"`!#~=%^+")


@given(st.from_regex(r"[a-z_][a-z0-9_-]{0,30}", fullmatch=True))
def test_strict_users(name: str) -> None:
    """Each name of systemd's strict form is one."""
    assert is_user(name)

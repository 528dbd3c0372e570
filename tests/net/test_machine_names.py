"""What this machine and its people are called."""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from lanrage.net.machine_names import PEOPLE, SYSTEM_FOLDERS, USERS_LIMIT, machine_names


class NamesTests(SynchronousTestCase):
    """:func:`machine_names`."""

    def test_this_machine(self) -> None:
        """Its name; people's accounts, and not those of services; folders that are somebody's."""
        names = machine_names()
        self.assertIn(socket.gethostname(), names.hosts)
        self.assertNotIn("root", names.users)
        self.assertIn(str(Path.home()), {*names.homes, *SYSTEM_FOLDERS})
        self.assertFalse(SYSTEM_FOLDERS & set(names.homes))
        people = [each for each in pwd.getpwall() if each.pw_uid in PEOPLE]
        if len(people) < USERS_LIMIT:
            self.assertLessEqual({each.pw_name for each in people}, set(names.users))
        if os.geteuid():
            self.assertIn(pwd.getpwuid(os.geteuid()).pw_name, names.users)

"""Who does each kind of order in a user's session, wired in one place (``docs/agent.rst``)."""

from __future__ import annotations

from typing import Any

from lanrage.app.agent_doing import Doers
from lanrage.app.agent_mods import ModLooking
from lanrage.app.desktop_notes import DesktopNotes
from lanrage.app.discord import DiscordPresence
from lanrage.app.game_mods_own import OwnModLists
from lanrage.app.game_profiles import GameProfiles
from lanrage.app.launcher import Launcher
from lanrage.core.game_orders import Launch, LookMods, ShowNote, ShowPresence


def session_doers(reactor: Any, profiles: GameProfiles, discord: DiscordPresence) -> Doers:
    """Of the user whom this process runs as.

    :param profiles: of which games are started, and their modifications read.
    :param discord: what is played is shown there.
    """
    return {
        Launch: Launcher(reactor, profiles.get),
        LookMods: ModLooking(OwnModLists.make(reactor), profiles.get),
        ShowPresence: discord,
        ShowNote: DesktopNotes(reactor),
    }

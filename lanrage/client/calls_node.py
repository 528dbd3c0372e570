"""The operations of a node.

Made by docs/tables.py from the table of operations; do not edit it.
"""

# One method takes as many arguments as its operation has.
# pylint: disable=too-many-arguments

from __future__ import annotations

from collections.abc import AsyncGenerator

from lanrage.app.doctor_results import Doctored
from lanrage.app.metrics_results import AlertsShown
from lanrage.app.operations import Progress
from lanrage.app.operations_qr import QrShown
from lanrage.app.path_results import PathsShown
from lanrage.app.relay_results import RelaysShown
from lanrage.app.results import Diagnosed, StatusShown
from lanrage.app.tasks_results import TasksShown
from lanrage.client.asking import Asker
from lanrage.client.calls_agent import AgentCalls
from lanrage.client.calls_games import GamesCalls, GamesWatch
from lanrage.client.calls_lan import LanCalls, LanWatch
from lanrage.client.calls_logs import LogsCalls, LogsWatch
from lanrage.client.calls_metrics import MetricsCalls, MetricsWatch
from lanrage.client.calls_notify import NotifyCalls, NotifyWatch
from lanrage.client.calls_party import PartyCalls, PartyWatch
from lanrage.client.calls_peers import PeersCalls, PeersWatch
from lanrage.client.calls_profile import ProfileCalls, ProfileWatch
from lanrage.client.calls_run import RunCalls
from lanrage.client.calls_servers import ServersCalls, ServersWatch
from lanrage.client.calls_settings import SettingsCalls, SettingsWatch
from lanrage.client.calls_web import WebCalls


class NodeCalls:
    """The operations of a node."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self.party = PartyCalls(asker)
        self.agent = AgentCalls(asker)
        self.peers = PeersCalls(asker)
        self.lan = LanCalls(asker)
        self.run = RunCalls(asker)
        self.metrics = MetricsCalls(asker)
        self.notify = NotifyCalls(asker)
        self.profile = ProfileCalls(asker)
        self.settings = SettingsCalls(asker)
        self.logs = LogsCalls(asker)
        self.games = GamesCalls(asker)
        self.servers = ServersCalls(asker)
        self.web = WebCalls(asker)
        self.watch = NodeWatch(asker)

    async def status(self) -> StatusShown:
        """Show whether the node runs, where it is connected, and what it lacks."""
        return await self._asker.ask("status", {}, StatusShown)

    async def paths(self) -> PathsShown:
        """Show every path to every member, how good it is, and which one is in use."""
        return await self._asker.ask("paths", {}, PathsShown)

    async def relays(self) -> RelaysShown:
        """Show the relays, how far they are, and which ones each member's traffic would take and why."""
        return await self._asker.ask("relays", {}, RelaysShown)

    async def alerts(self) -> AlertsShown:
        """Show the alerts that fire now, and the latest that did."""
        return await self._asker.ask("alerts", {}, AlertsShown)

    async def tasks(self) -> TasksShown:
        """Show what is being carried out, and how the last start, joins and recoveries went, step by step."""
        return await self._asker.ask("tasks", {}, TasksShown)

    async def diagnose(self) -> Diagnosed:
        """Give the facts that the doctor judges."""
        return await self._asker.ask("diagnose", {}, Diagnosed)

    async def doctor(self, *, member: str = "", addresses: bool = False, progress: Progress | None = None) -> Doctored:
        """Check this machine, the node and the way of a game's broadcast to each member; safe to paste."""
        args = {"member": member, "addresses": addresses}
        return await self._asker.ask("doctor", args, Doctored, progress=progress)

    async def qr(self, *, text: str) -> QrShown:
        """Draw a text, such as an invitation's link, as a QR code."""
        args = {"text": text}
        return await self._asker.ask("qr", args, QrShown)


class NodeWatch:
    """The operations of a node, watched: what is so now, and each change."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self.party = PartyWatch(asker)
        self.peers = PeersWatch(asker)
        self.lan = LanWatch(asker)
        self.metrics = MetricsWatch(asker)
        self.notify = NotifyWatch(asker)
        self.profile = ProfileWatch(asker)
        self.settings = SettingsWatch(asker)
        self.logs = LogsWatch(asker)
        self.games = GamesWatch(asker)
        self.servers = ServersWatch(asker)

    def status(self) -> AsyncGenerator[StatusShown, None]:
        """Show whether the node runs, where it is connected, and what it lacks."""
        return self._asker.follow("status", {}, StatusShown)

    def paths(self) -> AsyncGenerator[PathsShown, None]:
        """Show every path to every member, how good it is, and which one is in use."""
        return self._asker.follow("paths", {}, PathsShown)

    def relays(self) -> AsyncGenerator[RelaysShown, None]:
        """Show the relays, how far they are, and which ones each member's traffic would take and why."""
        return self._asker.follow("relays", {}, RelaysShown)

    def alerts(self) -> AsyncGenerator[AlertsShown, None]:
        """Show the alerts that fire now, and the latest that did."""
        return self._asker.follow("alerts", {}, AlertsShown)

    def tasks(self) -> AsyncGenerator[TasksShown, None]:
        """Show what is being carried out, and how the last start, joins and recoveries went, step by step."""
        return self._asker.follow("tasks", {}, TasksShown)

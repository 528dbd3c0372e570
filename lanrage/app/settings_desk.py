"""The settings of a running process: what is stored is changed in a thread, what is live takes effect at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.logger import Logger

from lanrage.app.settings_book import SettingsBook
from lanrage.app.settings_results import SetsListed, SettingsChanged, SettingsExported, SettingShown, SettingsListed
from lanrage.app.settings_start import Start
from lanrage.app.settings_trial import trials_of
from lanrage.errors import LanrageError
from lanrage.net.threads import in_thread
from lanrage.store.disk_trouble import read_only

log = Logger()

Use = Callable[[dict[str, str]], Awaitable[None] | None]
"""Goes by these options of the role, as far as that can be while it runs; the user is told of an error of the house."""


class SettingsDesk:
    """The settings that a process goes by.

    :param start: how it started.
    """

    def __init__(self, reactor: Any, start: Start) -> None:
        self._reactor, self._start = reactor, start
        self._book = SettingsBook(start, *trials_of(start.role))
        self._options = dict(start.options)
        self._users: list[tuple[frozenset[str], Use]] = []
        self._lock = DeferredLock()

    @property
    def role(self) -> str:
        """The role whose settings these are."""
        return self._start.role

    @property
    def used(self) -> frozenset[str]:
        """The live settings that somebody goes by."""
        return frozenset(name for names, _ in self._users for name in names)

    def when(self, names: Iterable[str], use: Use) -> None:
        """Let `use` go by all options when one of these live settings has changed."""
        self._users.append((frozenset(names), use))

    def on_change(self, name: str, call: Callable[[str], None]) -> None:
        """Call `call` with the text of a live setting when that changes; it may raise as :data:`Use` may."""
        option = self._start.table[name].option
        self.when([name], lambda options: call(options[option]))

    async def open(self) -> None:
        """Keep other processes from changing what this one goes by."""
        if not await in_thread(self._reactor, self._start.file.hold):
            folder = self._start.file.folder
            why = read_only(folder) or "another program works on them, and may change them"
            log.warn("the stored settings of {folder} are not held: {reason}", folder=str(folder), reason=why)

    def close(self) -> None:
        """Give them free."""
        self._start.file.release()

    # --- operations ---------------------------------------------------------------------------------------------------

    def listing(self) -> Deferred[SettingsListed]:
        """See :class:`SettingsBook`."""
        return in_thread(self._reactor, self._book.listing)

    def show(self, name: str) -> Deferred[SettingShown]:
        """See :class:`SettingsBook`."""
        return in_thread(self._reactor, self._book.show, name)

    def sets(self) -> Deferred[SetsListed]:
        """See :class:`SettingsBook`."""
        return in_thread(self._reactor, self._book.sets)

    def export(self, name: str) -> Deferred[SettingsExported]:
        """See :class:`SettingsBook`."""
        return in_thread(self._reactor, self._book.export, name)

    def save(self, name: str) -> Deferred[SetsListed]:
        """See :class:`SettingsBook`."""
        return in_thread(self._reactor, self._book.save, name).addCallback(_noted, "kept as a set", name)

    def delete(self, name: str) -> Deferred[SetsListed]:
        """See :class:`SettingsBook`."""
        return in_thread(self._reactor, self._book.delete, name).addCallback(_noted, "deleted", name)

    def set(self, values: Mapping[str, str]) -> Deferred[SettingsChanged]:
        """See :class:`SettingsBook`."""
        return self._alone(self._book.set, values)

    def reset(self, name: str) -> Deferred[SettingsChanged]:
        """See :class:`SettingsBook`."""
        return self._alone(self._book.reset, name)

    def activate(self, name: str) -> Deferred[SettingsChanged]:
        """See :class:`SettingsBook`."""
        return self._alone(self._book.activate, name)

    def bring_in(self, toml: str, replace: bool) -> Deferred[SettingsChanged]:
        """See :class:`SettingsBook`."""
        return self._alone(self._book.bring_in, toml, replace)

    # --- within -------------------------------------------------------------------------------------------------------

    def _alone(self, change: Callable[..., SettingsChanged], *args: Any) -> Deferred[SettingsChanged]:
        """One change after another: what takes effect last is what was stored last."""
        return self._lock.run(lambda: Deferred.fromCoroutine(self._change(change, *args)))

    async def _change(self, change: Callable[..., SettingsChanged], *args: Any) -> SettingsChanged:
        told = await in_thread(self._reactor, change, *args)
        for each in told.changed:
            log.info("setting {name} is {value} ({origin})", name=each.name, value=each.value, origin=each.origin)
        stored = await in_thread(self._reactor, self._start.file.load)
        trouble = await self._take_effect(stored.values)
        return SettingsChanged(told.set_name, told.changed, trouble)

    async def _take_effect(self, stored: Mapping[str, str]) -> str:
        """Go by the live settings of now; the others stay as they were at the start."""
        wanted, _ = self._start.with_stored(stored)
        news = [row for row in self._start.rows if row.live and wanted[row.option] != self._options[row.option]]
        if not news:
            return ""
        options = self._options | {row.option: wanted[row.option] for row in news}
        troubles: list[str] = []
        failed: set[str] = set()
        for names, use in self._users:
            if mine := names & {row.name for row in news}:
                try:
                    await (use(options) or succeed(None))
                except LanrageError as error:
                    troubles.append(str(error))
                    failed |= mine
        # What could not take effect is still to do: the same change asked for again is tried again.
        self._options |= {row.option: options[row.option] for row in news if row.name not in failed}
        for trouble in troubles:
            log.warn("a setting could not take effect at once: {trouble}", trouble=trouble)
        return "; ".join(troubles)


def _noted(result: SetsListed, what: str, name: str) -> SetsListed:
    log.info("settings {what}: {set}", what=what, set=name)
    return result

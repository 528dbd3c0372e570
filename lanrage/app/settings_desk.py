"""The settings of a running process: what is stored is changed in a thread, what is live takes effect at once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.logger import Logger

from lanrage.app.settings_book import SettingsBook
from lanrage.app.settings_results import SetsListed, SettingsChanged, SettingsExported, SettingShown, SettingsListed
from lanrage.app.settings_start import Start
from lanrage.app.settings_trial import trials_of
from lanrage.core.setting import ALL
from lanrage.errors import LanrageError, StoreError
from lanrage.net.threads import in_thread
from lanrage.store.files import make_folder

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
        self._not_held = ""

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
        await self._hold()

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

    def save(self, name: str, user: int | None = None) -> Deferred[SetsListed]:
        """See :class:`SettingsBook` and :meth:`set`."""
        return in_thread(self._reactor, self._book_for(user).save, name).addCallback(_noted, "kept as a set", name)

    def delete(self, name: str, user: int | None = None) -> Deferred[SetsListed]:
        """See :class:`SettingsBook` and :meth:`set`."""
        return in_thread(self._reactor, self._book_for(user).delete, name).addCallback(_noted, "deleted", name)

    def set(self, values: Mapping[str, str], user: int | None = None) -> Deferred[SettingsChanged]:
        """See :class:`SettingsBook`. What is named takes effect anew even where it is as it was: a file that a value
        names may have changed.

        :param user: who asks; ``None``: the process itself.
        """
        return self._alone(values, self._book_for(user).set, values)

    def reset(self, name: str, user: int | None = None) -> Deferred[SettingsChanged]:
        """See :class:`SettingsBook` and :meth:`set`."""
        return self._alone((), self._book_for(user).reset, name)

    def activate(self, name: str, user: int | None = None) -> Deferred[SettingsChanged]:
        """See :class:`SettingsBook` and :meth:`set`."""
        return self._alone((), self._book_for(user).activate, name)

    def bring_in(self, toml: str, replace: bool, user: int | None = None) -> Deferred[SettingsChanged]:
        """See :class:`SettingsBook` and :meth:`set`."""
        return self._alone((), self._book_for(user).bring_in, toml, replace)

    # --- within -------------------------------------------------------------------------------------------------------

    async def _hold(self) -> None:
        """Hold them where that can be; each reason that speaks against it is told once."""
        folder, before = self._start.file.folder, self._not_held
        self._not_held = await in_thread(self._reactor, self._try_to_hold)
        if self._not_held and self._not_held != before:
            log.warn("the stored settings of {folder} are not held: {why}", folder=str(folder), why=self._not_held)
        elif before and not self._not_held:
            log.info("the stored settings of {folder} are held now", folder=str(folder))

    def _try_to_hold(self) -> str:
        with contextlib.suppress(StoreError):  # holding says what is wrong
            make_folder(self._start.file.folder)
        return self._start.file.hold()

    def _book_for(self, user: int | None) -> SettingsBook:
        """Who may do what the operator does, may change all; who may only play here, not what is the operator's."""
        if user in (None, 0, os.geteuid()):
            return self._book
        return SettingsBook(self._start, *trials_of(self._start.role), barred=operators_settings(self._start))

    def _alone(
        self, named: Iterable[str], change: Callable[..., SettingsChanged], *args: Any
    ) -> Deferred[SettingsChanged]:
        """One change after another: what takes effect last is what was stored last."""
        return self._lock.run(lambda: Deferred.fromCoroutine(self._change(frozenset(named), change, *args)))

    async def _change(
        self, named: frozenset[str], change: Callable[..., SettingsChanged], *args: Any
    ) -> SettingsChanged:
        await self._hold()  # what was in the way at the start may be gone
        told = await in_thread(self._reactor, change, *args)
        for each in told.changed:
            log.info("setting {name} is {value} ({origin})", name=each.name, value=each.value, origin=each.origin)
        stored = await in_thread(self._reactor, self._start.file.load)
        trouble = await self._take_effect(stored.values, named)
        return SettingsChanged(told.set_name, told.changed, trouble)

    async def _take_effect(self, stored: Mapping[str, str], named: frozenset[str]) -> str:
        """Go by the live settings of now; the others stay as they were at the start.

        :param named: of these those that did not change, too.
        """
        wanted, _ = self._start.with_stored(stored)
        live = [row for row in self._start.rows if row.live]
        news = [row for row in live if row.name in named or wanted[row.option] != self._options[row.option]]
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


def operators_settings(start: Start) -> frozenset[str]:
    """What is not the business of everybody who may play here, by name.

    In a process of all roles that is its server. In any it is who is told of what: whoever sets that could let the
    process read files that it alone may read, and send them, or another's token, where he likes.
    """
    kinds = ("control.", "relay.", "notify.") if start.role == ALL else ("notify.",)
    return frozenset(row.name for row in start.rows if row.name.startswith(kinds))


def _noted(result: SetsListed, what: str, name: str) -> SetsListed:
    log.info("settings {what}: {set}", what=what, set=name)
    return result

"""What the operations on settings answer."""

from __future__ import annotations

from lanrage.app.results import Result


class SettingShown(Result, frozen=True):
    """One setting.

    :param value: that counts now, as the command line has it; a secret is hidden.
    :param origin: ``command line``, ``environment``, ``stored`` or ``default``.
    :param stored: whether the active set has a value.
    :param rule: what it may be, as a clause.
    :param unit: of a number; empty without one.
    :param restart: a change takes effect at the next start only.
    :param option: of ``twistd lanrage``.
    :param environment: the variable that sets it.
    :param choices: all values that it may have, where those are few words; empty otherwise.
    """

    name: str
    value: str
    origin: str
    stored: bool
    default: str
    rule: str
    unit: str
    help: str
    restart: bool
    secret: bool
    option: str
    environment: str
    choices: list[str] = []


class SettingsListed(Result, frozen=True):
    """All settings of this role.

    :param set_name: the active set.
    """

    role: str
    set_name: str
    settings: list[SettingShown]


class SettingChanged(Result, frozen=True):
    """One stored value that is another now.

    :param value: that counts from now on, or from the next start.
    :param origin: where that comes from: above the stored values are the command line and the environment.
    :param restart: it takes effect at the next start.
    """

    name: str
    value: str
    origin: str
    restart: bool


class SettingsChanged(Result, frozen=True):
    """What was changed.

    :param set_name: the active set.
    :param changed: what is another than before; empty when nothing is.
    :param trouble: why something could not take effect at once; empty when it did.
    """

    set_name: str
    changed: list[SettingChanged]
    trouble: str = ""


class SetShown(Result, frozen=True):
    """A stored set.

    :param values: how many settings it changes.
    """

    name: str
    active: bool
    values: int


class SetsListed(Result, frozen=True):
    """All stored sets, by name."""

    sets: list[SetShown]


class SettingsExported(Result, frozen=True):
    """A set as a TOML file.

    :param toml: without secrets.
    :param left_out: names of the secrets that the set has.
    """

    set_name: str
    toml: str
    left_out: list[str]

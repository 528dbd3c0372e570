"""``pip install .`` into a new environment gives the service and the command line, away from the work tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

SHIPPED = ("setup.cfg", "setup.py", "pyproject.toml", "MANIFEST.in", "README.rst", "LICENSE", "lanrage", "twisted")
"""What a build reads."""

ROLES: dict[str, tuple[str, ...]] = {
    "node": ("--state-dir", "--run-dir", "--tunnel-device", "--card", "--wireguard-port", "--wireguard"),
    "control": ("--state-dir", "--listen", "--stun-port", "--public-address", "--relay"),
    "relay": ("--server-key", "--ports", "--host"),
    "all": ("--state-dir",),
    "agent": ("--state-dir", "--socket", "--log-file"),
}
"""Role: the options that operators rely on."""

COMMANDS = ("party", "status", "doctor", "lab")
"""The first words of the command line ``lanrage``."""


class Environment:
    """A new virtual environment that holds the package, and sees the libraries of the environment that runs the tests.

    :param folder: where it is made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "venv" / "bin"

    def run(self, *command: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment, away from the work tree; its output as text."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV", "VIRTUAL_ENV"))
        }
        return subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env=kept | {"COLUMNS": "120", "HOME": str(self.folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def make(self) -> None:
        """Build the package from a copy of the sources and install it; the network is not needed."""
        source = self.folder / "source"
        source.mkdir()
        for name in SHIPPED:
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "dropin.cache")
                shutil.copytree(ROOT / name, source / name, ignore=ignored)
            else:
                shutil.copy(ROOT / name, source / name)
        python = self.bin / "python"
        self.must(sys.executable, "-m", "venv", "--without-pip", self.folder / "venv")
        (self.libraries() / "outer.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        offline = ("--no-deps", "--no-index", "--no-build-isolation", "--ignore-installed")
        self.must(sys.executable, "-m", "pip", "--python", python, "install", "-q", *offline, source)
        shutil.rmtree(source)
        # Twisted comes from the outer environment, whose own script would see that environment alone.
        script = f"#!{python}\nimport sys\nfrom twisted.scripts.twistd import run\nsys.exit(run())\n"
        (self.bin / "twistd").write_text(script, encoding="utf-8")
        (self.bin / "twistd").chmod(0o755)

    def libraries(self) -> Path:
        """The environment's ``site-packages``."""
        return next((self.folder / "venv" / "lib").glob("python3*")) / "site-packages"

    def must(self, *command: str | Path) -> str:
        """Run a command that must succeed; its standard output."""
        done = self.run(*command)
        assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module", name="environment")
def _environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    environment = Environment(tmp_path_factory.mktemp("install"))
    environment.make()
    yield environment
    shutil.rmtree(environment.folder)


def test_it_is_a_separate_installation(environment: Environment) -> None:
    """What is tried here is the installed copy, and it is whole: every module and every data file of the work tree."""
    found = environment.must(environment.bin / "python", "-c", "import lanrage; print(lanrage.__file__)")
    package = environment.libraries() / "lanrage"
    assert Path(found.strip()).parent == package
    ours = {
        path.relative_to(ROOT / "lanrage")
        for path in (ROOT / "lanrage").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {path for path in ours if not (package / path).is_file()} == set()


def test_plugin_is_listed(environment: Environment) -> None:
    """``twistd --help`` knows the service."""
    assert " lanrage " in environment.must(environment.bin / "twistd", "--help")


def test_roles_are_listed(environment: Environment) -> None:
    """``twistd lanrage --help`` names the roles."""
    listed = environment.must(environment.bin / "twistd", "lanrage", "--help").split()
    assert set(ROLES) - set(listed) == set()


@pytest.mark.parametrize("role", ROLES)
def test_options_of_a_role(environment: Environment, role: str) -> None:
    """The overview and the role's own help tell the role's options."""
    own = environment.must(environment.bin / "twistd", "lanrage", role, "--help")
    overview = environment.must(environment.bin / "twistd", "lanrage", "--help")
    for option in ROLES[role]:
        assert f"{option}=" in own
        assert option in overview


@pytest.mark.parametrize("command", COMMANDS)
def test_command_line(environment: Environment, command: str) -> None:
    """``lanrage --help`` lists the commands and each has its own help."""
    assert command in environment.must(environment.bin / "lanrage", "--help").split()
    assert "--help" in environment.must(environment.bin / "lanrage", command, "--help")


def test_module_is_the_command_line(environment: Environment) -> None:
    """``python -m lanrage`` is the same program."""
    listed = environment.must(environment.bin / "python", "-m", "lanrage", "--help").split()
    assert set(COMMANDS) - set(listed) == set()

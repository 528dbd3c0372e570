"""What the tests of packages share, made once: a bare Debian, and everything that LANrage needs as wheels."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packaging.clean_root import CleanRoot, build, wheels


@pytest.fixture(scope="session", name="store")
def _store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("packaging")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session", name="bare")
def _bare(store: Path) -> CleanRoot:
    return CleanRoot.make(store / "bare")


@pytest.fixture(scope="session", name="package")
def _package(store: Path) -> Path:
    return build(store / "one", PIP_PYTHON=sys.executable)


@pytest.fixture(scope="session", name="wheelhouse")
def _wheelhouse(store: Path) -> Path:
    return wheels(store / "wheels")


@pytest.fixture(scope="module", name="root")
def _root(bare: CleanRoot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CleanRoot]:
    folder = tmp_path_factory.mktemp("root")
    yield bare.copied(folder / "root")
    shutil.rmtree(folder)

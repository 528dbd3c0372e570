"""Sphinx: `make docs` builds with warnings as errors."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from lanrage import __version__  # noqa: E402

project = "LANrage"
project_copyright = "2026, LANrage contributors"
release = version = __version__
extensions = ["sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "LAN games between friends", "fixed_sidebar": True}
nitpicky = False

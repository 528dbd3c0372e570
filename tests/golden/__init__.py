"""Captures of what travels and of what lies on disk, version by version (``docs/compatibility.rst``)."""

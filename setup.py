"""Builds the package; everything about it stands in ``setup.cfg``."""

from setuptools import setup

setup()

"""Adapters: one protocol or kernel interface each, no policy."""

"""Polster's own tooling: add, list and remove assets, and validate the layers.

Reads the project's source as text, never imports it, and needs nothing but the standard library.
"""

__version__ = "0.1.0"

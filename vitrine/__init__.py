"""Vitrine: a live-shopping video server. Start with README.md, then media/."""

__version__ = "0.1.0"

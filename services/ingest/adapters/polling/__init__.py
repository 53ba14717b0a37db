"""Asking the platforms that do not push."""

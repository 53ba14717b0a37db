"""Asking platforms: those that do not push, and those whose webhooks may have lost something."""

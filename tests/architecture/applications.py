"""The three services as they are wired, without anything behind them."""

import base64
import importlib
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from shared.provisioning import SERVICES

NOWHERE = "127.0.0.1:1"
ROOT = Path(__file__).parents[2]

__all__ = ["ROOT", "SERVICES", "application"]


@cache
def application(service: str) -> FastAPI:
    """The application of ``service``; nothing listens where its settings point."""
    settings = importlib.import_module(f"services.{service}.settings").Settings
    made: FastAPI = importlib.import_module(f"services.{service}.main").create_app(
        settings(**{name: value for name, value in _settings().items() if name in settings.model_fields})
    )
    return made


def _settings() -> dict[str, Any]:
    return {
        "database": {"url": f"postgresql://nobody:nothing@{NOWHERE}/nothing"},
        "kafka": {"bootstrap": NOWHERE},
        "auth": {"issuer": f"http://{NOWHERE}", "jwks_url": f"http://{NOWHERE}/keys"},
        "secrets": {"key": base64.b64encode(bytes(32)).decode()},
        "policies": {"path": ROOT / "deploy" / "local" / "agencies"},
    }

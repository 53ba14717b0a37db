"""The server the town square runs in: uvicorn, with connections that can be cut."""

from typing import Final

import uvicorn

from .app import create_app
from .clock import Clock, system_clock
from .connection import CuttableProtocol
from .settings import Settings
from .websocket import WebSocketProtocol

# A request that is being held must not hold up the stop.
_DRAIN_SECONDS: Final = 2


def server(settings: Settings, clock: Clock = system_clock) -> uvicorn.Server:
    """Make the server; `run` it in a process, or `serve` it in a running loop."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(settings, clock),
            host=settings.host,
            port=settings.port,
            http=CuttableProtocol,
            ws=WebSocketProtocol,
            access_log=False,
            log_level="warning",
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
    )

"""What intake is measured against: a FastAPI route that reads the body, does nothing, and is served as Parley is.

``python -m tests.bench.empty_route PORT``
"""

import sys

from fastapi import FastAPI, Request, Response

from shared.service import serve
from shared.settings import HttpSettings

PATH = "/empty"


def create_app() -> FastAPI:
    """The application; it is told to watch as little as Parley's are."""
    app = FastAPI(telemetry={"auto_configure": False, "logs": False})

    @app.post(PATH)
    async def empty(request: Request) -> Response:
        await request.body()
        return Response()

    return app


if __name__ == "__main__":
    serve(create_app(), HttpSettings(port=int(sys.argv[1])))

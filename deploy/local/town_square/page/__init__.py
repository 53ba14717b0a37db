"""The page for citizens, handed out as it is: three files, and nothing from anywhere else."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

_HERE: Final = Path(__file__).parent

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class PageRoutes:
    """`/` and the two files it loads."""

    def __init__(self) -> None:
        """Read the files once."""
        self._html = (_HERE / "square.html").read_bytes()
        self._css = (_HERE / "square.css").read_bytes()
        self._javascript = (_HERE / "square.js").read_bytes()

    def router(self) -> APIRouter:
        """Bind the routes; profiles and single statuses are found on the one page too."""
        router = APIRouter(include_in_schema=False)
        for path in ("/", "/@{username}", "/@{username}/{status}"):
            router.add_api_route(path, self.page, methods=["GET"])
        router.add_api_route("/page/square.css", self.style, methods=["GET"])
        router.add_api_route("/page/square.js", self.script, methods=["GET"])
        router.add_api_route("/favicon.ico", self.no_icon, methods=["GET"])
        return router

    async def page(self) -> Response:
        """Give the page."""
        return Response(self._html, headers=_HEADERS, media_type="text/html")

    async def style(self) -> Response:
        """Give its looks."""
        return Response(self._css, headers=_HEADERS, media_type="text/css")

    async def script(self) -> Response:
        """Give its behaviour."""
        return Response(self._javascript, headers=_HEADERS, media_type="text/javascript")

    async def no_icon(self) -> Response:
        """Spare the log a line for every visitor."""
        return Response(status_code=204)

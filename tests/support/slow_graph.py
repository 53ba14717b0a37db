"""A Graph API that takes a reply at once and answers late: the moment in which a publisher can die."""

import json
import threading
import time
import urllib.parse
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PAGE = "110000000000001"


class SlowGraph:
    """Records replies when they arrive; ``answer_after`` is how long the answer is held, in seconds."""

    def __init__(self) -> None:
        self.answer_after = 0.0
        self.replies: list[dict[str, str]] = []
        handler = type("Handler", (_Handler,), {"graph": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def parents(self) -> list[str]:
        return [reply["parent"] for reply in self.replies]

    def take(self, parent: str, message: str) -> str:
        native_id = f"9_{len(self.replies) + 1}"
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
        self.replies.append({"id": native_id, "parent": parent, "message": message, "created_time": now})
        return native_id

    def listed(self, parent: str) -> dict[str, Any]:
        own = {"id": PAGE, "name": "Passport Office"}
        mine = [{**reply, "from": own} for reply in self.replies if reply["parent"] == parent]
        return {"data": [{key: one[key] for key in ("id", "message", "from", "created_time")} for one in mine[::-1]]}


class _Handler(BaseHTTPRequestHandler):
    graph: SlowGraph
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        is_json = "json" in self.headers.get("Content-Type", "")
        fields = json.loads(body) if is_json else dict(urllib.parse.parse_qsl(body))
        native_id = self.graph.take(self._parent(), fields["message"])
        time.sleep(self.graph.answer_after)
        self._answer({"id": native_id})

    def do_GET(self) -> None:
        if self.path.split("?")[0].endswith("/comments"):
            self._answer(self.graph.listed(self._parent()))
        else:
            self._answer({"id": PAGE, "name": "Passport Office"})

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _parent(self) -> str:
        return self.path.split("?")[0].split("/")[-2]

    def _answer(self, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            pass  # whoever asked has died meanwhile: that is what the tests are about

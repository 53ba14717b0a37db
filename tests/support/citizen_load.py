"""Citizens who keep writing while things break, and repeat what was not taken, as a platform does."""

import random
import threading
import time

import httpx

from tests.support.parley import OPENING_HOURS, Parley, facebook_comment

REPEAT_SECONDS = 60.0


class CitizenLoad:
    """Sends signed Facebook comments from a thread; afterwards knows which were accepted with a 2xx."""

    def __init__(self, parley: Parley, count: int, per_second: float) -> None:
        self.accepted: list[str] = []
        self.refused: list[int] = []
        self._account = parley.account("facebook")
        self._count = count
        self._pause = 1 / per_second
        self._prefix = f"9{random.randrange(10**14):014d}"
        self._thread = threading.Thread(target=self._run)
        self._failure: BaseException | None = None

    def __enter__(self) -> "CitizenLoad":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            with httpx.Client(timeout=60, trust_env=False) as client:
                for number in range(self._count):
                    began = time.monotonic()
                    self._send(client, f"{self._prefix}_{number + 1}")
                    time.sleep(max(0.0, self._pause - (time.monotonic() - began)))
        except BaseException as failure:
            self._failure = failure

    def _send(self, client: httpx.Client, comment: str) -> None:
        body, headers = facebook_comment(self._account, comment, OPENING_HOURS)
        deadline = time.monotonic() + REPEAT_SECONDS
        while time.monotonic() < deadline:
            try:
                answer = client.post(self._account["webhook"], content=body, headers=headers)
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code == 200:
                self.accepted.append(comment)
                return
            self.refused.append(answer.status_code)
            assert answer.status_code == 503, answer.text
            time.sleep(float(answer.headers["Retry-After"]) / 4)
        raise AssertionError(f"{comment} was not taken within {REPEAT_SECONDS} s")

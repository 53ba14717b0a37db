"""Room as a claim asks for it: what is left of each account and each platform, as columns."""

from typing import Any

from services.publisher.ports import Rooms


def columns_of(rooms: Rooms) -> dict[str, Any]:
    """The names that a claim's statement knows."""
    accounts = list(rooms.of)
    return {
        "most": rooms.all,
        "each": rooms.each,
        "each_on": rooms.each_on,
        "agencies": [agency for agency, _, _ in accounts],
        "platforms": [platform for _, platform, _ in accounts],
        "accounts": [account for _, _, account in accounts],
        "rooms": [rooms.of[account] for account in accounts],
        "open_on": list(rooms.on),
        "open_rooms": list(rooms.on.values()),
    }

"""What comes with a text, as far as platforms tell it alike: addresses, and places on the map."""

from services.ingest.domain.entries import Media

_MOST_ADDRESS_CHARACTERS = 2048


def address(value: object) -> str | None:
    """The address of something attached; None for what is none."""
    if isinstance(value, str) and 0 < len(value) <= _MOST_ADDRESS_CHARACTERS and value.isprintable():
        return value
    return None


def place(latitude: object, longitude: object, *, url: str | None = None, name: str | None = None) -> Media:
    """A place, as a ``geo`` address (RFC 5870) where its coordinates are told in degrees, else as ``url``."""
    if _within(latitude, 90) and _within(longitude, 180):
        url = f"geo:{latitude:.6f},{longitude:.6f}"
    return Media("location", url, name=name)


def _within(degrees: object, most: int) -> bool:
    return isinstance(degrees, int | float) and not isinstance(degrees, bool) and -most <= degrees <= most

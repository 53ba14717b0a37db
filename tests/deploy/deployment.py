"""What the deployment is made of, for the tests of its parts."""

from pathlib import Path
from typing import Final

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
FOLDERS: Final = ("base", "overlays/example")
SERVICES: Final = ("ingest", "policy", "publisher")
OLDEST_AND_NEWEST_KUBERNETES: Final = ("1.31", "1.37")
DRAIN_SECONDS: Final = 10
PORT: Final = 8080
SETTINGS: Final = {
    "PARLEY_DATABASE__URL",
    "PARLEY_DATABASE__MIGRATION_URL",
    "PARLEY_KAFKA__BOOTSTRAP",
    "PARLEY_AUTH__ISSUER",
    "PARLEY_AUTH__JWKS_URL",
    "PARLEY_SECRETS__KEY",
    "PARLEY_SECRETS__OLDER_KEYS",
    "PARLEY_SECRETS__RECEIPTS_KEY",
    "PARLEY_HTTP__PORT",
    "PARLEY_POLICIES__PATH",
    "PARLEY_OPEN311__SERVICES",
    "PARLEY_LOG__LEVEL",
}
_TO_SEAL: Final = {"PARLEY_SECRETS__KEY", "PARLEY_SECRETS__OLDER_KEYS"}
_OF_ALL: Final = (
    SETTINGS
    - _TO_SEAL
    - {
        "PARLEY_DATABASE__MIGRATION_URL",
        "PARLEY_SECRETS__RECEIPTS_KEY",
        "PARLEY_POLICIES__PATH",
        "PARLEY_OPEN311__SERVICES",
    }
)
NEEDED: Final = {
    "ingest": _OF_ALL | _TO_SEAL | {"PARLEY_OPEN311__SERVICES"},
    "policy": _OF_ALL | {"PARLEY_POLICIES__PATH"},
    "publisher": _OF_ALL | _TO_SEAL | {"PARLEY_SECRETS__RECEIPTS_KEY"},
}

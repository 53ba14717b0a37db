"""Open311 GeoReport v2: apps and city sites report to an agency as if it were a 311 call centre.

Here Parley is the server that others write to and read from, so nothing is pushed and nothing is asked: the account is
a jurisdiction (its ``jurisdiction_id``), its secret the ``api_key`` that clients must send to report. One key may open
several jurisdictions. The protocol knows no edit and no deletion, and shows every request to everyone.

Publishing an answer is making it readable there, as ``status_notes``.

Source: GeoReport v2 (wiki.open311.org/GeoReport_v2).
"""

from services.ingest.platforms.base import TOKEN, Platform, Says

PLATFORM = Platform(
    name="open311",
    says=Says("the same fields within ten minutes", reply=False, health=("silence",)),
    secrets={"api_key": TOKEN},
)

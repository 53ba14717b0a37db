"""``/open311/v2``: Open311 GeoReport v2, with Parley as the server that apps and city sites report to."""

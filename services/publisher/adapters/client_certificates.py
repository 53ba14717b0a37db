"""TLS to endpoints: which servers are believed, and with which certificate we name ourselves to whom.

A context is made once for each certificate. OpenSSL reads certificates and keys from files only, so they stand in a
file that nobody else can open for as long as that takes.
"""

import contextlib
import os
import ssl
import tempfile

from services.publisher.callback_ports import Credentials

MOST_KEPT = 200


class ClientCertificates:
    """The TLS contexts of endpoints, by certificate."""

    def __init__(self, trusted: ssl.SSLContext | None = None) -> None:
        self._ours = trusted or ssl.create_default_context()
        self._authorities = trusted.get_ca_certs(binary_form=True) if trusted else None
        self._contexts: dict[tuple[str, str], ssl.SSLContext] = {}

    def context(self, credentials: Credentials) -> ssl.SSLContext:
        """The context for an endpoint. Raises ``ValueError`` where certificate and key do not belong together."""
        if credentials.certificate is None or credentials.private_key is None:
            return self._ours
        pair = (credentials.certificate, credentials.private_key)
        if pair not in self._contexts:
            if len(self._contexts) >= MOST_KEPT:
                self._contexts.clear()
            self._contexts[pair] = self._made(*pair)
        return self._contexts[pair]

    def _made(self, certificate: str, private_key: str) -> ssl.SSLContext:
        context = ssl.create_default_context()
        for authority in self._authorities or ():
            context.load_verify_locations(cadata=authority)
        _load(context, certificate, private_key)
        return context


def check(certificate: str, private_key: str) -> None:
    """Raise ``ValueError`` unless certificate and key are PEM and belong together."""
    _load(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), certificate, private_key)


def _load(context: ssl.SSLContext, certificate: str, private_key: str) -> None:
    """Have ``context`` name us with this certificate (PEM). Raises ``ValueError``."""
    descriptor, path = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(f"{private_key.strip()}\n{certificate.strip()}\n")
        # A key under a pass phrase would otherwise ask for it on the terminal.
        context.load_cert_chain(path, password=lambda: b"")
    except (ssl.SSLError, OSError) as error:
        raise ValueError("The certificate and the key are PEM and belong together; the key has no pass phrase.") from (
            error
        )
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

"""TLS 1.3 to a parameter server that is known by its certificate; see "Encryption" in docs/protocol.md."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence

from sparkflow.ps import wire
from sparkflow.ps.connection import Connection

# Bytes that one call encrypts and sends: its deadline is for all of them together.
_SLICE = 1 << 20


class TlsConnection(Connection):
    """A `Connection` whose frames are encrypted."""

    def _send(self, parts: Sequence[memoryview]) -> None:
        for part in parts:
            for start in range(0, part.nbytes, _SLICE):
                with self._stated():
                    self._socket.sendall(part[start : start + _SLICE])


def connect(sock: socket.socket, certificate: bytes) -> TlsConnection:
    """Return `sock` with TLS on it, if the peer proves to hold the key of `certificate` (X.509, DER).

    Raises
    ------
    ProtocolError
        The peer has another certificate, or speaks no TLS 1.3.
    ConnectionError
        The connection broke, or the socket's timeout passed.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # Whom the certificate names says nothing: it is the fit's own, and no other is trusted.
    context.check_hostname = False
    context.load_verify_locations(cadata=certificate)
    try:
        return TlsConnection(context.wrap_socket(sock))
    except ssl.SSLCertVerificationError as error:
        raise wire.ProtocolError(
            "the peer is not this fit's parameter server: its certificate is another "
            f"({error.verify_message}). Somebody between here and the driver may answer in its place"
        ) from error
    except TimeoutError as error:
        raise ConnectionError(
            f"the parameter server did not shake hands within {sock.gettimeout():g} s"
        ) from error
    except ssl.SSLError as error:
        raise wire.ProtocolError(
            f"the peer does not answer in TLS 1.3, as this fit's parameter server does ({error})"
        ) from error
    except OSError as error:
        raise ConnectionError(f"the connection broke in the TLS handshake: {error}") from error

"""Both sides prove that they know the fit's secret; see "Handshake" in docs/protocol.md."""

from __future__ import annotations

import hashlib
import hmac

NONCE_BYTES = 32


def worker_mac(secret: bytes, server_nonce: bytes, worker_nonce: bytes) -> bytes:
    """Return the worker's proof."""
    return _mac(secret, b"sparkflow worker", server_nonce, worker_nonce)


def server_mac(secret: bytes, server_nonce: bytes, worker_nonce: bytes) -> bytes:
    """Return the server's proof."""
    return _mac(secret, b"sparkflow server", worker_nonce, server_nonce)


def same(one: bytes, other: bytes) -> bool:
    """Compare two MACs in constant time."""
    return hmac.compare_digest(one, other)


def _mac(secret: bytes, *parts: bytes) -> bytes:
    return hmac.new(secret, b"".join(parts), hashlib.sha256).digest()

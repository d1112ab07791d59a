"""The certificates that are trusted when others are asked."""

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """Read once a process, as it takes 20 ms; from `SSL_CERT_FILE` or `SSL_CERT_DIR` where set."""
    return httpx.create_ssl_context()

"""Calling only what is on the open internet: whoever names a URL must not reach our own network through us.

The name is looked up here, right before the connection, and what is connected to is the address that was judged: a name
that answers differently a moment later gets nowhere. Redirects are never followed (`connectors.channels.http`).
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.poolmanager import PoolManager

_TRANSLATED = ip_network("64:ff9b::/96")
"""IPv6 addresses that stand for IPv4 ones (RFC 6052)."""
_LONGEST_S = 30.0
"""A connection lasts no longer: whoever answers a sign at a time would keep everybody else's news waiting."""


def is_open(text: str) -> bool:
    """Whether an address belongs to the open internet, also inside an address of another kind."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            address = inner
    site_local = isinstance(address, IPv6Address) and address.is_site_local
    return address.is_global and not (address.is_multicast or address.is_reserved or site_local)


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


class _End:
    """Cuts a connection when its time is over, also in the middle of an answer whose every sign came in time."""

    def __init__(self, made: socket.socket) -> None:
        self._same = made.dup()  # TLS takes the socket itself over
        self._timer = threading.Timer(_LONGEST_S, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        with suppress(OSError):
            self._same.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """It is needed no more."""
        self._timer.cancel()
        self._same.close()


class _OpenConnection(HTTPSConnection):
    """A connection to an address that was judged, and for a bounded time."""

    def __init__(self, *args: Any, ends: list[_End], **options: Any) -> None:
        super().__init__(*args, **options)
        self._ends = ends

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        self._dns_host = self._judged(name)
        try:
            made = super()._new_conn()
        finally:
            self._dns_host = name  # the certificate is the name's
        self._ends.append(_End(made))
        return made

    def _judged(self, name: str) -> str:
        try:
            found = [str(each[4][0]) for each in socket.getaddrinfo(name, self.port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, f"{name} is not known ({type(error).__name__})") from error
        if not found or not all(is_open(each) for each in found):
            raise NewConnectionError(self, f"{name} is not on the open internet")
        return found[0]


class _OpenAdapter(HTTPAdapter):
    """Has no way to anything but https on the open internet."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools."""
        super().init_poolmanager(*args, **kwargs)
        self._ends: list[_End] = []
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"https": self._pool}  # type: ignore[dict-item]  # only called

    def _pool(self, *args: Any, **options: Any) -> HTTPSConnectionPool:
        made = HTTPSConnectionPool(*args, **options)
        made.ConnectionCls = partial(_OpenConnection, ends=self._ends)  # type: ignore[assignment]  # only called
        return made

    def close(self) -> None:
        """Close every connection."""
        super().close()
        while self._ends:
            self._ends.pop().close()


def confine(session: requests.Session) -> None:
    """From now on this session reaches nothing else."""
    session.adapters.clear()
    session.mount("https://", _OpenAdapter())

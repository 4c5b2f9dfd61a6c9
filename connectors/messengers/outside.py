"""Calling only what is on the open internet: whoever names a URL must not reach our own network through us.

The name is looked up here, right before the connection, and what is connected to is the address that was judged: a name
that answers differently a moment later gets nowhere. Redirects are never followed (`connectors.channels.http`).
"""

from __future__ import annotations

import socket
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


def is_open(text: str) -> bool:
    """Whether an address belongs to the open internet, also inside an address of another kind."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            address = inner
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)


class _OpenConnection(HTTPSConnection):
    """A connection to an address that was judged."""

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        self._dns_host = self._judged(name)
        try:
            return super()._new_conn()
        finally:
            self._dns_host = name  # the certificate is the name's

    def _judged(self, name: str) -> str:
        try:
            found = [str(each[4][0]) for each in socket.getaddrinfo(name, self.port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, f"{name} is not known ({type(error).__name__})") from error
        if not found or not all(is_open(each) for each in found):
            raise NewConnectionError(self, f"{name} is not on the open internet")
        return found[0]


class _OpenPool(HTTPSConnectionPool):
    """Connections of that kind."""

    ConnectionCls = _OpenConnection  # pyright: ignore[reportAssignmentType] -- urllib3 itself assigns a subclass


class _OpenAdapter(HTTPAdapter):
    """Has no way to anything but https on the open internet."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools."""
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"https": _OpenPool}


def confine(session: requests.Session) -> None:
    """From now on this session reaches nothing else."""
    session.adapters.clear()
    session.mount("https://", _OpenAdapter())

"""A network namespace: a node of its own on this machine, with one wire to the database and one to its partners.

Either wire can be cut without either end being told, as a failing switch does. Needs root and iproute2.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.conftest import absent

DATABASE, PARTNERS = "db", "out"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Network:
    """The namespace and its two wires; `number` tells it from others of this machine."""

    name: str
    number: int

    def here(self, wire: str) -> str:
        """The address of this machine's end."""
        return f"10.213.{self.number}.{1 if wire == DATABASE else 5}"

    @property
    def enter(self) -> list[str]:
        """A command to start another one in there with."""
        return ["nsenter", f"--net=/run/netns/{self.name}"]

    def cut(self, wire: str) -> None:
        """Nothing passes any more, and nobody is told."""
        _run("ip", "link", "set", self._end(wire), "down")

    def mend(self, wire: str) -> None:
        """It passes again."""
        _run("ip", "link", "set", self._end(wire), "up")

    def _end(self, wire: str) -> str:
        return f"kv{self.number}{wire}"

    def make(self) -> None:
        """The namespace and both wires."""
        _run("ip", "netns", "add", self.name)
        for wire in (DATABASE, PARTNERS):
            there = f"{self._end(wire)}x"
            first = int(self.here(wire).rpartition(".")[2])
            _run("ip", "link", "add", self._end(wire), "type", "veth", "peer", "name", there)
            _run("ip", "link", "set", there, "netns", self.name)
            _run("ip", "addr", "add", f"{self.here(wire)}/30", "dev", self._end(wire))
            _run("ip", "link", "set", self._end(wire), "up")
            inside = ["ip", "-n", self.name]
            _run(*inside, "addr", "add", f"10.213.{self.number}.{first + 1}/30", "dev", there)
            _run(*inside, "link", "set", there, "up")
        _run("ip", "-n", self.name, "link", "set", "lo", "up")

    def remove(self) -> None:
        """All of it."""
        for wire in (DATABASE, PARTNERS):
            subprocess.run(["ip", "link", "del", self._end(wire)], capture_output=True, check=False)
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, check=False)


@contextmanager
def network() -> Iterator[Network]:
    """One for as long as the block lasts; where it is not allowed the test is skipped by name."""
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("nsenter") is None:
        absent("network namespaces (root, iproute2)")
    number = (os.getpid() * 7 + next(_NUMBERS)) % 250 + 1
    made = Network(name=f"kvitt-{os.getpid()}-{number}", number=number)
    try:
        try:
            made.make()
        except subprocess.CalledProcessError as error:
            absent(f"network namespaces ({error.stderr.decode(errors='replace').strip()})")
        yield made
    finally:
        made.remove()


def _run(*words: str) -> None:
    subprocess.run(words, capture_output=True, check=True)

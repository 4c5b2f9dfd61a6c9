"""What stood in a file before, in little memory: where a text was first seen, for files of any size.

A million references cost some 25 MB: of each only a hash and a number is kept, in two flat arrays (open addressing).
Two texts with the same 64-bit hash would be taken for one; with a million that is one chance in tens of millions.
"""

from __future__ import annotations

from array import array

_SMALLEST = 1 << 10


class Seen:
    """Remembers texts, each with the number it was first given; numbers below zero may say something of their own."""

    __slots__ = ("_count", "_hashes", "_mask", "_numbers", "_room")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._count = 0
        self._empty(_SMALLEST)

    def _empty(self, size: int) -> None:
        """Begin with so many free places, of which two in three will be used."""
        self._hashes, self._numbers = array("q", bytes(8 * size)), array("i", bytes(4 * size))
        self._mask, self._room = size - 1, size * 2 // 3

    def first(self, text: str) -> int:
        """The number a text was first given, 0 when it was not seen."""
        return self._numbers[self._at(hash(text) or 1)]

    def add(self, text: str, number: int) -> int:
        """Remember a text with a number; the number it has when it was seen before, otherwise 0."""
        key = hash(text) or 1
        hashes, mask = self._hashes, self._mask
        at = key & mask
        while found := hashes[at]:  # the same as in `_at`, without a call: this is done for every line of a file
            if found == key:
                return self._numbers[at]
            at = (at + 1) & mask
        hashes[at], self._numbers[at] = key, number
        self._count += 1
        if self._count > self._room:
            self._grow()
        return 0

    def _at(self, key: int) -> int:
        """Where a hash stands, or the free place where it would."""
        hashes, mask = self._hashes, self._mask
        at = key & mask
        while hashes[at] and hashes[at] != key:
            at = (at + 1) & mask
        return at

    def _grow(self) -> None:
        old = zip(self._hashes, self._numbers, strict=True)
        self._empty(len(self._hashes) * 2)
        for key, number in old:
            if key:
                at = self._at(key)
                self._hashes[at], self._numbers[at] = key, number

"""Document type and process identifiers of the Peppol network, out of `document_types.csv` beside this module.

A document type's identifier is `NAMESPACE::Root##CUSTOMIZATION::VERSION` in scheme busdox-docid-qns, that of a process
stands in scheme cenbii-procid-ubl. Source: Peppol code lists 9.7.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

DOCUMENT_SCHEME = "busdox-docid-qns"
PROCESS_SCHEME = "cenbii-procid-ubl"
_NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd"


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentType:
    """One kind of document that can be addressed in the network."""

    key: str
    name: str
    root: str
    customization: str
    version: str
    processes: tuple[str, ...]

    @property
    def namespace(self) -> str:
        """The namespace of its root element."""
        return f"{_NAMESPACE}:{self.root}-2"

    @property
    def id(self) -> str:
        """The identifier, without its scheme."""
        return f"{self.namespace}::{self.root}##{self.customization}::{self.version}"

    @property
    def process(self) -> str:
        """The usual process."""
        return self.processes[0]


@cache
def document_types() -> tuple[DocumentType, ...]:
    """All we know, in the order of the file."""
    text = (files("schemas.ubl") / "document_types.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(_of(row) for row in rows)


def _of(row: dict[str, str]) -> DocumentType:
    return DocumentType(
        key=row["key"],
        name=row["name"],
        root=row["root"],
        customization=row["customization"],
        version=row["version"],
        processes=tuple(row["processes"].split()),
    )


def by_id(identifier: str) -> DocumentType | None:
    """The document type of an identifier, with its scheme before it or not; None when we do not know it."""
    plain = identifier.removeprefix(f"{DOCUMENT_SCHEME}::")
    return next((one for one in document_types() if one.id == plain), None)


def document_type(root: str, customization: str) -> DocumentType | None:
    """The document type of a document, by root element and CustomizationID; None when we do not know it."""
    found = (one for one in document_types() if (one.root, one.customization) == (root, customization))
    return next(found, None)

"""What a structured payment reference is, by issuer and check digit.

ISO 20022 `CdtrRefInf`: type SCOR without issuer is how Norwegian banks carry a KID, issuer ISO an RF reference
(ISO 11649), issuer CUR a Dutch betalingskenmerk. A number whose check digit is wrong is never called a KID or RF.
"""

from __future__ import annotations

import re

from stdnum import iso11649

from hub.model.identity import is_kid
from hub.model.payment import ReferenceKind

_LIKE_KID = re.compile(r"[0-9]{2,24}[0-9-]")
STRUCTURED = "SCOR"
NO_ID = frozenset({"NOTPROVIDED", "NONREF"})
"""How banks write that there is no reference."""


def reference_kind(reference: str, *, code: str = STRUCTURED, issuer: str = "") -> ReferenceKind | None:
    """The kind of a reference with this type code and issuer; None when there is no reference."""
    if not reference:
        return None
    if code != STRUCTURED:
        return ReferenceKind.OTHER
    if issuer == "CUR":
        return ReferenceKind.NL
    if issuer in ("", "ISO") and reference[:2] == "RF" and iso11649.is_valid(reference):
        return ReferenceKind.RF
    if not issuer and is_kid(reference):
        return ReferenceKind.KID
    return ReferenceKind.OTHER


def fails_kid(reference: str, *, code: str = STRUCTURED, issuer: str = "") -> bool:
    """Whether this stands where a KID stands and looks like one, but its check digit is wrong."""
    return code == STRUCTURED and not issuer and _LIKE_KID.fullmatch(reference) is not None and not is_kid(reference)

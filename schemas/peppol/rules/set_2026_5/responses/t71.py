"""Peppol Message Level Response 3 (T71), release 2026.5: common rules, structure (`t71.csv`) and R001.

A receiving access point says with it whether a message could be taken. The official rules have no assert here that can
never fail.
"""

from __future__ import annotations

from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import everywhere
from schemas.peppol.rules.set_2026_5.responses import tables
from schemas.peppol.rules.set_2026_5.responses.peppol_common import COMMON
from schemas.peppol.rules.texts import fill, said
from schemas.ubl.names import MLR

RULES = (
    *COMMON,
    *tables.rules("t71"),
    Rule(
        id="PEPPOL-T71-R001",
        where=everywhere("cbc:CustomizationID"),
        fits=lambda text: tables.squeezed(text).startswith(MLR),
        text=said(
            "The specification identifier is not that of a Message Level Response 3.",
            "Spesifikasjonsidentifikatoren er ikke den for Message Level Response 3.",
            "De specificatie-identificatie is niet die van Message Level Response 3.",
        ),
        hint=fill(f"cbc:CustomizationID = {MLR}"),
        term="tir71-006",
        at=".",
        expected=lambda *_: MLR,
    ),
)

"""Peppol Invoice Response 3 (T111), release 2026.5: common rules, structure (`t111.csv`) and R001 to R008.

Of two rules of a pattern that look at the same Status (`OTH` and `PPD`, or both lists) only the first is asked, as in
Schematron. R005 (reason `PPD` goes with status `PD` only) can never fail as the official set writes it: it asks whether
the answer to a comparison exists, and an answer always does. So it never fails here.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.model.finding import Severity
from schemas.peppol.rules.core import Rule
from schemas.peppol.rules.make import everywhere
from schemas.peppol.rules.set_2026_5.responses import tables
from schemas.peppol.rules.set_2026_5.responses.peppol_common import COMMON
from schemas.peppol.rules.set_2026_5.responses.tables import codes, squeezed
from schemas.peppol.rules.texts import choose, fill, said
from schemas.peppol.rules.view import Nodes, View, every, find, has
from schemas.ubl.names import INVOICE_RESPONSE, INVOICE_RESPONSE_PROFILE
from schemas.xml import Element

_P = "PEPPOL-T111-"
_PROFILES = (INVOICE_RESPONSE_PROFILE, "urn:peppol:bis:billing_with_response")
_TO_BE_EXPLAINED = " CA UQ RE "
_REASON = "cbc:StatusReasonCode"
_LISTS = ("OPStatusAction", "OPStatusReason")


def _reasons(status: Element) -> list[str]:
    """The reason codes of a Status, as written: a space beside one makes it another for these rules."""
    return [node.text or "" for node in every(status, _REASON)]


def _unexplained(view: View) -> Nodes:
    """Responses whose status asks for a reason."""
    found = view.all("cac:Response")
    return [node for node in found if f" {_text(node, 'cbc:ResponseCode')} " in _TO_BE_EXPLAINED]


def _text(node: Element, path: str) -> str:
    found = find(node, path)
    return squeezed(found.text if found is not None else "")


def _other(view: View) -> Nodes:
    return [node for node in view.all("cac:Status") if "OTH" in _reasons(node)]


def _part_paid(view: View) -> Nodes:
    found = [node for node in view.all("cac:Status") if "PPD" in _reasons(node)]
    return [node for node in found if "OTH" not in _reasons(node)]


def _of_list(name: str) -> Callable[[View], Nodes]:
    """Statuses with a reason of a list; one with reasons of both goes with the first list."""

    def where(view: View) -> Nodes:
        return [node for node in view.all("cac:Status") if _first_list(node) == name]

    return where


def _first_list(status: Element) -> str:
    named = {node.get("listID") for node in every(status, _REASON)}
    return next((name for name in _LISTS if name in named), "")


def _listed(rule_id: str, name: str) -> Rule:
    return Rule(
        id=f"{_P}{rule_id}",
        where=_of_list(name),
        holds=lambda node, _: _text(node, _REASON) in codes(name),
        text=said(
            f"The clarification code is not one of {name}, the list it names.",
            f"Avklaringskoden er ikke en kode i {name}, listen den oppgir.",
            f"De toelichtingscode is geen code uit {name}, de lijst die zij noemt.",
        ),
        hint=choose(name),
        term="tir111-015",
        at=_REASON,
        expected=lambda *_: " ".join(sorted(codes(name))),
    )


RULES = (
    *COMMON,
    *tables.rules("t111"),
    Rule(
        id=f"{_P}R001",
        where=_unexplained,
        holds=lambda node, _: has(node, f"cac:Status/{_REASON}"),
        text=said(
            "A status of under query, conditionally accepted or rejected has no clarification code.",
            "Statusen «spørsmål», «godtatt på vilkår» eller «avvist» har ingen avklaringskode.",
            "De status vraag, voorwaardelijk aanvaard of geweigerd heeft geen toelichtingscode.",
        ),
        hint=said(
            "Give at least one code of OPStatusReason or OPStatusAction in cac:Status; text alone is not enough.",
            "Oppgi minst én kode fra OPStatusReason eller OPStatusAction i cac:Status; tekst alene er ikke nok.",
            "Geef minstens één code uit OPStatusReason of OPStatusAction in cac:Status; alleen tekst volstaat niet.",
        ),
        term="tir111-015",
    ),
    Rule(
        id=f"{_P}R002",
        where=_other,
        holds=lambda node, _: has(node, "cbc:StatusReason"),
        text=said(
            "Clarification code OTH stands without an explanation in words.",
            "Avklaringskoden OTH står uten forklaring i tekst.",
            "Toelichtingscode OTH staat er zonder uitleg in woorden.",
        ),
        hint=said(
            "Say in cbc:StatusReason what is meant.",
            "Skriv i cbc:StatusReason hva som menes.",
            "Schrijf in cbc:StatusReason wat bedoeld is.",
        ),
        severity=Severity.WARNING,
        term="tir111-016",
    ),
    Rule(
        id=f"{_P}R003",
        where=everywhere("cbc:CustomizationID"),
        fits=lambda text: squeezed(text).startswith(INVOICE_RESPONSE),
        text=said(
            "The specification identifier is not that of an Invoice Response 3.",
            "Spesifikasjonsidentifikatoren er ikke den for Invoice Response 3.",
            "De specificatie-identificatie is niet die van Invoice Response 3.",
        ),
        hint=fill(f"cbc:CustomizationID = {INVOICE_RESPONSE}"),
        term="tir111-006",
        at=".",
        expected=lambda *_: INVOICE_RESPONSE,
    ),
    Rule(
        id=f"{_P}R004",
        where=_part_paid,
        holds=lambda node, _: has(node, "cbc:StatusReason"),
        text=said(
            "Clarification code PPD (partially paid) stands without an explanation in words.",
            "Avklaringskoden PPD (delvis betalt) står uten forklaring i tekst.",
            "Toelichtingscode PPD (gedeeltelijk betaald) staat er zonder uitleg in woorden.",
        ),
        hint=said(
            "Say in cbc:StatusReason what was paid and what was not.",
            "Skriv i cbc:StatusReason hva som er betalt og hva som ikke er det.",
            "Schrijf in cbc:StatusReason wat wel en wat niet is betaald.",
        ),
        term="tir111-016",
    ),
    Rule(
        id=f"{_P}R005",
        where=_part_paid,
        holds=lambda *_: True,
        text=said(
            "Clarification code PPD goes with status PD only.",
            "Avklaringskoden PPD hører bare til status PD.",
            "Toelichtingscode PPD hoort alleen bij status PD.",
        ),
        hint=said(
            "Give status PD, or another clarification code.",
            "Oppgi status PD, eller en annen avklaringskode.",
            "Geef status PD, of een andere toelichtingscode.",
        ),
        term="tir111-015",
    ),
    _listed("R006", "OPStatusAction"),
    _listed("R007", "OPStatusReason"),
    Rule(
        id=f"{_P}R008",
        where=everywhere("cbc:ProfileID"),
        fits=lambda text: squeezed(text) in _PROFILES,
        text=said(
            "The process identifier is not one an Invoice Response may have.",
            "Prosessidentifikatoren er ikke en som Invoice Response kan ha.",
            "De procesidentificatie is er geen die een Invoice Response mag hebben.",
        ),
        hint=fill(f"cbc:ProfileID = {' / '.join(_PROFILES)}"),
        term="tir111-005",
        at=".",
        expected=lambda *_: " ".join(_PROFILES),
    ),
)

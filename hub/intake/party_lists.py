"""Lists of practices, organisations and users as an office keeps them: templates, and rows with findings by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hub.errors import ConfigurationError
from hub.intake.cells import Cells, Listing, finding, read_rows
from hub.intake.columns import systems
from hub.intake.values import parse_agb
from hub.model.finding import Finding
from hub.model.identity import digits, is_agb, is_bban, is_iban, is_orgnr
from hub.model.quarter import quarter
from hub.programmes.module_context import module
from hub.settings import LANGUAGES

KINDS = ("billing_agent", "care_group", "practice", "clinic")
ROLES = ("provider", "support", "engineer", "finance", "privacy_officer", "auditor")
PRACTICE_COLUMNS = (
    "agb",
    "name",
    "mail",
    "system",
    "module",
    "first_quarter",
    "agreement_date",
    "consent_date",
    "iban",
    "care_group",
)
ORGANISATION_COLUMNS = (
    "kind",
    "code",
    "name",
    "parent",
    "email",
    "invoice_email",
    "account",
    "street",
    "postal_code",
    "city",
    "legal_form",
    "vat_registered",
    "foretaksregisteret",
    "system",
)
USER_COLUMNS = ("login", "name", "role", "organisation", "language")
PRACTICE_TEMPLATE = (
    ";".join(PRACTICE_COLUMNS) + "\n"
    "01099901;EXAMPLE practice;practice@voorbeeld.example;generic;PMO;2024Q1;2023-12-01;2023-12-01;;\n"
)
"""The list to fill in; its second line is an example to be replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeRow:
    """One practice in one module."""

    line: int
    agb: str
    name: str
    mail: str
    system: str
    module: str
    first_quarter: str
    agreement_date: date | None
    consent_date: date | None
    account: str
    care_group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationRow:
    """One organisation; None means "as it is" for one that exists."""

    line: int
    kind: str
    code: str
    name: str
    parent: str
    email: str | None
    invoice_email: str | None
    account: str | None
    street: str | None
    postal_code: str | None
    city: str | None
    legal_form: str | None
    vat_registered: bool | None
    foretaksregisteret: bool | None
    system: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRow:
    """One person who may use the hub."""

    line: int
    login: str
    name: str
    role: str
    organisation: str
    language: str


def read_practices(data: bytes, name: str = "") -> Listing[PracticeRow]:
    """Read a practice list; several modules of one practice stand on several lines."""
    optional = ("system", "agreement_date", "consent_date", "iban", "care_group")
    needed = [column for column in PRACTICE_COLUMNS if column not in optional]
    listing = read_rows(data, name, needed, practice_row, optional)
    differing = _differing(listing.rows)
    bad = {one.line for one in differing}
    return Listing(
        rows=tuple(row for row in listing.rows if row.line not in bad),
        findings=tuple(sorted((*listing.findings, *differing), key=lambda one: one.line or 0)),
    )


def read_organisations(data: bytes, country: str, name: str = "") -> Listing[OrganisationRow]:
    """Read a list of organisations of one country's tenant."""
    needed = ("kind", "code", "name")
    known = tuple(column for column in ORGANISATION_COLUMNS if column not in needed)
    return read_rows(data, name, needed, lambda cells: organisation_row(cells, country), known)


def read_users(data: bytes, name: str = "") -> Listing[UserRow]:
    """Read a list of users."""
    return read_rows(data, name, ("login", "role"), user_row, ("name", "organisation", "language"))


def practice_row(cells: Cells) -> PracticeRow:
    """One practice with everything about it checked."""
    agb = agb_cell(cells, "agb")
    row = PracticeRow(
        line=cells.line,
        agb=agb,
        name=cells.needed("name"),
        mail=cells.passed("mail", cells.needed("mail"), _is_mail, "name@domain"),
        system=_system(cells),
        module=_module(cells),
        first_quarter=_quarter(cells),
        agreement_date=cells.day("agreement_date"),
        consent_date=cells.day("consent_date"),
        account=cells.passed("iban", digits(cells.text("iban")).upper(), is_iban, "IBAN"),
        care_group=parse_agb(cells.text("care_group"))[0],
    )
    for column in ("agreement_date", "consent_date"):
        if not cells.text(column):
            cells.warn("LIST_NO_PAPERS", column)
    return row


def organisation_row(cells: Cells, country: str) -> OrganisationRow:
    """One organisation; AGB and IBAN in the Netherlands, organisation number and BBAN or IBAN in Norway."""
    dutch = country == "NL"
    code = agb_cell(cells, "code") if dutch else digits(cells.needed("code"))
    if not dutch:
        cells.passed("code", code, is_orgnr, "0192: 9, MOD11")
    account = digits(cells.text("account")).upper()
    cells.passed("account", account, lambda text: is_iban(text) or (not dutch and is_bban(text)), "IBAN, BBAN")
    for column in ("email", "invoice_email"):
        cells.passed(column, cells.text(column), _is_mail, "name@domain")
    return OrganisationRow(
        line=cells.line,
        kind=cells.word("kind", KINDS),
        code=code,
        name=cells.needed("name"),
        parent=parse_agb(cells.text("parent"))[0] if dutch else digits(cells.text("parent")),
        account=account or None,
        vat_registered=_yes(cells, "vat_registered"),
        foretaksregisteret=_yes(cells, "foretaksregisteret"),
        **{column: cells.text(column) or None for column in _PLAIN},
    )


_PLAIN = ("email", "invoice_email", "street", "postal_code", "city", "legal_form", "system")


def user_row(cells: Cells) -> UserRow:
    """One user; a provider sees one organisation only, so it must be named."""
    role = cells.word("role", ROLES)
    organisation = cells.text("organisation")
    if role == "provider" and not organisation:
        cells.refuse("LIST_EMPTY", "organisation")
    return UserRow(
        line=cells.line,
        login=cells.needed("login"),
        name=cells.text("name"),
        role=role,
        organisation=organisation,
        language=cells.word("language", LANGUAGES, default="en"),
    )


def agb_cell(cells: Cells, column: str) -> str:
    """An AGB code, its lost leading zero put back."""
    agb, padded = parse_agb(cells.needed(column))
    if padded:
        cells.warn("LIST_LEADING_ZERO", column)
    return cells.passed(column, agb, is_agb, "AGB: 8")


def _system(cells: Cells) -> str:
    """The practice system decides how its lists are read; one we have no map for is proposed at the first list."""
    name = cells.text("system")
    known = sorted({one.name for one in systems()})
    if name and name not in known:
        cells.warn("LIST_WORD", "system", expected=", ".join(known))
    return name


def _module(cells: Cells) -> str:
    name = cells.needed("module").upper()
    try:
        return module(name).name if name else ""
    except ConfigurationError as error:
        cells.refuse("LIST_WORD", "module", expected=error.hint.removeprefix("known: "))
        return ""


def _quarter(cells: Cells) -> str:
    text = cells.needed("first_quarter").upper()
    try:
        return str(quarter(text)) if text else ""
    except ValueError:
        cells.refuse("LIST_NUMBER", "first_quarter", expected="2024Q1")
        return ""


def _yes(cells: Cells, column: str) -> bool | None:
    text = cells.word(column, ("", *_YES, *_NO))
    return text in _YES if text else None


_YES = ("yes", "ja", "true", "1")
_NO = ("no", "nei", "nee", "false", "0")


def _is_mail(text: str) -> bool:
    """The shape of a mail address: whether it is read by anybody is another question."""
    local, at, domain = text.partition("@")
    blank = any(char.isspace() or char in "<>,;\"'" for char in text)
    return bool(local and at and "." in domain and "@" not in domain and not domain.startswith(".")) and not blank


def _differing(rows: Sequence[PracticeRow]) -> list[Finding]:
    """Lines about a practice that contradict its first line, and a practice's module that stands twice."""
    first: dict[str, PracticeRow] = {}
    seen: dict[tuple[str, str], int] = {}
    found: list[Finding] = []
    for row in rows:
        known = first.setdefault(row.agb, row)
        again = seen.setdefault((row.agb, row.module), row.line)
        differing = [name for name in _SAME if getattr(row, name) != getattr(known, name)]
        if differing:
            found.append(finding("LIST_DIFFERS", row.line, ", ".join(differing), expected=str(known.line)))
        elif again != row.line:
            found.append(finding("LIST_TWICE", row.line, expected=str(again)))
    return found


_SAME = ("name", "mail", "system", "account", "care_group")

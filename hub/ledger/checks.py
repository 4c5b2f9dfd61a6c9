"""Whether the journal conserves money: both equations per line, every payment, every row (decisions 19-21)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from hub.ledger.accounts import LINE_MOVES, PAYMENT_MOVES, PAYOUT_MOVES, Account, Posting
from hub.ledger.balances import AMOUNTS, LineMoney, PaymentMoney, line_money, no_money, payment_money
from hub.model.finding import Finding, Severity
from hub.model.money import Money

RULESET = "kvitt-ledger-1"
_PARTS = (
    ("granted", "innvilget", "toegekend"),
    ("refused", "avslått", "afgewezen"),
    ("patient", "pasientdel", "patiëntdeel"),
    ("withdrawn", "trukket", "ingetrokken"),
    ("open", "åpent", "open"),
)


def check(
    postings: Sequence[Posting],
    payments: Mapping[str, Money] | None = None,
    expected: Mapping[str, LineMoney] | None = None,
) -> list[Finding]:
    """Everything about the journal that does not add up; empty when all money is conserved.

    `payments` are the bookings by the hub's payment id as the bank has them. `expected` is each line's money computed
    from decisions and allocations (`expected_money`), to be compared with what the postings say.
    """
    findings = [*_rows(postings), *_keys(postings)]
    mixed = _mixed(postings)
    findings += [_mixed_finding(line) for line in sorted(mixed)]
    sound = [row for row in postings if row.claim_line_id not in mixed]
    lines = line_money(sound)
    findings += [finding for line in sorted(lines) for finding in _line(line, lines[line])]
    findings += _payments(payment_money(sound), payments)
    findings += _nettings(sound)
    for line, money in sorted((expected or {}).items()):
        findings += _compare(line, lines.get(line, no_money(money.claimed.currency)), money)
    return findings


def _rows(postings: Iterable[Posting]) -> Iterator[Finding]:
    for row in postings:
        if row.amount.minor <= 0:
            yield _error("01", row.key, "amount is not positive", "beløpet er ikke positivt", "bedrag is niet positief")
        if not _belongs(row):
            yield _error(
                "02",
                row.key,
                f"money cannot move between {row.debit} and {row.credit} here",
                f"penger kan ikke flyttes mellom {row.debit} og {row.credit} her",
                f"geld kan hier niet tussen {row.debit} en {row.credit} bewegen",
            )


def _belongs(row: Posting) -> bool:
    if Account.UNALLOCATED in row.pair:
        needs_line = Account.DUE in row.pair
        return row.pair in PAYMENT_MOVES and bool(row.payment_id) and bool(row.claim_line_id) == needs_line
    if row.pair in PAYOUT_MOVES:
        return bool(row.practice) and not row.claim_line_id
    return row.pair in LINE_MOVES and bool(row.claim_line_id)


def _keys(postings: Iterable[Posting]) -> Iterator[Finding]:
    seen: set[tuple[str, str]] = set()
    for row in postings:
        if (row.tenant, row.key) in seen:
            yield _error("03", row.key, "key stands twice", "nøkkelen finnes to ganger", "sleutel komt tweemaal voor")
        seen.add((row.tenant, row.key))


def _mixed(postings: Iterable[Posting]) -> set[str]:
    units: dict[str, set[str]] = {}
    for row in postings:
        if row.claim_line_id:
            units.setdefault(row.claim_line_id, set()).add(row.amount.currency)
        if row.payment_id:
            units.setdefault(row.payment_id, set()).add(row.amount.currency)
    return {line for line, currencies in units.items() if len(currencies) > 1}


def _mixed_finding(line: str) -> Finding:
    return _error("04", line, "more than one currency", "mer enn én valuta", "meer dan één valuta")


def _line(line: str, money: LineMoney) -> Iterator[Finding]:
    if not money.decided_in_full:
        yield _error(
            "05",
            line,
            f"claimed {money.claimed} is not granted + refused + patient + withdrawn + open",
            f"krevd {money.claimed} er ikke innvilget + avslått + pasientdel + trukket + åpent",
            f"gedeclareerd {money.claimed} is niet toegekend + afgewezen + patiëntdeel + ingetrokken + open",
        )
    if not money.settled_in_full:
        yield _error(
            "06",
            line,
            f"granted {money.granted} is not received + netted + written off + outstanding",
            f"innvilget {money.granted} er ikke mottatt + motregnet + avskrevet + utestående",
            f"toegekend {money.granted} is niet ontvangen + verrekend + afgeschreven + openstaand",
        )
    for name, nb, nl in _PARTS:
        part: Money = getattr(money, name)
        if part.minor * money.claimed.minor < 0 or (part and not money.claimed):
            yield _error(
                "07", line, f"{name} exceeds the claim", f"{nb} overstiger kravet", f"{nl} buiten de declaratie"
            )
    if money.outstanding.minor * (money.claimed.minor or 1) < 0:
        yield _error(
            "08",
            line,
            f"{-money.outstanding} more was settled than granted: it is owed back or will be netted",
            f"{-money.outstanding} mer er gjort opp enn innvilget: skal tilbake eller motregnes",
            f"{-money.outstanding} meer verrekend dan toegekend: terug te betalen of te verrekenen",
            severity=Severity.WARNING,
        )


def _payments(booked: Mapping[str, PaymentMoney], payments: Mapping[str, Money] | None) -> Iterator[Finding]:
    for payment, money in sorted(booked.items()):
        yield from _payment(payment, money)
    for payment, amount in sorted((payments or {}).items()):
        seen = booked[payment].booked if payment in booked else Money(0, amount.currency)
        if seen != amount:
            yield _error(
                "10",
                payment,
                f"the bank booked {amount}, the journal has {seen}",
                f"banken har bokført {amount}, journalen har {seen}",
                f"de bank boekte {amount}, het journaal heeft {seen}",
            )
    for payment in sorted(set(booked) - set(payments if payments is not None else booked)):
        yield _error(
            "11",
            payment,
            "the bank has no such booking",
            "banken har ingen slik bokføring",
            "de bank kent deze boeking niet",
        )


def _payment(payment: str, money: PaymentMoney) -> Iterator[Finding]:
    parts = (money.allocated, money.returned, money.paid_out, money.no_claim)
    if money.booked != sum(parts, money.unallocated):
        yield _error(
            "09",
            payment,
            f"booked {money.booked} is not allocated + returned + paid out + no claim + unallocated",
            f"bokført {money.booked} er ikke fordelt + returnert + utbetalt + uten krav + ufordelt",
            f"geboekt {money.booked} is niet toegewezen + terug + uitbetaald + zonder declaratie + niet toegewezen",
        )
    if money.unallocated.minor * money.booked.minor < 0 or (money.unallocated and not money.booked):
        yield _error(
            "12",
            payment,
            f"{-money.unallocated} more was allocated than booked",
            f"{-money.unallocated} mer er fordelt enn bokført",
            f"{-money.unallocated} meer toegewezen dan geboekt",
        )


def _nettings(postings: Iterable[Posting]) -> Iterator[Finding]:
    sums: dict[tuple[str, str, str], int] = {}
    for row in postings:
        if Account.NETTED in row.pair or Account.RETURNED in row.pair:
            account = Account.NETTED if Account.NETTED in row.pair else Account.RETURNED
            owner = f"{row.payer}/{row.payee}" if account is Account.NETTED else ""
            key = (account.value, owner, row.amount.currency)
            sums[key] = sums.get(key, 0) + row.into(account).minor
    for (name, owner, currency), minor in sorted(sums.items()):
        if minor:
            rest = Money(minor, currency)
            yield _error(
                "13",
                f"{name} {owner}".strip(),
                f"does not cancel out: {rest}",
                f"går ikke opp: {rest}",
                f"heft elkaar niet op: {rest}",
            )


def _compare(line: str, seen: LineMoney, expected: LineMoney) -> Iterator[Finding]:
    for name in AMOUNTS:
        posted, computed = getattr(seen, name), getattr(expected, name)
        if posted != computed:
            yield _error(
                "14",
                line,
                f"{name} is {posted} in the journal and {computed} from decisions and allocations",
                f"{name} er {posted} i journalen og {computed} etter vedtak og fordelinger",
                f"{name} is {posted} in het journaal en {computed} volgens beslissingen en toewijzingen",
            )


def _error(number: str, where: str, en: str, nb: str, nl: str, *, severity: Severity = Severity.ERROR) -> Finding:
    return Finding(
        code=f"KVITT-LEDGER-{number}",
        severity=severity,
        text={"en": f"{where}: {en}", "nb": f"{where}: {nb}", "nl": f"{where}: {nl}"},
        location=where,
        ruleset=RULESET,
    )

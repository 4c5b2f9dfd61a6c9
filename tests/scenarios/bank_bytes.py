"""Bank files as bytes, written out by hand: camt.053 and camt.054 (.001.02), OCR giro by position."""

from __future__ import annotations

from dataclasses import dataclass

CLINIC_ACCOUNT = "99990101015"
GROUP_ACCOUNT = "NL62TEST0987654321"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """One payment in: amount in major units as text (`640.00`)."""

    amount: str
    kid: str = ""
    text: str = ""
    account: str = ""
    name: str = "Betaler TEST"
    end_to_end: str = "NOTPROVIDED"
    booked: str = "2026-04-21"

    @property
    def minor(self) -> int:
        """The amount in minor units."""
        return int(self.amount.replace(".", ""))


def camt054(*payments: Paid, message: str = "M-054") -> bytes:
    """A notification of the clinic's bank: an entry per payment."""
    entries = "".join(_entry(number, paid, "NOK") for number, paid in enumerate(payments, start=1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"><BkToCstmrDbtCdtNtfctn>'
        f"<GrpHdr><MsgId>{message}</MsgId><CreDtTm>2026-04-22T05:00:00+02:00</CreDtTm></GrpHdr>"
        f"<Ntfctn><Id>{message}-1</Id><CreDtTm>2026-04-22T05:00:00+02:00</CreDtTm>"
        f"<Acct><Id><Othr><Id>{CLINIC_ACCOUNT}</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr></Id><Ccy>NOK</Ccy></Acct>"
        f"{entries}</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n"
    ).encode()


def camt053(*payments: Paid, currency: str = "NOK", message: str = "M-053") -> bytes:
    """The day's statement of the clinic (NOK) or the care group (EUR), with balances that fit."""
    total = sum(paid.minor for paid in payments)
    account = (
        f"<Othr><Id>{CLINIC_ACCOUNT}</Id><SchmeNm><Cd>BBAN</Cd></SchmeNm></Othr>"
        if currency == "NOK"
        else f"<IBAN>{GROUP_ACCOUNT}</IBAN>"
    )
    day = payments[0].booked
    entries = "".join(_entry(number, paid, currency) for number, paid in enumerate(payments, start=1))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>{message}</MsgId><CreDtTm>{day}T23:00:00+02:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>{message}-1</Id><CreDtTm>{day}T23:00:00+02:00</CreDtTm>"
        f"<Acct><Id>{account}</Id><Ccy>{currency}</Ccy></Acct>"
        f"{_balance('OPBD', 100_000, currency, day)}{_balance('CLBD', 100_000 + total, currency, day)}"
        f"{entries}</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


def _balance(kind: str, minor: int, currency: str, day: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{minor // 100}.{minor % 100:02d}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(number: int, paid: Paid, currency: str) -> str:
    amount = f'<Amt Ccy="{currency}">{paid.amount}</Amt>'
    identity = f"<IBAN>{paid.account}</IBAN>" if paid.account[:1].isalpha() else f"<Othr><Id>{paid.account}</Id></Othr>"
    payer = f"<DbtrAcct><Id>{identity}</Id></DbtrAcct>" if paid.account else ""
    kid = (
        f"<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>{paid.kid}</Ref></CdtrRefInf></Strd>"
        if paid.kid
        else ""
    )
    text = f"<Ustrd>{paid.text}</Ustrd>" if paid.text else ""
    return (
        f"<Ntry><NtryRef>{number}</NtryRef>{amount}<CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>"
        f"<BookgDt><Dt>{paid.booked}</Dt></BookgDt><ValDt><Dt>{paid.booked}</Dt></ValDt>"
        "<BkTxCd><Prtry><Cd>230</Cd><Issr>NETS</Issr></Prtry></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{paid.end_to_end}</EndToEndId></Refs>"
        f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>"
        f"<RltdPties><Dbtr><Nm>{paid.name}</Nm></Dbtr>{payer}</RltdPties>"
        f"<RmtInf>{text}{kid}</RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def ocr(*payments: tuple[int, str], total: int | None = None, day: str = "210426") -> bytes:
    """An OCR giro file: (øre, KID) each; `total` other than the sum makes a file whose sums do not fit."""
    records = ["NY000010000080800000001000123450" + "0" * 48, f"NY0900200012345670000001{CLINIC_ACCOUNT}" + "0" * 45]
    for number, (minor, kid) in enumerate(payments, start=1):
        amount = f"NY091030{number:07d}{day}" + "0" * 11 + f"{minor:017d}{kid:>25}000000"
        payer = f"NY091031{number:07d}" + "0" * 26 + f"{day}99990301014" + "0" * 22
        records += [amount, payer]
    said = sum(minor for minor, _ in payments) if total is None else total
    count = len(payments)
    dates = f"{day}{day}{day}"
    records.append(f"NY090088{count:08d}{2 * count + 2:08d}{said:017d}{dates}".ljust(80, "0"))
    records.append(f"NY000089{count:08d}{2 * count + 4:08d}{said:017d}{day}".ljust(80, "0"))
    return ("\n".join(record[:80] for record in records) + "\n").encode("latin-1")

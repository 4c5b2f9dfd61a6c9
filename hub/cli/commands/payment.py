"""kvitt payment: what came in, what it may be for, and what a person decides about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli import payment_approvals
from hub.cli.actors import acting
from hub.cli.output import Json, Lang, Tenant, language, money, plain, put_json, say, table
from hub.errors import ConfigurationError, ContentError

if TYPE_CHECKING:
    from hub.cli.here import Here
    from hub.ledger.accounts import NoClaim
    from hub.model.money import Money
    from hub.pipeline.by_hand import Decided
    from hub.pipeline.wanted import Wanted

Ref = Annotated[str, typer.Argument(metavar="PAYMENT", help="Its id, or how that begins: kvitt payment list.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept with who and when.")]
Claims = Annotated[
    list[str] | None,
    typer.Argument(metavar="CLAIM[:LINE][=AMOUNT]", help="Where it belongs; without amount all that is open there."),
]
NoClaimOption = Annotated[
    str,
    typer.Option(
        "--no-claim",
        metavar="REASON[=AMOUNT]",
        help="What belongs to no claim: advance, cost_ceiling, interest, rounding, other. Without amount the rest.",
    ),
]

_ALLOCATE = """Put a payment on claims; what is over stays unallocated and is asked about, or goes to --no-claim.

Nothing is taken further than what is open: a claim that owes less, another currency, the other direction and more than
the payment has are refused. A credit among the claims is set off against the others of the same payer and payee.

Example: `kvitt payment allocate 3f2a91c0 R000000001=640.00 R000000002 --reason "the payer wrote so"`
"""
_SPLIT = """The same, and refused where anything of the payment would be left over.

Example: `kvitt payment split 3f2a91c0 R000000001=640.00 R000000002=640.00`
"""
_UNDO = """Take back what was allocated, by whomever: new rows in the journal, and nothing is removed.

With --by, the booking by which the bank took the payment back: the claims are open again, both bookings cancel out.

Example: `kvitt payment undo 3f2a91c0 --reason "wrong patient"` or `kvitt payment undo --by 77b0c1d2`
"""
_RETURN = """Money goes back to its payer: it is promised until the booking that took it there is seen.

With --by you name that booking yourself, where it was not found by its account and amount.

Example: `kvitt payment return 3f2a91c0 640.00 --reason "paid twice"`
"""


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(no_args_is_help=True, rich_markup_mode="markdown", help="Bank bookings and where they belong.")
    group.command("list", help="Bookings with what became of them.\n\nExample: `kvitt payment list --state review`")(
        list_
    )
    group.command("show", help="One booking: evidence, suggestions, decisions.\n\nExample: `kvitt payment show 3f2a`")(
        show
    )
    group.command("suggest", help="What it may be for, best first.\n\nExample: `kvitt payment suggest 3f2a`")(suggest)
    group.command("allocate", help=_ALLOCATE)(allocate)
    group.command("split", help=_SPLIT)(split)
    group.command("undo", help=_UNDO)(undo)
    group.command("return", help=_RETURN)(return_)
    group.command("leave", help='Close a question knowingly.\n\nExample: `kvitt payment leave 3f2a --reason "a gift"`')(
        leave
    )
    group.command(
        "same",
        help="It is another booking told again: no money.\n\nExample: `kvitt payment same 3f2a 77b0 --reason seen`",
    )(same)
    group.command(
        "another", help="It is a payment of its own: match it.\n\nExample: `kvitt payment another 3f2a --reason seen`"
    )(another)
    payment_approvals.add(group)
    app.add_typer(group, name="payment")


def list_(
    state: Annotated[list[str] | None, typer.Option("--state", help="Only those in this state; may repeat.")] = None,
    tenant: Tenant = "",
    lang: Lang = "",
    as_json: Json = False,
) -> None:
    """List bookings; exit 5 when one is in question."""
    from hub.cli.here import opened, tenants
    from hub.pipeline import payment_views

    wrong = [each for each in state or () if each not in payment_views.STATES]
    if wrong:
        raise ConfigurationError(f"no state {wrong[0]!r}", hint=f"one of: {', '.join(payment_views.STATES)}")
    body: list[dict[str, Any]] = []
    with opened() as hub:
        for name in tenants(hub, tenant):
            with hub.store.reading(name) as unit:
                body += [{"tenant": name, **each} for each in payment_views.listed(unit, state or ())]
    if as_json:
        put_json({"payments": body})
    else:
        columns = ("payment", "booked", "amount", "", "state", "tier", "unallocated", "why")
        spoken = language(lang)
        table(columns, [_row(each, spoken) for each in body])
    raise typer.Exit(5 if any(each["state"] == "review" for each in body) else 0)


def _row(each: dict[str, Any], spoken: str) -> tuple[object, ...]:
    from hub.pipeline.match_words import said

    amount, left = money(each["amount_minor"]), money(each["unallocated_minor"])
    words = said(each["code"], spoken)
    return (each["short"], each["booked"] or "", amount, each["currency"], each["state"], each["tier"], left, words)


def show(ref: Ref, tenant: Tenant = "", lang: Lang = "", as_json: Json = False) -> None:
    """Show one booking."""
    from hub.cli.here import here
    from hub.pipeline import payment_views

    with here(tenant) as place, place.hub.store.unit(place.tenant) as unit:
        spoken = language(lang, place.language)
        body = payment_views.shown(place.hub, unit, ref, acting("operator"))
    if as_json:
        put_json(body)
        return
    for name, value in body.items():
        if name not in (*_LISTS, "suggestions", "payouts", "short", "tenant") and value not in ("", None, False):
            say(f"{name.removesuffix('_minor'):14} {_word(name, value, spoken)}")
    for name in _LISTS:
        for each in body[name]:
            words = [
                f"{key.removesuffix('_minor')} {_word(key, value, spoken)}"
                for key, value in each.items()
                if value != "" and key != "detail"
            ]
            say(f"{name}: {', '.join(words)}")
    for number in body["payouts"]:
        say(f"kvitt payout tie {number} --booking {body['short']}")
    _say_suggestions(body["short"], body["suggestions"], spoken)


_LISTS = ("evidence", "rejected", "allocations", "decisions", "specification")


def _word(key: str, value: object, spoken: str) -> str:
    """A value for people: amounts with decimals, codes in words, what others wrote on one line."""
    from hub.pipeline.match_words import said

    if key.endswith("_minor") and isinstance(value, int):
        return money(value)
    return said(str(value), spoken) if key in ("code", "why") else plain(str(value), layout="")


def suggest(ref: Ref, tenant: Tenant = "", lang: Lang = "", as_json: Json = False) -> None:
    """Say what a booking may be for; exit 1 when nothing is known."""
    from hub.cli.here import here
    from hub.pipeline import payment_views

    with here(tenant) as place, place.hub.store.reading(place.tenant) as unit:
        spoken = language(lang, place.language)
        found = [each.as_json() for each in payment_views.suggested(place.hub, unit, ref)]
    if as_json:
        put_json({"suggestions": found})
    else:
        _say_suggestions(ref, found, spoken)
    raise typer.Exit(0 if found else 1)


def _say_suggestions(ref: str, found: list[dict[str, Any]], spoken: str) -> None:
    from hub.pipeline.match_words import said

    for number, each in enumerate(found, start=1):
        claims = " ".join(f"{made['claim']}={money(made['amount_minor'])}" for made in each["allocations"])
        why = " ".join(filter(None, (each["tier"], said(each["why"], spoken))))
        say(f"{number}. {claims} ({why}, {each['score']})")
        say(f"   kvitt payment allocate {ref} --suggestion {number}")
    if not found:
        say("no suggestion")


def allocate(
    ref: Ref,
    claims: Claims = None,
    suggestion: Annotated[int, typer.Option("--suggestion", help="Take the suggestion with this number.")] = 0,
    no_claim: NoClaimOption = "",
    reason: Reason = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Allocate a payment."""
    if bool(claims) and suggestion:
        raise typer.BadParameter("name claims or take a suggestion, not both")
    _allocate(ref, claims or [], suggestion, no_claim, reason, tenant, whole=False, as_json=as_json)


def split(
    ref: Ref,
    claims: Claims = None,
    no_claim: NoClaimOption = "",
    reason: Reason = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Allocate the whole of a payment."""
    _allocate(ref, claims or [], 0, no_claim, reason, tenant, whole=True, as_json=as_json)


def _allocate(
    ref: str, claims: list[str], suggestion: int, no_claim: str, reason: str, tenant: str, *, whole: bool, as_json: bool
) -> None:
    from hub.pipeline import by_hand
    from hub.pipeline.wanted import read_wanted

    wanted = [read_wanted(each) for each in claims]

    def step(place: Here) -> Decided:
        chosen = _suggested(place, ref, suggestion) if suggestion else wanted
        aside = _aside(place, ref, no_claim) if no_claim else None
        return by_hand.allocate(
            place.hub, place.tenant, ref, chosen, acting("finance"), reason=reason, aside=aside, whole=whole
        )

    _decide(step, tenant, as_json=as_json)


def _suggested(place: Here, ref: str, number: int) -> list[Wanted]:
    from hub.pipeline import payment_views

    with place.hub.store.reading(place.tenant) as unit:
        found = payment_views.suggested(place.hub, unit, ref)
    if not 0 < number <= len(found):
        raise ContentError(f"there is no suggestion {number}", hint=f"kvitt payment suggest {ref}")
    return list(found[number - 1].wanted)


def _aside(place: Here, ref: str, text: str) -> tuple[NoClaim, Money | None]:
    from hub.ledger.accounts import NoClaim

    name, _, amount = text.partition("=")
    if name not in tuple(NoClaim):
        raise ContentError(f"no reason {name!r}", hint=f"one of: {', '.join(NoClaim)}")
    return NoClaim(name), _amount(place, ref, amount) if amount else None


def _amount(place: Here, ref: str, text: str) -> Money:
    """An amount in the currency of a payment."""
    from hub.pipeline.payment_cases import named
    from hub.pipeline.wanted import amount_of

    with place.hub.store.reading(place.tenant) as unit:
        return amount_of(text, named(unit, ref)[0]["currency"])


def undo(
    ref: Annotated[str, typer.Argument(metavar="PAYMENT", help="The payment; with --by it may be left out.")] = "",
    claims: Annotated[list[str] | None, typer.Argument(metavar="CLAIM", help="Only what is on these.")] = None,
    by: Annotated[str, typer.Option("--by", metavar="REVERSAL", help="The booking that takes it back.")] = "",
    reason: Reason = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Undo allocations."""
    from hub.pipeline import by_hand

    if not ref and not by:
        raise typer.BadParameter("name the payment, or the booking that takes it back: --by")
    if claims and by:
        raise typer.BadParameter("a reversal takes back what it takes back: leave the claims out")

    def step(place: Here) -> Decided:
        if by:
            return by_hand.undo_by(place.hub, place.tenant, ref, by, acting("finance"), reason=reason)
        return by_hand.undo(place.hub, place.tenant, ref, acting("finance"), reason=reason, claim_refs=claims or ())

    _decide(step, tenant, as_json=as_json)


def return_(
    ref: Ref,
    amount: Annotated[str, typer.Argument(help="How much; without it all that is free.")] = "",
    by: Annotated[str, typer.Option("--by", metavar="BOOKING", help="The booking that took it there.")] = "",
    reason: Reason = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Send money back."""
    from hub.pipeline import by_hand

    if amount and by:
        raise typer.BadParameter("the booking says how much went back: leave the amount out")

    def step(place: Here) -> Decided:
        much = _amount(place, ref, amount) if amount else None
        actor = acting("finance")
        return by_hand.give_back(place.hub, place.tenant, ref, actor, reason=reason, amount=much, by=by)

    _decide(step, tenant, as_json=as_json)


def leave(
    ref: Ref,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with who and when.")],
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Leave a payment as it is."""
    from hub.pipeline import by_hand

    _decide(
        lambda place: by_hand.leave(place.hub, place.tenant, ref, acting("finance"), reason=reason),
        tenant,
        as_json=as_json,
    )


def same(
    ref: Ref,
    other: Annotated[str, typer.Argument(metavar="OTHER", help="The booking it tells of again.")],
    reason: Reason = "",
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Say that a booking was told twice."""
    from hub.pipeline import by_hand

    _decide(
        lambda place: by_hand.same(place.hub, place.tenant, ref, other, acting("finance"), reason=reason),
        tenant,
        as_json=as_json,
    )


def another(ref: Ref, reason: Reason = "", tenant: Tenant = "", as_json: Json = False) -> None:
    """Say that a booking is a payment of its own, and match it."""
    from hub.pipeline import by_hand, settle

    def step(place: Here) -> Decided:
        done = by_hand.another(place.hub, place.tenant, ref, acting("finance"), reason=reason)
        settle.settle(place.hub, place.tenant)
        return done

    _decide(step, tenant, as_json=as_json)


def _decide(step: Callable[[Here], Decided], tenant: str, *, as_json: bool) -> None:
    """Carry a decision out and say what is left; exit 5 when it waits for a second person."""
    from hub.cli.here import here
    from hub.store.unit import short_id

    with here(tenant) as place:
        done = step(place)
    if as_json:
        put_json(
            {
                "payment": done.payment,
                "decided": done.kind,
                "amount_minor": done.amount.minor,
                "unallocated_minor": done.unallocated.minor,
                "currency": done.amount.currency,
                "waits": done.waits,
            }
        )
    elif not done.waits:
        say(f"{short_id(done.payment)}: {done.kind} {done.amount}, {done.unallocated} unallocated")
    if done.waits:
        payment_approvals.waits(f"{short_id(done.payment)}: {done.kind} {done.amount}", done.waits, quiet=as_json)

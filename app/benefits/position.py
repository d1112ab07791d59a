"""What a pilot brought and what that cost, class by class. Classes are never added, nor money and time. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.benefits.models import CASH, BenefitClaim, BenefitClass, Measure

_NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Spread:
    """A range: the least, the likely and the most."""

    low: Decimal
    central: Decimal
    high: Decimal

    def less(self, cost: Decimal) -> "Spread":
        return Spread(self.low - cost, self.central - cost, self.high - cost)


@dataclass(frozen=True, slots=True)
class Net:
    """What claims of one class bring in a currency, in hours or in a unit, what it costs, and what is left.

    `of` is the currency, `hours` or the unit.
    """

    of: str
    gross: Spread
    costs: Decimal
    net: Spread


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """The cash that is in a budget line, and the entries that show it."""

    budget_line: str
    ledger_references: tuple[str, ...]
    cash: Net


@dataclass(frozen=True, slots=True)
class ClassPosition:
    """How one class stands.

    Costs are of the claims of this class, whatever they are measured in: `licence_cost` and the like stand
    beside what they cannot be taken from. Cash stands by budget line, and nowhere else.
    """

    benefit_class: BenefitClass
    claims: int
    verified: int
    tiers: tuple[int, ...]
    money: tuple[Net, ...]
    hours: Net | None
    units: tuple[Net, ...]
    budget_lines: tuple[BudgetLine, ...]
    licence_cost: tuple[tuple[str, Decimal], ...]
    implementation_cost: tuple[tuple[str, Decimal], ...]
    training_hours: Decimal
    checking_hours: Decimal


@dataclass(frozen=True, slots=True)
class Proven:
    """Cash that is realised, in the ledger, and verified by finance; net of its costs, by budget line."""

    currency: str
    amount: Decimal
    budget_lines: tuple[BudgetLine, ...]


def position(claims: Sequence[BenefitClaim]) -> list[ClassPosition]:
    """Every class by itself, in their order, also those of which nothing is claimed."""
    return [
        _of_class(kind, [each for each in claims if each.benefit_class is kind])
        for kind in BenefitClass
    ]


def proven(claims: Sequence[BenefitClaim], currency: str) -> list[Proven]:
    """What is proven in cash, by currency; nothing of it is 0 in the given one, and has no budget line."""
    shown = [
        each
        for each in claims
        if each.benefit_class is BenefitClass.CASH_REALISED and each.verified_at is not None
    ]
    return [
        Proven(
            each,
            _total(shown, each, _net),
            _by_line([claim for claim in shown if claim.currency == each]),
        )
        for each in dict.fromkeys([currency, *_currencies(shown)])
    ]


def _of_class(kind: BenefitClass, claims: Sequence[BenefitClaim]) -> ClassPosition:
    in_money = [each for each in claims if each.measure is Measure.MONEY]
    in_hours = [each for each in claims if each.measure is Measure.HOURS]
    in_units = [each for each in claims if each.measure is Measure.UNIT]
    by_line = _by_line(in_money) if kind in CASH else ()
    return ClassPosition(
        benefit_class=kind,
        claims=len(claims),
        verified=sum(each.verified_at is not None for each in claims),
        tiers=tuple(sorted({each.evidence_tier for each in claims})),
        money=() if kind in CASH else _in_money(in_money),
        hours=_net_of("hours", in_hours, _hours_spent) if in_hours else None,
        units=tuple(
            _net_of(unit, [each for each in in_units if each.unit == unit], lambda _: _NOTHING)
            for unit in dict.fromkeys(each.unit or "" for each in in_units)
        ),
        budget_lines=by_line,
        licence_cost=_costs(claims, lambda claim: claim.licence_cost),
        implementation_cost=_costs(claims, lambda claim: claim.implementation_cost),
        training_hours=sum((each.training_hours for each in claims), _NOTHING),
        checking_hours=sum((each.checking_hours for each in claims), _NOTHING),
    )


def _in_money(claims: Sequence[BenefitClaim]) -> tuple[Net, ...]:
    return tuple(
        _net_of(each, [c for c in claims if c.currency == each], _money_spent)
        for each in _currencies(claims)
    )


def _by_line(claims: Sequence[BenefitClaim]) -> tuple[BudgetLine, ...]:
    places = dict.fromkeys((claim.budget_line or "", claim.currency) for claim in claims)
    found = []
    for line, currency in places:
        own = [c for c in claims if (c.budget_line, c.currency) == (line, currency)]
        entries = tuple(c.ledger_reference for c in own if c.ledger_reference is not None)
        found.append(BudgetLine(line, entries, _net_of(currency, own, _money_spent)))
    return tuple(found)


def _net_of(
    of: str, claims: Sequence[BenefitClaim], spent: Callable[[BenefitClaim], Decimal]
) -> Net:
    gross = Spread(
        *(
            sum((getattr(claim, end) for claim in claims), _NOTHING)
            for end in ("low", "central", "high")
        )
    )
    costs = sum((spent(claim) for claim in claims), _NOTHING)
    return Net(of, gross, costs, gross.less(costs))


def _money_spent(claim: BenefitClaim) -> Decimal:
    return claim.licence_cost + claim.implementation_cost


def _hours_spent(claim: BenefitClaim) -> Decimal:
    return claim.training_hours + claim.checking_hours


def costs_of(claim: BenefitClaim) -> Decimal:
    """What is taken from a claim's range: money from money, hours from hours, and nothing from units."""
    if claim.measure is Measure.MONEY:
        return _money_spent(claim)
    return _hours_spent(claim) if claim.measure is Measure.HOURS else _NOTHING


def _net(claim: BenefitClaim) -> Decimal:
    return claim.central - costs_of(claim)


def _currencies(claims: Iterable[BenefitClaim]) -> list[str]:
    return list(dict.fromkeys(claim.currency for claim in claims))


def _total(
    claims: Sequence[BenefitClaim], currency: str, of: Callable[[BenefitClaim], Decimal]
) -> Decimal:
    return sum((of(claim) for claim in claims if claim.currency == currency), _NOTHING)


def _costs(
    claims: Sequence[BenefitClaim], of: Callable[[BenefitClaim], Decimal]
) -> tuple[tuple[str, Decimal], ...]:
    found = ((each, _total(claims, each, of)) for each in _currencies(claims))
    return tuple((currency, amount) for currency, amount in found if amount)

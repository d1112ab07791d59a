"""Drawing a stratified sample that anybody can repeat from its seed. Pure."""

import hashlib
import random
from collections.abc import Collection
from dataclasses import dataclass
from math import ceil

Stratum = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An output that could be drawn, and the stratum that it is in; the reference is unique."""

    reference: str
    stratum: Stratum


def drawn_of(seed: int, candidates: Collection[Candidate], wanted: int) -> list[Candidate]:
    """A sample stratified in proportion, in which every candidate has the same chance.

    Strata, and candidates within them, are put in an order by numbers made of the seed and their names. From a
    start by the same seed every N/n-th is taken, so that each of the N is in n of the N samples which the
    starts give, and a stratum of M candidates gives M·n/N of them, rounded down or up.

    Args:
        seed: repeats the draw, whatever order the candidates come in.
        candidates: N of them.
        wanted: n; all are drawn where there are no more.

    Source: W. G. Madow and L. H. Madow (1944), "On the theory of systematic sampling", Annals of Mathematical
    Statistics 15:1-24, on a list in random order within strata.
    """
    total = len(candidates)
    if total == 0:
        return []
    numbers = {
        stratum: _number(seed, "stratum", *stratum)
        for stratum in {each.stratum for each in candidates}
    }
    ordered = sorted(
        candidates,
        key=lambda each: (
            numbers[each.stratum],
            each.stratum,
            _number(seed, "output", each.reference),
            each.reference,
        ),
    )
    wanted = min(wanted, total)
    start = int(_number(seed, "start") * total)
    return [ordered[(start + place * total) // wanted] for place in range(wanted)]


def marked_twice(seed: int, drawn: Collection[Candidate], share: float) -> set[str]:
    """References of the blind sub-sample: a share of what was drawn, rounded up, by the same seed."""
    # A whole number of outputs may come out a hair above itself.
    wanted = ceil(round(share * len(drawn), 9))
    chosen = sorted(
        (each.reference for each in drawn),
        key=lambda reference: (_number(seed, "second", reference), reference),
    )
    return set(chosen[:wanted])


def digest_of(candidates: Collection[Candidate]) -> str:
    """What a list of candidates is told by: SHA-256 of its references and strata, in order of the references."""
    lines = sorted("\t".join((each.reference, *each.stratum)) for each in candidates)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _number(seed: int, *names: str) -> float:
    return random.Random("/".join((str(seed), *names))).random()  # noqa: S311 - to be repeated, no secret

"""A pasted list of staff, a line each: whom each line means. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MOST: Final = 300
LONGEST: Final = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A line, and whom it means: `person` as the API sends it, or None and `why`."""

    text: str
    person: Mapping[str, Any] | None
    why: str = ""


def lines_of(pasted: str) -> list[str]:
    """What stands in the lines, without blank ones; each once, in their order."""
    texts = (" ".join(line.split()) for line in pasted.splitlines())
    return list(dict.fromkeys(text for text in texts if text))


def meant(text: str, people: Sequence[Mapping[str, Any]]) -> Line:
    """Whom a line means among people whose names or numbers hold it.

    A number goes before a name; a name must be somebody's alone, and whole.
    """
    by_number = [each for each in people if each["external_id"] == text]
    if by_number:
        return Line(text, by_number[0])
    named = [each for each in people if text.casefold() in _names(each)]
    if len(named) == 1:
        return Line(text, named[0])
    if named:
        numbers = ", ".join(str(each["external_id"]) for each in named[:5])
        return Line(text, None, f"Several are called so: give a number ({numbers}).")
    return Line(text, None, "Nobody on the list of staff has this name or number.")


def once_each(lines: Iterable[Line]) -> list[Line]:
    """The lines; of those that mean the same person the first alone keeps them."""
    seen: set[str] = set()
    kept = []
    for line in lines:
        number = line.person["person_id"] if line.person else None
        again = number in seen
        kept.append(Line(line.text, None, "The same person as in a line above.") if again else line)
        if number is not None:
            seen.add(number)
    return kept


def called(person: Mapping[str, Any]) -> str:
    """What a person is called, with their number."""
    name, number = person["display_name"], person["external_id"]
    return f"{name} ({number})" if name else str(number)


# What became of somebody by the code of the API: what would, and what has.
Fates = Mapping[str, tuple[str, str]]


def told(
    lines: Iterable[Line], done: Mapping[str, Any], fates: Fates, *, carried_out: bool
) -> Iterator[tuple[str, str, str, str]]:
    """Each line, whom it means, and what becomes of it: in words, and by the code.

    Args:
        lines: of which those that mean somebody were sent, in their order.
        done: what the bulk route answered, with its rows.
        fates: what it may say.
        carried_out: whether it was done, or looked at alone.
    """
    outcomes = enumerate(done["rows"])
    whys = {each["index"]: each["detail"] for each in done["errors"]}
    for line in lines:
        if line.person is None:
            yield line.text, "", line.why, "rejected"
            continue
        index, outcome = next(outcomes)
        fate = fates.get(outcome)
        said = fate[carried_out] if fate else whys.get(index, "It cannot be done.")
        yield line.text, called(line.person), said, outcome


def _names(person: Mapping[str, Any]) -> set[str]:
    names = (person["display_name"], person["user_name"])
    return {" ".join(name.split()).casefold() for name in names if name}

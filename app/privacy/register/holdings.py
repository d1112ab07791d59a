"""What the register says of a table. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class DataClass(StrEnum):
    """What kind of data a table holds, for whoever decides how long it is kept."""

    IDENTITY = "identity"
    ABSENCES = "absences"
    MEMBERSHIP = "membership"
    TIME_USE = "time_use"
    FEEDBACK = "feedback"
    ACTIVITY = "activity"
    SEATS = "seats"
    DIRECTORY = "directory"
    ACCESS = "access"
    OPERATIONS = "operations"
    GOVERNANCE = "governance"
    AUDIT = "audit"
    NOBODY = "nobody"


class Treatment(StrEnum):
    """What an erasure does to the rows of a person."""

    DELETED = "deleted"
    PSEUDONYMISED = "pseudonymised"
    EMPTIED = "emptied"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Link:
    """How the rows of a person are found: `column` holds what `by` names, or what rows of `through` have as `key`.

    Args:
        column: of the table.
        by: `person_id`, or `external_id` where the table knows people by their number.
        through: another table of the register that leads to the person.
        key: the column of that which `column` holds.
    """

    column: str
    by: str = "person_id"
    through: str | None = None
    key: str = "id"


@dataclass(frozen=True, slots=True)
class Holding:
    """A table, and whom it holds.

    Args:
        table: its name.
        data_class: what kind of data it holds.
        what: what it holds of a person, or why it holds nobody; and why what is kept is kept.
        link: how the rows of a person are found; None where it holds nobody.
        erased: what an erasure does to these rows.
        empties: columns that an erasure empties in them.
        renames: columns that it fills with something random, row by row, because they must be unlike others.
        personal: texts that are the person's own, or say who the person is.
        prose: texts that anybody may have written about anybody, in whatever row: a person's name, number and
            sign-in name are taken out of them. A subject access counts those that are in the person's own rows
            and not `personal`: somebody else wrote them, and may speak of others.
        sealed_since: the column that holds since when a row is sealed: nobody can change its prose from then on,
            and who is named in it is told to whoever erases them.
        hidden: columns that a subject access leaves out: ids of whoever acted, keys, digests.
        plain: every other text, which holds nobody: codes, labels, settings.
    """

    table: str
    data_class: DataClass
    what: str
    link: Link | None = None
    erased: Treatment | None = None
    empties: tuple[str, ...] = ()
    renames: tuple[str, ...] = ()
    personal: tuple[str, ...] = ()
    prose: tuple[str, ...] = ()
    sealed_since: str | None = None
    hidden: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()

    @property
    def holds_people(self) -> bool:
        return self.link is not None

    @property
    def by_others(self) -> tuple[str, ...]:
        """Texts in a person's rows that somebody else may have written."""
        return tuple(name for name in self.prose if name not in self.personal)

    @property
    def is_reached_through(self) -> bool:
        """Whether only another table leads from here to the person."""
        return self.link is not None and self.link.through is not None

    @property
    def treatment(self) -> Treatment:
        """What an erasure does to the rows of a person; there are none where it holds nobody."""
        return self.erased or Treatment.KEPT

"""What a report of usage says, in whatever order of columns, and what snapshots leave out."""

import csv
import io
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.outward.errors import OutwardError
from app.core.periods import DAY, Window
from app.integrations.connections.models import LicenceFlag
from app.integrations.connections.reconciliation import Held, reconciled
from app.integrations.microsoft.reports import app_of, entries_of_csv, entries_of_json
from app.licences.activity.caveats import noted
from app.licences.activity.models import CaveatKind, LicenceActivityCaveat
from tests.usage_systems import EMPTY, FIELDS, HEADINGS

SOME = UUID(int=1)
START = date(2024, 5, 1)
DAYS = st.dates(START, START + timedelta(days=60))
USER = st.builds(
    "{}@{}.example.org".format, st.text("abc,\"' ", min_size=1), st.text("xyz", min_size=1)
)


@given(
    st.lists(
        st.tuples(
            USER, st.dictionaries(st.sampled_from(list(FIELDS)), DAYS | st.sampled_from(EMPTY))
        )
    ),
    st.randoms(use_true_random=False),
)
def test_csv_and_json_say_the_same_in_whatever_order_and_with_whatever_blanks(
    users: list[tuple[str, dict[str, Any]]], chance: Any
) -> None:
    users = [(user.strip(), apps) for user, apps in users if user.strip()]
    names = ["Report Refresh Date", "User Principal Name", "Last Activity Date", "Report Period"]
    names += HEADINGS.values()
    chance.shuffle(names)
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(chance.choice(("", " ")) + name + chance.choice(("", "  ")) for name in names)
    told = []
    for user, apps in users:
        fixed = {"Report Refresh Date": START, "User Principal Name": user, "Report Period": 7}
        said = fixed | {HEADINGS[app]: day for app, day in apps.items()}
        lines.writerow(said.get(name, "") for name in names)
        days = {
            FIELDS[app]: str(day) if isinstance(day, date) else day for app, day in apps.items()
        }
        told.append(
            {
                "reportRefreshDate": str(START),
                "userPrincipalName": user,
                "lastActivityDate": None,
                **days,
            }
        )
    entries = entries_of_csv(text.getvalue().encode())
    assert entries == entries_of_json(told)
    expected = [
        {app: str(day) for app, day in apps.items() if isinstance(day, date)} for _, apps in users
    ]
    assert [dict(entry.last_active) for entry in entries] == expected
    assert all(entry.is_named for entry in entries)


@pytest.mark.parametrize(
    ("column", "app"),
    [
        ("Microsoft Teams Copilot Last Activity Date", "teams"),
        ("microsoftTeamsCopilotLastActivityDate", "teams"),
        ("Copilot Chat Last Activity Date", "copilot_chat"),
        ("copilotChatLastActivityDate", "copilot_chat"),
        (" OneNote Copilot Last Activity Date", "onenote"),
        ("oneNoteCopilotLastActivityDate", "onenote"),
        ("Last Activity Date", "any"),
        ("Display Name", None),
        ("Report Refresh Date", None),
    ],
)
def test_an_app_is_called_the_same_by_every_shape(column: str, app: str | None) -> None:
    assert app_of(column) == app


GOOD = "Report Refresh Date,User Principal Name,Last Activity Date\n2024-05-01,a@b,2024-04-30\n"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe" + GOOD.encode(),
        GOOD.replace("User Principal Name", "User").encode(),
        GOOD.replace("Last Activity Date", "User Principal Name").encode(),
        GOOD.replace("2024-05-01", "").encode(),
        GOOD.replace("2024-05-01", "01/05/2024").encode(),
        GOOD.replace("a@b", "").encode(),
        (GOOD + "2024-05-01,c@").encode(),
        (GOOD + '2024-05-01,"c@').encode(),
        b'{"error": "x"}',
    ],
)
def test_what_is_no_report_or_only_part_of_one_is_refused(body: bytes) -> None:
    assert len(entries_of_csv(GOOD.encode())) == 1
    with pytest.raises(OutwardError) as caught:
        entries_of_csv(body)
    assert caught.value.code == "malformed_answer"


@given(st.lists(st.tuples(DAYS, st.booleans()), min_size=1, max_size=12))
def test_what_snapshots_leave_out_is_noted_once_and_to_the_day(
    snapshots: list[tuple[date, bool]],
) -> None:
    """In whatever order reports come: no two notes of a kind overlap, and the last one says how names stand now."""
    held: dict[tuple[CaveatKind, date], date | None] = {}
    was_named: bool | None = None
    named_days: set[date] = set()
    for made_on, is_named in snapshots:
        days = Window(made_on - timedelta(days=5), made_on + DAY)
        found = noted(_rows(held), days, is_named=is_named)
        assert found.is_break == (was_named is not None and was_named != is_named)
        held = {key: end for key, end in held.items() if key not in found.drop} | found.keep
        again = noted(_rows(held), days, is_named=is_named)
        assert (again.keep, again.drop, again.is_break) == ({}, set(), False)
        was_named = is_named
        if is_named:
            named_days |= {days.starts_on + n * DAY for n in range(days.days)}
        for kind in CaveatKind:
            ends = sorted((first, end or date.max) for (k, first), end in held.items() if k is kind)
            assert all(first < end for first, end in ends)
            assert all(one[1] < other[0] for one, other in pairwise(ends))
        covered = [
            Window(f, e or date.max) for (k, f), e in held.items() if k is CaveatKind.LAST_DAYS_ONLY
        ]
        assert sum(window.days for window in covered) == len(named_days)
        assert all(any(day in window for window in covered) for day in named_days)
        is_open = any(
            end is None for (k, _), end in held.items() if k is CaveatKind.NAMES_CONCEALED
        )
        assert is_open is not is_named


def _rows(held: dict[tuple[CaveatKind, date], date | None]) -> list[LicenceActivityCaveat]:
    return [
        LicenceActivityCaveat(
            organisation_id=SOME, product="P", kind=kind, starts_on=first, ends_on=end
        )
        for (kind, first), end in held.items()
    ]


def test_counts_of_one_product_are_added_up_and_what_is_not_told_does_not_differ() -> None:
    told = [
        {"product": "A", "purchased": 10, "assigned": 4},
        {"product": "A", "purchased": 5, "assigned": 8},
        {"product": "B", "purchased": None, "assigned": 7},
        {"product": "C", "purchased": 1, "assigned": 1},
    ]
    here = {"A": Held(15, 11, 2), "B": Held(9, 7, 1), "D": Held(1, 1, 1)}
    found = {each.product: list(each.flags) for each in reconciled(told, here, {"E"})}
    assert found == {"A": [LicenceFlag.ASSIGNED_DIFFERS], "B": []}

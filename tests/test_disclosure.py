"""What cannot be worked out: from weeks and their total, from anonymous answers, from flags and themes."""

from app.access.permissions import Role
from tests.council import Council, good, people
from tests.feedback import answer, feedback_pilot, take
from tests.time_use import member_of, pilot_of, read, record, recorded

W = ("2024-04-01", "2024-04-08", "2024-04-15", "2024-04-22", "2024-04-29")


async def test_five_staff_are_not_ten_writers(council: Council) -> None:
    """One answer a person and week, as the rules have it: named in one week, anonymous in the next."""
    client = await council.admin()
    staff = [f"E{n}" for n in range(1, 6)]
    path = await feedback_pilot(client, *staff)
    await take(
        client,
        path,
        *[answer(n, W[0], liked=f"by {n}") for n in staff],
        *[answer(None, W[1], liked=f"secret {n}") for n in staff],
    )
    page = good(await client.get(f"{path}/feedback-comments"))
    assert page["items"] == []


async def test_three_staff_are_not_six_people(council: Council) -> None:
    client = await council.admin()
    staff = ["E1", "E2", "E3"]
    path = await feedback_pilot(client, *staff)
    await take(
        client,
        path,
        *[answer(n, W[0], satisfaction=5) for n in staff],
        *[answer(None, W[1], satisfaction=1) for n in staff],
    )
    analyst = await council.as_role(Role.ANALYST)
    found = good(await analyst.get(f"{path}/metrics/feedback"))["figures"]["satisfaction_mean"]
    assert found["suppressed"], found


async def test_comments_are_of_members_and_windows(council: Council) -> None:
    """Nine people who are no members, in the year 1900's weeks, let one member's text be shown."""
    client = await council.admin()
    path = await feedback_pilot(client, "E1")
    others = [f"X{n}" for n in range(9)]
    await people(client, *others)
    result = await take(
        client,
        path,
        *[answer(n, "1999-04-05", liked="filler") for n in others],
        answer("E1", W[0], liked="my manager is unfair"),
    )
    assert result["uncounted"]["outside_members"] == 9
    items = good(await client.get(f"{path}/feedback-comments"))["items"]
    assert "my manager is unfair" not in [i["text"] for i in items]


async def test_a_withheld_week_does_not_follow_from_the_total(council: Council) -> None:
    client = await council.admin()
    staff = [f"E{n}" for n in range(1, 7)]
    path = await feedback_pilot(client, *staff)
    rows = [
        answer(n, w, satisfaction=s, minutes_saved_per_day=10.0)
        for w in W[:2]
        for n, s in zip(staff, (5, 4, 3, 5, 4, 3), strict=True)
    ]
    await take(client, path, *rows, answer("E3", W[2], satisfaction=1, minutes_saved_per_day=-77))
    analyst = await council.as_role(Role.ANALYST)
    found = good(await analyst.get(f"{path}/metrics/feedback"))
    for slug, secret in (("satisfaction_mean", 1), ("minutes_saved_self_reported_mean", -77)):
        weeks = {w["starts_on"]: w[slug] for w in found["weekly"]}
        assert weeks[W[2]]["suppressed"]
        total = found["figures"][slug]
        left = (total["numerator"] or 0) - sum(w["numerator"] or 0 for w in weeks.values())
        assert total["suppressed"] or left != secret, (slug, left)


async def test_one_persons_theme_is_not_five_people(council: Council) -> None:
    client = await council.admin()
    path = await feedback_pilot(client, *[f"E{n}" for n in range(1, 7)])
    await take(client, path, *[answer("E1", w, themes=["bullying"]) for w in W])
    found = good(await client.get(f"{path}/feedback-summary"))
    assert found["themes"] == []


async def test_a_withheld_week_is_not_recovered_by_subtraction(council: Council) -> None:
    admin, path = await pilot_of(council, [member_of(n) for n in range(1, 7)])
    rows = [recorded(n, "2024-02-27", c, 60 + n) for n in range(1, 7) for c in ("visit", "forms")]
    rows += [recorded(n, "2024-03-12", c, 60 + n) for n in range(1, 7) for c in ("visit", "forms")]
    rows += [recorded(3, "2024-03-05", "forms", 77), recorded(3, "2024-03-05", "visit", 11)]
    await record(admin, path, rows)
    analyst = await council.as_role(Role.ANALYST)
    found = await read(analyst, path)
    weeks = {w["starts_on"]: w["admin_share"] for w in found["weekly"]}
    assert weeks["2024-03-04"]["suppressed"]
    total = found["pilot"]["admin_share"]
    left = [total[k] - sum(w[k] or 0 for w in weeks.values()) for k in ("numerator", "denominator")]
    assert total["suppressed"] or left != [77, 88], left


async def test_flags_of_a_withheld_change_tell_nothing(council: Council) -> None:
    admin, path = await pilot_of(council, [member_of(1)])
    rows = [
        recorded(1, "2024-02-06", "email_scheduling", 1200),
        recorded(1, "2024-02-06", "visit", 300),
        recorded(1, "2024-03-05", "email_scheduling", 60),
        recorded(1, "2024-03-05", "visit", 300),
    ]
    await record(admin, path, rows)
    analyst = await council.as_role(Role.ANALYST)
    change = (await read(analyst, path))["change"]
    assert change["suppressed"]
    assert not {f["code"] for f in change["flags"]} & {"implausible_change", "definition_sensitive"}

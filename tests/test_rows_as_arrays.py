"""Rows read as arrays: ids found among others, and no statement built once that depends on who asks."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col

from app.access.scoping import scoped_once
from app.core.arrays import array_of, ids_of, places_in
from app.metrics.feedback.answers import NOBODY, Given
from app.pilots.models import Pilot

# Ends in zeros, which arrays of bytes do not tell from nothing.
ids = st.one_of(st.uuids(), st.integers(0, 3).map(lambda n: UUID(int=n << 120)))


@given(st.lists(ids, unique=True), st.lists(ids))
def test_ids_are_found_where_they_are(known: list[UUID], wanted: list[UUID]) -> None:
    found = places_in(array_of(known), array_of(wanted)).tolist()
    assert found == [known.index(each) if each in known else -1 for each in wanted]
    assert ids_of(array_of(known)) == known


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(NOBODY, 4))))
def test_answers_are_of_as_many_people_as_counting_finds(told: list[tuple[int, int]]) -> None:
    week = np.array([7 * n for n, _ in told], dtype=np.int32)
    person = np.array([who for _, who in told], dtype=np.intp)
    found = Given(week, person, np.ones(len(told)))
    named = {who for _, who in told if who != NOBODY}
    weeks = [n for n, _ in told]
    assert found.people == max([len(named), *(weeks.count(n) for n in weeks)])
    alone = sum(who == NOBODY for _, who in told)
    assert len(set(found.whose().tolist())) == len(named) + alone
    assert found.is_of_unknown_people == (alone > 0 and len(set(weeks)) > 1)


def test_what_depends_on_who_asks_is_not_built_once() -> None:
    with pytest.raises(TypeError, match="Pilot"):
        scoped_once(Pilot, col(Pilot.id))


_THREADS = """
import app.metrics.breakdowns, numpy, pathlib
many = numpy.ones((500, 500))
numpy.linalg.eigh(many @ many.T)
print(len(list(pathlib.Path("/proc/self/task").iterdir())))
"""


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted on Linux")
def test_linear_algebra_has_no_threads_of_its_own() -> None:
    """Of requests on a busy machine they waited for one another, ten times as long as they worked."""
    ours = {name: value for name, value in os.environ.items() if "OPENBLAS" not in name}
    done = subprocess.run(
        [sys.executable, "-c", _THREADS],
        env=ours,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.split() == ["1"]

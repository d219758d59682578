"""A look at all live sessions: whole where they are few, a bounded sample where they are many."""

from typing import Any

import pytest

from dvauth.sessions.record import Principal
from dvauth.sessions.survey import SessionSurvey


@pytest.fixture
def survey(desk: Any) -> SessionSurvey:
    return SessionSurvey(desk.connection, desk.store)


def test_few_sessions_are_all_looked_at(desk: Any, survey: SessionSurvey) -> None:
    assert (survey.sample().total, survey.sample().is_whole) == (0, True)
    opened = {desk.open().record.ref for _ in range(5)}
    sample = survey.sample()
    assert {record.ref for record in sample.records} == opened
    assert (sample.total, survey.total(), sample.is_whole) == (5, 5, True)


def test_of_many_no_more_than_asked_for_are_read(desk: Any, survey: SessionSurvey) -> None:
    for number in range(1000):
        desk.open(Principal(account_id=f"account{number:05d}"))
    sample = survey.sample(most=400)
    assert sample.total == 1000
    assert 300 <= len(sample.records) <= 500  # each bucket gives its share, rounded
    assert not sample.is_whole
    assert len({record.ref for record in sample.records}) == len(sample.records)


def test_sessions_that_are_gone_are_not_counted(desk: Any, survey: SessionSurvey) -> None:
    opened = [desk.open() for _ in range(4)]
    desk.connection.client.delete(f"dvauth:{{{opened[0].record.ref.bucket}}}:session:{opened[0].record.ref.session_id}")
    sample = survey.sample()
    assert (sample.total, len(sample.records)) == (3, 3)

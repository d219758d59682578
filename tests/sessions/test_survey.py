"""A look at all live sessions: whole where they are few, a bounded sample where they are many."""

from typing import Any

import pytest

from dvauth.sessions.record import Origin, Principal
from dvauth.sessions.survey import SessionSurvey


@pytest.fixture
def survey(desk: Any) -> SessionSurvey:
    return SessionSurvey(desk.connection, desk.store)


def test_few_sessions_are_all_looked_at(desk: Any, survey: SessionSurvey) -> None:
    assert (survey.sample().total, survey.sample().records) == (0, [])
    opened = {desk.open().record.ref for _ in range(5)}
    sample = survey.sample()
    assert {record.ref for record in sample.records} == opened
    assert (sample.total, survey.total()) == (5, 5)


def test_of_many_no_more_than_asked_for_are_read(desk: Any, survey: SessionSurvey) -> None:
    for number in range(1000):
        desk.open(Principal(account_id=f"account{number:05d}"))
    for most in (1, 400, 999):
        sample = survey.sample(most=most)
        assert (sample.total, len(sample.records)) == (1000, most)
        assert len({record.ref for record in sample.records}) == most


@pytest.mark.parametrize("sessions", [10, 1000])
def test_a_look_is_three_round_trips_however_many_there_are(
    desk: Any, survey: SessionSurvey, monkeypatch: pytest.MonkeyPatch, sessions: int
) -> None:
    for number in range(sessions):
        desk.open(Principal(account_id=f"account{number:05d}"))
    trips = []
    # On this pool alone: keepers of other tests, still closing in their threads, have pools of the same class.
    pool = desk.connection.client.connection_pool
    monkeypatch.setattr(pool, "release", counting(pool.release, trips))
    survey.sample(most=400)
    assert len(trips) == 3


def counting(act: Any, trips: list[Any]) -> Any:
    def counted(*given: Any) -> Any:
        trips.append(given)
        return act(*given)

    return counted


def test_sessions_that_are_gone_are_not_counted(desk: Any, survey: SessionSurvey) -> None:
    opened = [desk.open() for _ in range(4)]
    desk.connection.client.delete(f"dvauth:{{{opened[0].record.ref.bucket}}}:session:{opened[0].record.ref.session_id}")
    sample = survey.sample()
    assert (sample.total, len(sample.records)) == (3, 3)


def test_a_look_from_a_portal_knows_the_last_activity_there(desk: Any, survey: SessionSurvey) -> None:
    opened = desk.open()
    desk.pass_time(minutes=1)
    desk.keeper.check(opened.cookie, desk.at_news, activity=True)
    (seen,) = survey.sample(portal=desk.news).records
    assert seen.portals["news"].at == desk.clock.now()
    (elsewhere,) = survey.sample().records
    assert elsewhere.portals == {}


def test_a_look_reads_no_origins_and_a_list_does(desk: Any, survey: SessionSurvey) -> None:
    opened = desk.open(origin=Origin(address="203.0.113.7", user_agent="Chrome"))
    (seen,) = survey.sample().records
    assert seen.origin == Origin()
    (listed,) = desk.store.read_anywhere([opened.record.ref])
    assert listed.origin.address == "203.0.113.7"

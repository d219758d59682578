"""Logouts that wait for Redis."""

from dataclasses import asdict

from sqlalchemy import insert

from dvauth.audit.late_logouts import LateLogout, LateLogouts
from dvauth.audit.models import LateLogoutRow
from dvauth.storage.sql import Database

MORE_THAN_A_STATEMENT_HOLDS = 66_000  # values; PostgreSQL takes 65,535


def test_however_many_wait_each_is_told_once_and_forgotten(any_database: Database) -> None:
    numbers = range(MORE_THAN_A_STATEMENT_HOLDS)
    late = [LateLogout("a1", f"session{number}", number.to_bytes(32)) for number in numbers]
    with any_database.session() as sql:
        sql.execute(insert(LateLogoutRow), [asdict(each) for each in late])
    told: list[LateLogout] = []
    logouts = LateLogouts(any_database)
    while waiting := logouts.waiting():
        told += waiting
        logouts.forget(waiting)
    assert len(told) == len(set(told)) == MORE_THAN_A_STATEMENT_HOLDS

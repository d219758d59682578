from typing import Any


def test_live_needs_nothing_and_ready_needs_all(site: Any, browser: Any) -> None:
    assert browser.get("/health/live").status_code == 200
    assert browser.get("/health/ready").status_code == 200
    site.parts.watch.close()
    site.parts.watch._asked_at -= 3
    site.parts.database.close()
    (site.parts.settings.data_dir / "dvauth.sqlite3").unlink()
    assert browser.get("/health/live").status_code == 200
    answer = browser.get("/health/ready")
    assert answer.status_code == 503
    assert answer.get_json()["missing"] == ["redis", "sql"]

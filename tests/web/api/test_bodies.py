"""What is no JSON is told so, whatever it is."""

from typing import Any

import pytest

JSON = "application/json"


@pytest.mark.proves("HP6")
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"username=mai", "application/x-www-form-urlencoded", 415),
        (b'{"username": "mai"}', "text/plain", 415),
        (b"{", JSON, 400),
        (b"", JSON, 400),
        (b"\xff", JSON, 400),
        (b"[" * 9000, JSON, 400),
        (b'{"username": "' + b"x" * 20_000 + b'"}', JSON, 413),
    ],
)
def test_bodies_that_cannot_be_read(site: Any, token: Any, body: bytes, kind: str, status: int) -> None:
    answer = site.app.test_client(use_cookies=False).post(
        "/api/v1/accounts",
        base_url=site.centre,
        data=body,
        content_type=kind,
        headers={"Authorization": f"Bearer {token.text}"},
    )
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.json["status"] == status


def test_unknown_addresses_and_methods_are_problems_even_for_browsers(site: Any, browser: Any) -> None:
    assert browser.get("/api/v1/nowhere").content_type == "application/problem+json"
    refused = browser.client.patch("/api/v1/audit", base_url=site.centre, headers={"Accept": "text/html"})
    assert (refused.status_code, refused.content_type) == (405, "application/problem+json")
    assert "GET" in refused.headers["Allow"]

"""``/embed.js``: the same bytes for everybody."""

import base64
import hashlib
from typing import Any

import pytest

from dvauth.portals.embed_tag import fingerprint, integrity


@pytest.mark.proves("XO7")
def test_script_is_the_same_with_and_without_a_session(site: Any, browser: Any) -> None:
    stranger = site.browser().get("/embed.js?callback=x")
    browser.log_in("bob")
    known = browser.get("/embed.js")
    assert stranger.data == known.data
    assert known.content_type == "text/javascript; charset=utf-8"
    assert known.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Set-Cookie" not in known.headers


def test_unchanged_script_is_not_sent_again(browser: Any) -> None:
    etag = browser.get("/embed.js").headers["ETag"]
    assert browser.get("/embed.js", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.proves("HD8")
def test_version_of_a_fingerprint_never_changes_and_has_an_integrity_value(browser: Any) -> None:
    frozen = browser.get(f"/embed.{fingerprint()}.js")
    assert "immutable" in frozen.headers["Cache-Control"]
    assert integrity() == "sha384-" + base64.b64encode(hashlib.sha384(frozen.data).digest()).decode()
    assert browser.get("/embed.0123456789abcdef.js").status_code == 404

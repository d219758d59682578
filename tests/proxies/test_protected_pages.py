"""Pages that a proxy opens only to people whom ``/verify`` lets through."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.proxies.conftest import NAVIGATION
from tests.waiting import eventually

PAGE = "/editor/bai-vi%E1%BA%BFt?a=1&b=%26&q=x+y"


@pytest.mark.proves("HP2", "CO4")
def test_strangers_are_sent_to_the_login_and_fetches_are_refused(site: Any) -> None:
    sent = site.ask(PAGE, NAVIGATION)
    assert sent.status == 303
    came_from = "%2Feditor%2Fbai-vi%25E1%25BA%25BFt%3Fa%3D1%26b%3D%2526%26q%3Dx%2By"
    here = site.url("news", "").replace(":", "%3A").replace("/", "%2F")
    assert sent.headers["Location"] == f"{site.url('news', '')}/dvauth/enter?return_to={here}{came_from}"
    fetched = site.ask(PAGE, {"Sec-Fetch-Mode": "cors"})
    assert (fetched.status, fetched.headers["X-DVAuth-Reason"]) == (401, "anonymous")
    assert fetched.headers["WWW-Authenticate"].startswith("DVAuth")
    for answer in (sent, fetched):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Set-Cookie"] is None
    assert [asked for asked in site.programs.asked if asked["target"] == PAGE] == []


@pytest.mark.parametrize("query", ["q=a\\b", "q=" + "x" * 3000])
def test_strange_addresses_keep_nobody_out_who_is_logged_in(site: Any, query: str) -> None:
    assert site.ask(f"/editor/?{query}", NAVIGATION, cookie=site.log_in("editor", account="an")).status == 200
    assert site.ask(f"/editor/?{query}", NAVIGATION).status == 303


def test_people_are_let_in_and_the_programs_told_who_they_are(site: Any) -> None:
    cookie = site.log_in("editor", "reader", account="an")
    seen = site.ask(PAGE, NAVIGATION, cookie=cookie)
    assert seen.json["target"] == PAGE
    assert seen.received("X-DVAuth-Account") == ["an"]
    assert seen.received("X-DVAuth-Roles") == ["editor,reader"]
    assert len(seen.received("X-DVAuth-Session")) == 1
    assert seen.headers["X-DVAuth-Session"] is None
    saved = site.ask("/editor/save", {"Content-Type": "text/plain"}, method="POST", body=b"text", cookie=cookie)
    assert (saved.json["method"], saved.json["body"]) == ("POST", "text")


def test_whoever_has_no_role_is_told_to_have_none(site: Any) -> None:
    seen = site.ask("/editor/", {"X-DVAuth-Roles": "admin"}, cookie=site.log_in())
    assert seen.received("X-DVAuth-Roles") in ([], [""])


def test_the_ended_are_told_why(site: Any) -> None:
    cookie = site.log_in("editor", account="binh")
    assert site.ask("/editor/", cookie=cookie).status == 200
    site.end("binh")
    refused = site.ask("/editor/", cookie=cookie)
    assert (refused.status, refused.headers["X-DVAuth-Reason"]) == (401, "revoked")


def test_another_portals_cookie_opens_nothing(site: Any) -> None:
    assert site.ask("/editor/", cookie=site.log_in("editor", portal="cms")).status == 401


@pytest.mark.parametrize("rubbish", ["", "x", "%00", '"', "a" * 4000, "é"])
def test_rubbish_for_a_cookie_is_nobody(site: Any, rubbish: str) -> None:
    assert site.ask("/editor/", {"Cookie": f"__Host-dvauth={rubbish}"}).status == 401


@pytest.mark.parametrize(
    "sent",
    [
        {"method": "GET"},
        {"method": "POST", "body": b"text"},
        {"method": "PUT", "body": b"text", "headers": {"Transfer-Encoding": "chunked"}},
    ],
)
def test_the_judge_gets_the_address_and_no_body(mirror: Any, sent: dict[str, Any]) -> None:
    mirror.programs.asked.clear()
    mirror.ask("/editor/x?a=%2F", **sent)
    verify, page = mirror.programs.asked
    assert verify["method"] == "GET"
    assert verify["target"].partition("?")[0] == "/verify"
    assert verify["body"] == ""
    told = {name.lower(): value for name, value in verify["headers"]}
    assert told["x-original-url"] == mirror.url("news", "/editor/x?a=%2F")
    assert told["x-original-method"] == sent["method"]
    assert "transfer-encoding" not in told
    assert told.get("content-length", "0") == "0"
    assert (page["method"], page["body"]) == (sent["method"], sent.get("body", b"").decode())


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (303, {"Location": "https://portal.test/dvauth/enter?return_to=https%3A%2F%2Fportal.test%2F%25"}),
        (401, {"WWW-Authenticate": "DVAuth", "X-DVAuth-Reason": "idle"}),
    ],
)
def test_whoever_is_refused_is_judged_once(mirror: Any, status: int, headers: dict[str, str]) -> None:
    """The judge would let them in if it were asked again: they have logged in meanwhile."""
    mirror.programs.asked.clear()
    mirror.programs.refusals.append((status, headers))
    refused = mirror.ask("/editor/", NAVIGATION)
    assert len(mirror.programs.asked) == 1
    assert refused.status == status
    assert {name: refused.headers.get_all(name) for name in headers} == {name: [headers[name]] for name in headers}
    assert refused.headers["X-DVAuth-Account"] is None


@pytest.mark.proves("HP7")
def test_while_nobody_can_judge_nobody_gets_in_and_nobody_is_sent_away(site: Any) -> None:
    cookie = site.log_in("editor")
    with site.redis_hanging():
        refused = site.ask("/editor/", NAVIGATION, cookie=cookie)
    assert (refused.status, refused.headers["X-DVAuth-Reason"]) == (503, "unavailable")
    assert refused.headers["Retry-After"] == "5"
    assert refused.headers["Cache-Control"] == "no-store"
    assert eventually(lambda: site.ask("/editor/", cookie=cookie).status == 200, within=20)


def test_without_dvauth_nobody_gets_in(widow: Any) -> None:
    refused = widow.ask("/editor/", NAVIGATION)
    assert refused.status in {502, 503}
    assert widow.programs.asked == []
    assert widow.ask("/").status == 200


@pytest.mark.proves("CO22")
def test_two_hundred_requests_at_once_are_all_let_in(site: Any) -> None:
    cookie = site.log_in("editor")
    with ThreadPoolExecutor(50) as visitors:
        answers = list(visitors.map(lambda number: site.ask(f"/editor/{number}.png", cookie=cookie), range(200)))
    assert {answer.status for answer in answers} == {200}


def test_programs_in_php_are_told_the_same(site: Any) -> None:
    if site.proxy != "nginx":
        pytest.skip("the file for PHP is nginx's")
    cookie = site.log_in("editor", portal="cms", account="cuc")
    lies = {"X-DVAuth-Account": "an", "X-DVAuth-Roles": "admin", "X_DVAuth_Account": "an", "X-DVAuth-Reason": "r"}
    jar = {"Cookie": f"php=1; __Host-dvauth={cookie}; theme=2"}
    opened = site.ask("/index.php", lies | jar, portal="cms")
    admin = site.ask("/admin/index.php", lies | jar, portal="cms")
    for told, account, roles in ((opened, "", ""), (admin, "cuc", "editor")):
        server = dict(told.json)
        assert len(server) == len(told.json), "no name twice"
        assert server["HTTP_COOKIE"].replace(" ", "") == "php=1;theme=2"
        assert (server["HTTP_X_DVAUTH_ACCOUNT"], server["HTTP_X_DVAUTH_ROLES"]) == (account, roles)
        assert "HTTP_X_DVAUTH_REASON" not in server
    assert site.ask("/admin/index.php", lies, portal="cms").status == 401
    assert site.ask("/admin/", lies, portal="cms").status == 401

"""What a browser does only when no tool holds its pages awake: hiding them for long, and prerendering them."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession

from tests.browser.conftest import Portal, Service, Visitor
from tests.conftest import CHROMIUM, SWITCHES

# After this long in the background a chain of timers runs once a minute; in Chromium as shipped, after five minutes.
THROTTLED = "--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/2"
AWAKE = [
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]


class Tab:
    """A tab that Playwright does not know of, and so does not keep visible. Speaks the protocol itself."""

    def __init__(self, browser: CDPSession, context: str, url: str) -> None:
        self._browser = browser
        self._answers: dict[int, Any] = {}
        self.target = browser.send("Target.createTarget", {"url": url, "browserContextId": context})["targetId"]
        attached = browser.send("Target.attachToTarget", {"targetId": self.target, "flatten": False})
        self._session = attached["sessionId"]
        browser.on("Target.receivedMessageFromTarget", self._hear)

    def activate(self) -> None:
        self._browser.send("Target.activateTarget", {"targetId": self.target})

    def evaluate(self, expression: str) -> Any:
        wanted = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        number = len(self._answers) + 1
        message = json.dumps({"id": number, "method": "Runtime.evaluate", "params": wanted})
        self._browser.send("Target.sendMessageToTarget", {"sessionId": self._session, "message": message})
        while number not in self._answers:
            self._browser.send("Target.getTargets")  # lets events come in
            time.sleep(0.05)
        return self._answers[number]["result"]["result"].get("value")

    def wait_for(self, expression: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self.evaluate(expression):
            assert time.monotonic() < deadline, expression
            time.sleep(0.1)

    def _hear(self, event: Any) -> None:
        answer = json.loads(event["message"])
        if event["sessionId"] == self._session and "id" in answer:
            self._answers[answer["id"]] = answer


@pytest.fixture
def dozing(browser: Browser) -> Iterator[CDPSession]:
    """A browser that lets its hidden tabs doze, as it does for people."""
    chromium = browser.browser_type.launch(
        executable_path=CHROMIUM, args=[*SWITCHES, THROTTLED], ignore_default_args=AWAKE
    )
    yield chromium.new_browser_cdp_session()
    chromium.close()


# Says on the page's own clock how late the prompt came, in ms after the moment that the service's answer set for it.
LATENESS = """(async () => {
    const asked = performance.now();
    const answer = await (await fetch("%s/session", { credentials: "include" })).json();
    const due = asked + (answer.expires_in_seconds - answer.warn_before_seconds) * 1000;
    const note = () => { if (document.title.startsWith("(!)")) window.late ??= performance.now() - due };
    new MutationObserver(note).observe(document.querySelector("title"), { childList: true });
})()"""


@pytest.mark.proves("P15")
def test_a_tab_long_in_the_background_warns_at_most_a_second_late(
    dozing: CDPSession, portal: Portal, service: Service, context: BrowserContext, log_in: Callable[[str], Visitor]
) -> None:
    log_in("dozing")
    (cookie,) = [{key: each[key] for key in ("name", "value", "secure", "httpOnly")} for each in context.cookies()]
    cookie["url"] = service.url.replace("http:", "https:")
    profile = dozing.send("Target.createBrowserContext")["browserContextId"]
    dozing.send("Storage.setCookies", {"cookies": [cookie], "browserContextId": profile})
    tab = Tab(dozing, profile, portal.page("/dozing"))
    tab.wait_for("window.dvauth?.status().state === 'active'", 10)
    Tab(dozing, profile, "about:blank").activate()
    tab.wait_for("document.hidden", 5)
    tab.evaluate(LATENESS % service.url)
    time.sleep(26)  # nobody looks, no evaluation wakes it, and the browser has long begun to let it doze
    late = tab.evaluate("window.late")
    assert late is not None, "no prompt"
    assert -50 <= late <= 1100


PRERENDERED = """<h1>Trang sau</h1><script>
    const asked = () => performance.getEntriesByType("resource").filter(({ name }) => name.endsWith("/session")).length;
    const report = (what) => fetch(`/report?${what}&asked=${asked()}&global=${"dvauth" in window}`);
    if (document.prerendering) setTimeout(() => report("prerendered"), 1500);
    document.addEventListener("prerenderingchange", () => setTimeout(() => report("activated"), 1500));
</script>"""

PRERENDERING = """<script type=speculationrules>
    { "prerender": [{ "source": "list", "urls": ["/after"], "eagerness": "immediate" }] }
</script>
<a href=/after>Trang sau</a>
<script>setTimeout(() => document.querySelector("a").click(), 4000)</script>"""


@pytest.mark.proves("P32")
def test_a_prerendered_page_asks_nothing_until_somebody_sees_it(portal: Portal, tmp_path: Path) -> None:
    """Developer tools forbid prerendering, so nobody watches: the page tells its portal what it did."""
    portal.page("/after", PRERENDERED)
    portal.page("/report", "-", tag="")
    command = [CHROMIUM, *SWITCHES, "--headless=new", f"--user-data-dir={tmp_path}", "--remote-debugging-port=0"]
    before = len(portal.asked)
    with subprocess.Popen([*command, portal.page("/before", PRERENDERING)], stderr=subprocess.DEVNULL) as chromium:
        deadline = time.monotonic() + 20
        while len(reports := [path for path in portal.asked[before:] if path.startswith("/report")]) < 2:
            assert time.monotonic() < deadline, portal.asked[before:]
            time.sleep(0.1)
        chromium.terminate()
    assert reports == ["/report?prerendered&asked=0&global=false", "/report?activated&asked=1&global=true"]

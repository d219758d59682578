"""``make bench-prompt``: what the prompt's script costs a page, and how late it is, beside what was promised.

Sizes are those of the script as the wheel ships it. Requests are counted in compressed time, by the script's own
machine without a browser, which takes for granted that tabs fold theirs; that they do is counted in ten real tabs.
Times are measured in real Chromium against a stand-in for the service that only counts down, so that nothing but the
script is measured. Takes about a minute and a half.
"""

import gzip
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
SWITCHES = ["--no-sandbox", "--disable-gpu"]
# A hidden tab's chained timers run once a minute after this long; in Chromium as shipped, after five minutes.
DOZING = ["--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/2"]
KEPT_AWAKE = [
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]
SCRIPT = files("dvauth") / "static" / "dvauth.min.js"
PAGE = """<!doctype html><html lang=vi><title>Portal</title><script>
    const skipped = { ms: 0 }, now = Date.now;
    Date.now = () => now() + skipped.ms;
    const moment = () => performance.timeOrigin + performance.now();
    const note = () => document.title.startsWith("(!)") && fetch(`/shown?at=${moment()}`);
    new MutationObserver(note).observe(document.querySelector("title"), { childList: true });
</script><script src=/embed.js defer></script><h1>Portal</h1>"""
COVER = """async () => {
    const started = performance.now();
    skipped.ms += 3_600_000;
    dispatchEvent(new Event("focus"));
    while (!document.querySelector("dvauth-prompt")?.shadowRoot.querySelector(".cover[open]"))
        await new Promise((resolve) => setTimeout(resolve));
    return performance.now() - started;
}"""
CLOSED = """() => new Promise((resolve) => {
    const dialog = document.querySelector("dvauth-prompt").shadowRoot.querySelector("dialog");
    new MutationObserver(() => dialog.open || resolve(performance.timeOrigin + performance.now()))
        .observe(dialog, { attributes: true });
})"""
ANSWERED = """() => performance.timeOrigin + performance.getEntriesByType("resource")
    .filter(({ name }) => name.includes("keep-alive")).at(-1).responseEnd"""


class StandIn:
    """Answers as the service would about one session that nobody uses. Times in seconds, moments in ms since 1970."""

    def __init__(self, idle: float, warn: float) -> None:
        self.idle, self.warn = idle, warn
        self.shown: list[float] = []
        self.asked = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self.touch()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def touch(self) -> None:
        self.ends_at = time.time() + self.idle

    def lateness(self, patience: float) -> float:
        """Milliseconds from the moment of the warning until the page showed it."""
        deadline = time.monotonic() + patience
        while not self.shown and time.monotonic() < deadline:
            time.sleep(0.1)
        return self.shown[0] - (self.ends_at - self.warn) * 1000 if self.shown else float("inf")

    def answer(self, path: str) -> tuple[str, str]:
        if path.startswith("/shown"):
            self.shown.append(float(parse_qs(urlsplit(path).query)["at"][0]))
        if path == "/embed.js":
            return "text/javascript", SCRIPT.read_text("utf-8")
        return ("application/json", json.dumps(self._status())) if path.startswith("/session") else ("text/html", PAGE)

    def _status(self) -> dict[str, Any]:
        self.asked += 1
        left = self.ends_at - time.time()
        if left <= 0:
            return {"state": "ended", "reason": "idle"}
        tags = {"session": "s", "account": "a", "seq": 0, "ends_by": "idle"}
        return {"state": "active", "expires_in_seconds": left, "warn_before_seconds": self.warn, **tags}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kind, text = stand_in.answer(self.path)
                self.send_response(200)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.end_headers()
                self.wfile.write(text.encode())

            def do_POST(self) -> None:
                stand_in.touch()
                self.do_GET()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def main() -> None:
    _tell("bytes, minified and gzip", sizes()["gzip"], 5120)
    for what, bytes_ in sizes().items():
        print(f"        {what}: {bytes_:,} B")
    requests = subprocess.run(["node", Path(__file__).with_name("prompt_requests.js")], capture_output=True, check=True)
    for what, number in json.loads(requests.stdout).items():
        _tell(what, number, 12 if "hour" in what else 4)
    with sync_playwright() as playwright, chromium(playwright) as browser:
        _tell("requests from the load to the end, ten real tabs", requests_of_tabs(browser), 4)
        _tell("ms late, visible", visible_lateness(browser), 250)
        _tell("ms until another tab follows", following(browser), 100)
        _tell("ms until covered after sleep, on an event", covering(browser), 100)
    with sync_playwright() as playwright, chromium(playwright, dozing=True) as browser:
        _tell("ms late, long hidden", hidden_lateness(browser), 1100)


def sizes() -> dict[str, int]:
    """Bytes as they go over the wire; brotli as Node.js has it."""
    raw, small = (files("dvauth") / "static" / "dvauth.js").read_bytes(), SCRIPT.read_bytes()
    brotli = "process.stdout.write(require('zlib').brotliCompressSync(require('fs').readFileSync(0)))"
    brotlied = subprocess.run(["node", "-e", brotli], input=small, capture_output=True, check=True).stdout
    return {
        "source": len(raw),
        "minified": len(small),
        "gzip": len(gzip.compress(small, mtime=0)),
        "brotli": len(brotlied),
    }


@contextmanager
def chromium(playwright: Any, *, dozing: bool = False) -> Iterator[Browser]:
    switches = {"args": SWITCHES + DOZING, "ignore_default_args": KEPT_AWAKE} if dozing else {"args": SWITCHES}
    browser = playwright.chromium.launch(executable_path=CHROMIUM, **switches)
    yield browser
    browser.close()


def visible_lateness(browser: Browser) -> float:
    with StandIn(idle=7, warn=3) as service:
        page = browser.new_page()
        page.goto(service.url)
        return service.lateness(10)


def following(browser: Browser) -> float:
    """From the answer in one tab until the prompt of the other is closed."""
    with StandIn(idle=62, warn=60) as service:
        context = browser.new_context()
        asked, following = context.new_page(), context.new_page()
        for page in (asked, following):
            page.goto(service.url)
            page.locator("dvauth-prompt dialog[open]").wait_for()
        following.evaluate(f"() => {{ window.closed_ = ({CLOSED})() }}")  # to be waited for later
        asked.keyboard.press("Enter")
        closed: float = following.evaluate("closed_")
        return closed - float(asked.evaluate(ANSWERED))


def requests_of_tabs(browser: Browser, count: int = 10) -> int:
    """Of tabs that are left alone until they are covered; they share what they hear, and ask in turn."""
    with StandIn(idle=20, warn=5) as service:
        context = browser.new_context()
        tabs = [context.new_page() for _ in range(count)]
        for tab in tabs:
            tab.goto(service.url)
            _wait_until_active(tab)
        service.asked = 0
        for tab in tabs:
            tab.locator("dvauth-prompt dialog.cover[open]").wait_for()
        return service.asked


def covering(browser: Browser) -> float:
    with StandIn(idle=900, warn=60) as service:
        page = browser.new_page()
        page.goto(service.url)
        _wait_until_active(page)
        return float(page.evaluate(COVER))


def hidden_lateness(browser: Browser) -> float:
    """In a tab that Playwright does not know of: those it knows of are never hidden."""
    with StandIn(idle=30, warn=10) as service:
        session = browser.new_browser_cdp_session()
        own = {"browserContextId": session.send("Target.createBrowserContext")["browserContextId"]}
        session.send("Target.createTarget", {"url": service.url, **own})
        time.sleep(2)
        other = session.send("Target.createTarget", {"url": "about:blank", **own})
        session.send("Target.activateTarget", {"targetId": other["targetId"]})
        return service.lateness(40)


def _wait_until_active(page: Page) -> None:
    page.wait_for_function("window.dvauth?.status().state === 'active'")


def _tell(what: str, seen: float, most: float) -> None:
    print(f"{'kept  ' if seen <= most else 'MISSED'}  {what}: {seen:,.0f} (at most {most:,})", flush=True)


if __name__ == "__main__":
    main()

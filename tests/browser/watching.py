"""What tests see of a page: the dialog, the requests, and clocks that a test can move."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, Request, Route

VI = "Bạn đã không sử dụng Site, Bấm vào đây để duy trì trạng thái đăng nhập. Thời gian chờ: {} giây"
EN = "You have not been using the site. Click here to stay logged in. Time left: {} seconds"
UNREACHABLE = "Máy chủ chưa trả lời. Đang thử lại."
WARNING = "Sắp hết thời gian chờ"
LIMIT = "Phiên đăng nhập sắp kết thúc"
CHECKING = "Đang kiểm tra phiên đăng nhập…"
ENDED = "Phiên đăng nhập đã kết thúc"

# Why it ended.
TIMED_OUT = "Hết hạn phiên do không thao tác."
BY_TIME_LIMIT = "Hết thời hạn tối đa của phiên."
BY_ADMINISTRATOR = "Quản trị viên đã kết thúc phiên."
BY_A_NEWER_SESSION = "Có phiên đăng nhập mới hơn."
LOGGED_OUT = "Bạn đã đăng xuất"
KEPT = "Nội dung đang soạn được giữ 10 phút."

MOVABLE_CLOCKS = """
const skipped = { wall: 0 };
const now = Date.now;
Date.now = () => now() + skipped.wall;
window.skipWall = (ms) => { skipped.wall += ms };
"""


def visit(page: Page, url: str) -> Any:
    """Opens a page; answers with what the service said to its script."""
    page.goto("about:blank")  # so that no answer to an earlier page is taken for it
    with page.expect_response("**/session") as answered:
        page.goto(url)
    return answered.value.json()


def dialog(page: Page) -> Locator:
    return page.locator("dvauth-prompt dialog[open]")


def question(page: Page) -> Locator:
    """The prompt that wants an answer."""
    return page.locator("dvauth-prompt dialog[open]:not(.cover)")


def cover(page: Page) -> Locator:
    return page.locator("dvauth-prompt dialog[open].cover")


def title(page: Page) -> Locator:
    return dialog(page).locator("h2")


def wait_for_title(page: Page, text: str) -> None:
    """Looks at every frame, for what is measured; ``expect`` looks once a second after a while."""
    titled = "document.querySelector('dvauth-prompt')?.shadowRoot.querySelector('dialog[open] h2')?.textContent"
    page.wait_for_function(f"(text) => {titled} === text", arg=text)


def reason(page: Page) -> Locator:
    """Why it ended."""
    return cover(page).locator("#text")


def sentence(page: Page) -> str:
    return " ".join((dialog(page).locator("#text").text_content() or "").split())


def accessible(page: Page) -> list[dict[str, Any]]:
    """The nodes of the accessibility tree that a screen reader is told of."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    return [node for node in nodes if not node["ignored"]]


def names_told(page: Page) -> set[Any]:
    return {node.get("name", {}).get("value") for node in accessible(page)}


def left(page: Page) -> int:
    return int(dialog(page).locator("b").text_content() or "")


class Traffic:
    """What the script sends, preflights not counted; as ``GET /session`` and so on."""

    def __init__(self, watched: Page | BrowserContext) -> None:
        self.requests: list[Request] = []
        watched.on("request", self._note)

    @property
    def lines(self) -> list[str]:
        return [f"{request.method} {request.url.split('/', 3)[3]}" for request in self.requests]

    @property
    def keep_alives(self) -> list[Any]:
        return [request.post_data_json for request in self.requests if request.method == "POST"]

    def forget(self) -> None:
        self.requests.clear()

    def _note(self, request: Request) -> None:
        if "/session" in request.url:
            self.requests.append(request)


def answer_with(origin: str, **answer: Any) -> Callable[[Route], None]:
    """An answer of the network instead of the service's, which the page may read."""
    allowed = {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}
    return lambda route: route.fulfill(headers=allowed | answer.pop("headers", {}), **answer)


def until_covered(page: Page, act: str) -> float:
    """Runs JavaScript in the page; answers with the milliseconds until the page is covered."""
    elapsed: float = page.evaluate(
        """async (act) => {
            const started = performance.now();
            new Function(act)();
            const covered = () => document.querySelector("dvauth-prompt")?.shadowRoot.querySelector(".cover[open]");
            while (!covered()) await new Promise((resolve) => setTimeout(resolve, 5));
            return performance.now() - started;
        }""",
        act,
    )
    return elapsed


Colour = tuple[float, float, float]


def contrast(one: Colour, other: Colour) -> float:
    """WCAG 2.2, contrast ratio."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Colour) -> float:
    channels = [value / 255 for value in colour]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def colours(page: Page, text: str, ground: str = "") -> tuple[Colour, Colour]:
    """Of words in the dialog and of what they stand on, where that is another element."""
    read = "(element, name) => getComputedStyle(element)[name].match(/[\\d.]+/g).slice(0, 3).map(Number)"
    root = page.locator("dvauth-prompt")
    return (
        tuple(root.locator(text).evaluate(read, "color")),
        tuple(root.locator(ground or text).evaluate(read, "backgroundColor")),
    )

"""The prompt with one behaviour broken at a time: what must make the tests that claim its row fail.

Each variant is an exact replacement in a source of today, so that it reads as the mistake somebody might make.
`make broken-prompts` tries them all; `test_variants.py` sees to it that none is left behind by a change.
"""

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SCRIPT = "static/dvauth.js"
SESSION_API = "src/dvauth/web/session_api.py"


class Edit(NamedTuple):
    """What stands there exactly once, and what takes its place."""

    old: str
    new: str
    file: str = SCRIPT

    def apply(self, text: str) -> str:
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has it {text.count(self.old)} times, not once: {self.old}")
        return text.replace(self.old, self.new)


class Variant(NamedTuple):
    """What is wrong with it, in a sentence; `rows` are those that must notice."""

    rows: tuple[str, ...]
    fault: str
    edits: tuple[Edit, ...]


def broken(rows: str, fault: str, *edits: Edit) -> Variant:
    return Variant(tuple(rows.split()), fault, edits)


TELLS_NO_TAB = Edit("share({ ...told, ...event.answer });", "")
ENDS_UNASKED = Edit('state = "checking";\n        wish = null;\n        send();', 'end("idle");')
KNOWS_NO_ACCOUNT = Edit("(isGone || answer.account !== known.account)", "isGone")
TAKES_ANY_TYPE = Edit('[0] != "application/json":', '[0] == "never":', SESSION_API)

VARIANTS = [
    broken(
        "P1 P3",
        "The press closes the prompt, whatever the server says.",
        Edit("else if (isPrompting() && !noticed)", 'else if (state === "warning" && !noticed)'),
    ),
    broken("P1", "The prompt does not say that it got no answer.", Edit('offline ? say("offline") : ""', '""')),
    broken(
        "P2", "A lost keep-alive is not tried again.", Edit("retryAt = now + Math.max(", "retryAt = NEVER + Math.max(")
    ),
    broken(
        "P3",
        "A login page or a redirect counts as the answer that was hoped for.",
        Edit(
            "const answer = await response.json();",
            "const hoped = (error) => {\n"
            '          if (!response.ok && response.type !== "opaqueredirect") throw error;\n'
            "          return { ...createService.last, expires_in_seconds: 900 };\n"
            "        };\n"
            "        const answer = (createService.last = await response.json().catch(hoped));",
        ),
    ),
    broken(
        "P4",
        "A 401 counts as a failure.",
        Edit("if (isAnswer(answer)) return", "if (response.ok && isAnswer(answer)) return"),
    ),
    broken(
        "P5",
        "The prompt waits for the answer to the question before it.",
        Edit('state === "active" && now >= warnAt', 'state === "active" && !failures && now >= warnAt'),
    ),
    broken("P6 P8 P11", "The deadline ends the page without a question.", ENDS_UNASKED),
    broken(
        "P6",
        "Past the deadline the page stays open until there is an answer.",
        Edit('if (state === "ended" || state === "checking") scene = state;', 'if (state === "ended") scene = state;'),
    ),
    broken("P7 P9 P44", "No tab tells another what it hears.", TELLS_NO_TAB),
    broken("P8", "No tab tells another, and the deadline ends the page.", TELLS_NO_TAB, ENDS_UNASKED),
    broken("P8", "An end counts, however old the question.", Edit("query.at < lifeAt", "query.at < 0")),
    broken(
        "P9",
        "An end heard from another tab is asked for again.",
        Edit('hearOfEnd(answer, isOurs ? "" : "logout")', "ask()"),
    ),
    broken("P10 P37", "Another account's answers count as one's own.", KNOWS_NO_ACCOUNT),
    broken(
        "P12",
        "Time is what the wall clock says.",
        Edit("const jumped = Math.abs(change) > DRIFT;", "const jumped = false;"),
        Edit("now = at + slept;", "now = at + change;"),
    ),
    broken("P13", "A visible page looks at its clocks every 20 s.", Edit("GLANCE = 5 *", "GLANCE = 20 *")),
    broken(
        "P14",
        "Becoming visible is no occasion to look at the clocks.",
        Edit('"visibilitychange focus pageshow"', '"focus pageshow"'),
    ),
    broken(
        "P15",
        "A hidden page waits until somebody looks at it.",
        Edit(
            'if (state === "active") moments.push(askAt, warnAt);',
            'if (state === "active" && !hidden) moments.push(askAt, warnAt);',
        ),
    ),
    broken(
        "P16",
        "The countdown counts ticks.",
        Edit(
            "countdown.textContent = `${seconds}`;",
            "countdown.textContent = `${countdown.textContent ? countdown.textContent - 1 : seconds}`;",
        ),
    ),
    broken(
        "P17",
        "Each tab asks for itself, all at once.",
        Edit("if (query.cause || !locks) turn();", "if (query) turn();"),
    ),
    broken(
        "P18", "Input is reported when a tenth of the window has passed.", Edit("0.4 * idleWindow", "0.1 * idleWindow")
    ),
    broken("P19", "Only a click is activity.", Edit('"pointerdown pointermove keydown wheel"', '"pointerdown"')),
    broken("P20", "What a script dispatches is activity.", Edit("!event.isTrusted || (type", "(type")),
    broken("P20", "A pointer that stands still is activity.", Edit("!event.movementX && !event.movementY", "!event")),
    broken(
        "P20",
        "Scrolling is activity, by hand or not.",
        Edit('"pointerdown pointermove keydown wheel"', '"pointerdown pointermove keydown wheel scroll"'),
    ),
    broken(
        "P21",
        "Moving the mouse answers the prompt.",
        Edit(
            'if (key !== "Escape" && key !== "Enter") return;',
            'if (key && key !== "Escape" && key !== "Enter") return;',
        ),
    ),
    broken("P22", "Escape is no answer.", Edit('key !== "Escape" && key !== "Enter"', 'key !== "Enter"')),
    broken("P22", "Each press is sent.", Edit('if (state !== "warning") return;', "if (!isPrompting()) return;")),
    broken("P23", "A dialog that is no alert.", Edit('role: "alertdialog"', 'role: "dialog"')),
    broken("P23", "No description.", Edit('"aria-describedby": "text",', "")),
    broken("P24 P27", "The dialog is not modal.", Edit("dialog.showModal();", "dialog.show();")),
    broken(
        "P25",
        "The focus goes nowhere when the dialog closes.",
        Edit(
            "veil.disabled = true;\n      dialog.close();",
            'veil.disabled = true;\n      dialog.close();\n      own("activeElement")?.blur();',
        ),
    ),
    broken("P25", "A click in the dialog takes the page's selection.", Edit(";user-select:none", "")),
    broken("P26", "A screen reader hears every second.", Edit("[30, 15, 5].includes(seconds)", "seconds")),
    broken("P26", "A screen reader hears nothing of the time left.", Edit("[30, 15, 5].includes(seconds)", "!seconds")),
    broken(
        "P27",
        "What the page opens above the dialog stays above it.",
        Edit('addEventListener("focusin", ({ target }) => dialog.open && target !== host && raise());', ""),
    ),
    broken(
        "P28",
        "The styles come in an element.",
        Edit("root.adoptedStyleSheets = [style];", 'root.append(make("style", {}, STYLE));'),
    ),
    broken("P28", "Text is written as markup.", Edit('whisper.textContent = "";', 'whisper.innerHTML = "";')),
    broken("P29", "The page's styles reach the host.", Edit(":host{all:initial!important}", ":host{all:initial}")),
    broken(
        "P40",
        "The element is there from the beginning.",
        Edit("root.append(dialog);", "root.append(dialog);\n    html.append(host);"),
    ),
    broken(
        "P40",
        "A visitor without a session is asked about every second.",
        Edit('if (state === "starting") state = "anonymous";', 'if (state === "starting") retryAt = now + SECOND;'),
    ),
    broken(
        "P30", "A page that was stored away is shown as it was.", Edit("event.persisted && isLive()", "event.never")
    ),
    broken("P31", "The page listens to unload.", Edit('"pagehide online"', '"pagehide online unload"')),
    broken("P32", "A prerendered page begins at once.", Edit('if (own("prerendering"))', "if (!tag)")),
    broken("P33", "The title is left as it is.", Edit("(scene && MARK) +", '"" +')),
    broken("P33", "The title keeps its mark.", Edit('own("title").replace(MARK, "")', 'own("title")')),
    broken(
        "P34",
        "The status extends.",
        Edit(
            "self._known.keeper.check(cookie, place)",
            "self._known.keeper.keep_alive(cookie, place, Cause.INPUT)",
            SESSION_API,
        ),
    ),
    broken("P34", "A keep-alive of any type is taken.", TAKES_ANY_TYPE),
    broken(
        "P34",
        "A keep-alive of any type is taken, from any page.",
        TAKES_ANY_TYPE,
        Edit("if not self._is_known(visit.origin, place):", "if visit is None:", SESSION_API),
    ),
    broken(
        "P34",
        "A keep-alive without an origin is taken.",
        Edit(
            'if visit.origin is None:\n            return problem(403, "A',
            'if visit is None:\n            return problem(403, "A',
            SESSION_API,
        ),
    ),
    broken(
        "P35",
        "The absolute end has a button to stay.",
        Edit('["limit", "save", "back"]', '["limit", "save", "button"]'),
    ),
    broken("P35", "The absolute end is announced like any other.", Edit('known.ends_by === "absolute"', "!known")),
    broken("P36", "The page is not kept.", Edit("WANTED_ENDS.includes(why) ? now : now", "now; +now")),
    broken(
        "P36", "A page that was kept is loaded afresh.", Edit('state === "ended" && !isKept();', 'state === "ended";')
    ),
    broken("P38", "It does not start without a channel.", Edit("return () => {};", "throw new Error(name);")),
    broken("P38", "It does not start without locks.", Edit("query.cause || !locks", "query.cause")),
    broken("P39", "The dialog has one width.", Edit("dialog{max-width:30em;", "dialog{width:30em;max-width:none;")),
    broken("P39", "The button is small.", Edit("button,a{padding:12px;", "button,a{padding:2px;")),
    broken(
        "P39", "The button's words are pale.", Edit("background:#0f6cbd;color:#fff", "background:#0f6cbd;color:#888")
    ),
    broken(
        "P39",
        "What was not reached is said in grey.",
        Edit("p{display:grid;gap:16px}", "p{display:grid;gap:16px}[role=alert]{color:#888}"),
    ),
    broken(
        "P39", "The link of an ended page is pale.", Edit(";text-align:center}", ";text-align:center}a{color:#888}")
    ),
    broken("P39", "The dialog has no name.", Edit('"aria-labelledby": "title",', "")),
    broken(
        "P41",
        "The load of a page is reported as activity.",
        Edit(
            'send({ type: "start" });\n  };',
            'send({ type: "start" });\n'
            '    setTimeout(() => service({ type: "query", at: 0, cause: "input", idleSeconds: 0 }), 300);\n  };',
        ),
    ),
    broken("P41", "What a script dispatches is activity.", Edit("!event.isTrusted || (type", "(type")),
    broken(
        "P42",
        "The sentence is another one.",
        Edit("Bạn đã không sử dụng Site, ", "Bạn đã không sử dụng trang, "),
        Edit("You have not been using the site. ", "You have been idle. "),
    ),
    broken(
        "P42",
        "The countdown stands still.",
        Edit("countdown.textContent = `${seconds}`;", 'countdown.textContent ||= "60";'),
    ),
    broken(
        "P43",
        "The end takes the page's own question away.",
        Edit("dialog.lang = language();", "dialog.lang = language();\n      window.onbeforeunload = null;"),
    ),
    broken(
        "P44",
        "Only an answer that tells of activity is taken in.",
        Edit("else if (!isOld) adopt(", 'else if (state === "starting" || answer.seq > known.seq) adopt('),
    ),
    broken("P45", "Every end is told as what was due.", Edit("end(answer.reason || (", "end((")),
    broken(
        "P46",
        "The prompt opens without asking whether another portal knows of activity.",
        Edit("askAt = warnAt - ASK_AHEAD > now ? warnAt - ASK_AHEAD : NEVER;", "askAt = NEVER;"),
    ),
    broken(
        "P47",
        "Nothing is said across sites.",
        Edit('if (event.answer.reason === "cross-site") console.error(CROSS_SITE);', ""),
    ),
    broken("P47", "Nobody is told to be of another site.", Edit('== "cross-site"\n', '== "never"\n', SESSION_API)),
    broken("P47", "Everybody is told to be of another site.", Edit('== "cross-site"\n', '!= "never"\n', SESSION_API)),
    broken("P48", "The page does not hear that the session lives on.", Edit('tell("extended");', "{}")),
    broken("P48", "A cancelled warning is shown all the same.", Edit('send({ type: "yield" });', "{}")),
    broken("P48", "The page's own sign of life does nothing.", Edit('send({ type: "activity" })', "{}")),
    broken("P48", "The end waits for no draft.", Edit("drop: () => saved.then(prompt.drop),", "drop: prompt.drop,")),
    broken(
        "P48",
        "The end waits for a draft as long as it takes.",
        Edit("Promise.race([Promise.allSettled(waits), pause(2 * SECOND)])", "Promise.allSettled(waits)"),
    ),
    broken("P48", "The page does not hear that the person is back.", Edit('tell("resumed");', "{}")),
    broken(
        "P49",
        "A third request is sent.",
        Edit(
            'send({ type: "start" });\n  };',
            'send({ type: "start" });\n    fetch(`${base}session/version`).catch(() => {});\n  };',
        ),
    ),
    broken(
        "XO6",
        "What a frame posts to the page is taken for another tab's news.",
        Edit(
            'listen("pagehide online",',
            'listen("message", ({ data }) => isAnswer(data) && send({ type: "news", answer: data, age: 0 }));\n'
            '    listen("pagehide online",',
        ),
    ),
]

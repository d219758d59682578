"""For administrators: the prompt as a portal would show it, without a session that ends.

The script finds its service by the address it was loaded from. Here it is loaded from an address of the scene to be
shown, and what stands beside it answers as the service would: the real script shows the real prompt.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from dvauth.portals.portal import Portal
from dvauth.timeouts.judge import Reason, Verdict
from dvauth.timeouts.policy import TimeoutPolicy
from dvauth.web.admin.entrance import require_administrator
from dvauth.web.answers import RETRY_SECONDS, Failure, json_answer
from dvauth.web.embed import current as embed_script
from dvauth.web.services import services
from dvauth.web.session_api import durations, look_of

AFTER_AN_ANSWER = timedelta(minutes=15)

prompt_preview = Blueprint("prompt_preview", __name__, url_prefix="/admin/portals/<slug>/prompt")


@dataclass(frozen=True, slots=True)
class Scene:
    """How long the session of the scene lasts, which limit then ends it, and whether its service answers."""

    lasts: timedelta
    ends_by: Reason = Reason.IDLE
    answers: bool = True


SCENES = {
    "warning": Scene(timedelta(seconds=60)),
    "limit": Scene(timedelta(seconds=60), Reason.ABSOLUTE),
    "unreachable": Scene(timedelta(seconds=60), answers=False),
    "ended": Scene(timedelta(seconds=2)),
}


@prompt_preview.url_value_preprocessor
def find_portal_and_scene(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    """The views go by ``g.slug``, ``g.scene_name`` and ``g.began`` (seconds since 1970)."""
    given = values or {}
    g.slug, g.scene_name, g.began = given.pop("slug"), given.pop("scene", None), given.pop("began", 0)


prompt_preview.before_request(require_administrator)


@prompt_preview.get("")
def index() -> str:
    return render_template("admin/prompt.html", portal=_portal(), scenes=SCENES)


@prompt_preview.get("/<scene>")
def show() -> str:
    """A page of the portal, as far as the script can tell, at the moment of the scene."""
    _scene()
    began = int(time.time())
    return render_template("admin/prompt_scene.html", portal=_portal(), scene=g.scene_name, began=began)


@prompt_preview.get("/<scene>/<int(max=9999999999):began>/embed.js")
def script() -> ResponseReturnValue:
    return embed_script()


@prompt_preview.get("/<scene>/<int(max=9999999999):began>/session")
def status() -> ResponseReturnValue:
    scene = _scene()
    left = scene.lasts - timedelta(seconds=time.time() - g.began)
    if left <= timedelta(0):
        return json_answer({"state": "ended", "reason": scene.ends_by}).to_response()
    return _alive(left, scene.ends_by)


@prompt_preview.post("/<scene>/<int(max=9999999999):began>/session/keep-alive")
def keep_alive() -> ResponseReturnValue:
    """Nothing is kept alive here, and so nothing is changed."""
    if _scene().answers:
        return _alive(AFTER_AN_ANSWER, Reason.IDLE)
    return Failure(503, "As the preview is meant to show.", RETRY_SECONDS).to_answer().to_response()


@prompt_preview.get("/<scene>/<int(max=9999999999):began>/login")
def login() -> ResponseReturnValue:
    return redirect(url_for("prompt_preview.index", slug=g.slug), 303)


def _alive(left: timedelta, ends_by: Reason) -> ResponseReturnValue:
    other = max(left, AFTER_AN_ANSWER)
    idle, absolute = (left, other) if ends_by is Reason.IDLE else (other, left)
    tags = {"session": "preview", "account": "preview", "seq": 0}
    told = durations(Verdict(TimeoutPolicy(), idle, absolute)) | tags | look_of(_portal())
    return json_answer({"state": "active", "reason": None, **told}).to_response()


def _scene() -> Scene:
    return SCENES.get(g.scene_name) or abort(404)


def _portal() -> Portal:
    return services().portals().by_slug(g.slug) or abort(404)

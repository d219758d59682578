"""(b) What a developer would otherwise write: Flask-Session and Flask-Login, each as its documentation shows.

Every default is left alone but the ones below. People come from a dictionary where a real one would ask SQL, so this
is the quick case. It has no list of sessions, no limit, no reason for an end, and a reply can bring back what was
ended meanwhile: the comparison is about cost alone.
"""

import os
import time
from datetime import timedelta

from flask import Flask, Response, jsonify, request, session
from flask_cors import CORS
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user, logout_user
from flask_session import Session
from redis import Redis

IDLE_SECONDS = 15 * 60
WARN_SECONDS = 60

app = Flask(__name__)
app.config["SECRET_KEY"] = os.environ["BENCH_SECRET_KEY"]
app.config["SESSION_TYPE"] = "redis"
app.config["SESSION_REDIS"] = Redis.from_url(os.environ["BENCH_REDIS_URL"])
app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(hours=24)
# Flask's own default writes the session back after every request. BENCH_THRIFTY=1 is the developer who knows that.
app.config["SESSION_REFRESH_EACH_REQUEST"] = "BENCH_THRIFTY" not in os.environ
Session(app)
if "BENCH_CORS" in os.environ:  # without it, no page of another origin can read the answer
    CORS(app, origins=[os.environ["BENCH_CORS"]], supports_credentials=True)

login_manager = LoginManager(app)


class Person(UserMixin):
    def __init__(self, name: str) -> None:
        self.id = name
        self.roles = ["editor"]


@login_manager.user_loader
def load(name: str) -> Person:
    return Person(name)


@app.before_request
def end_idle_session() -> None:
    if current_user.is_authenticated and time.time() - session["last_activity"] > IDLE_SECONDS:
        logout_user()
        session.clear()


@app.post("/login")
def login() -> Response:
    login_user(Person(request.form["username"]))
    session["last_activity"] = time.time()
    return status()


@app.get("/session")
def status() -> Response:
    if not current_user.is_authenticated:
        return jsonify(state="anonymous")
    remaining = IDLE_SECONDS - (time.time() - session["last_activity"])
    return jsonify(state="active", expires_in_seconds=round(remaining, 1), warn_before_seconds=WARN_SECONDS)


@app.post("/session/keep-alive")
@login_required
def keep_alive() -> Response:
    session["last_activity"] = time.time()
    return status()

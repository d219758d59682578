"""(a) The least that a Flask route can cost: no session, no Redis."""

from flask import Flask

app = Flask(__name__)


@app.get("/")
def nothing() -> str:
    return "ok"

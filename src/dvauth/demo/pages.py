"""What everybody may read."""

from flask import Blueprint, abort, render_template

from dvauth.demo.site import SECTIONS, site

blueprint = Blueprint("pages", __name__)


@blueprint.get("/")
def home() -> str:
    return render_template("demo/home.html", articles=site().articles.newest())


@blueprint.get("/section/<name>")
def section(name: str) -> str:
    if name not in SECTIONS:
        abort(404)
    return render_template("demo/section.html", section=name, articles=site().articles.newest(name))


@blueprint.get("/article/<slug>")
def article(slug: str) -> str:
    found = site().articles.find(slug) or abort(404)
    others = [other for other in site().articles.newest() if other.slug != slug]
    return render_template("demo/article.html", article=found, others=others[:4])

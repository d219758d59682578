"""What a visitor downloads, as the wheel ships it."""

import gzip
from importlib.resources import files

LIMIT_BYTES = 5120


def test_the_script_stays_small() -> None:
    script = (files("dvauth") / "static" / "dvauth.min.js").read_bytes()
    assert len(gzip.compress(script, mtime=0)) <= LIMIT_BYTES

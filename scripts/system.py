#!/usr/bin/env python3
"""Sees to it that the system offers what a chore needs: demo, test, lint or bench.

On Debian, as root or with sudo, it installs what is missing; otherwise it says in one sentence what to install.
It runs before anything else is set up, so it needs the standard library only.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


class Need(NamedTuple):
    """A Debian package, and how to see that what it offers is there, from whatever source."""

    package: str
    is_there: Callable[[], bool]


def _any_of(*programs: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(program) for program in programs)


def _has_vietnamese_font() -> bool:
    if not shutil.which("fc-list"):
        return False
    return bool(subprocess.run(["fc-list", ":lang=vi"], capture_output=True, check=False).stdout)


DEMO = [Need("redis-server", _any_of("redis-server", "valkey-server"))]
TEST = [
    *DEMO,
    Need("chromium", _any_of("chromium")),
    Need("firefox-esr", _any_of("firefox-esr")),
    Need("fonts-noto-core", _has_vietnamese_font),
    Need("nodejs", _any_of("node")),
    Need("nginx", lambda: shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") is not None),
    Need("caddy", _any_of("caddy")),
    Need("openssl", _any_of("openssl")),
    Need("postgresql", lambda: any(Path("/usr/lib/postgresql").glob("*/bin"))),
]
BENCH = [*DEMO, Need("wrk", _any_of("wrk"))]
LINT = [Need("nodejs", _any_of("node")), Need("npm", _any_of("npm"))]
NEEDS = {"demo": DEMO, "test": TEST, "lint": LINT, "bench": BENCH}


def _administrator() -> list[str] | None:
    """How to run a command as root: directly, by sudo, or not at all."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and (
        sys.stdin.isatty() or subprocess.run(["sudo", "-n", "true"], check=False).returncode == 0
    ):
        return ["sudo"]
    return None


def main(chore: str) -> None:
    missing = [need.package for need in NEEDS[chore] if not need.is_there()]
    if not missing:
        return
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    root = _administrator()
    if root is None or not shutil.which("apt-get"):
        sys.exit(f"make {chore} needs {', '.join(missing)}; install with: sudo apt-get install -y {' '.join(missing)}")
    print(f"Installing {', '.join(missing)} …", flush=True)
    for command in (["apt-get", "update", "-qq"], install):
        environ = ["env", "DEBIAN_FRONTEND=noninteractive"]
        done = subprocess.run([*root, *environ, *command], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")


if __name__ == "__main__":
    main(sys.argv[1])

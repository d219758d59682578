#!/usr/bin/env python3
"""Makes the secrets that docker-compose.yml hands to its services, once; what is there is kept.

Standard library only: it runs on a host that has nothing but Docker.
"""

import hashlib
import secrets
import sys
from pathlib import Path

# What sessions need and no more: their own keys, no KEYS, CONFIG, FLUSHALL or other users' business.
ACL = """\
user default off
user dvauth on #{digest} ~dvauth:* resetchannels -@all +@read +@write +@connection -@dangerous \
+eval +evalsha +script|load +script|exists +time +info
"""


def make(folder: Path) -> None:
    if folder.exists():
        sys.exit(f"The folder {folder} is there already; remove it to make new secrets (it logs everybody out).")
    password = secrets.token_urlsafe(32)
    digest = hashlib.sha256(password.encode()).hexdigest()
    folder.mkdir(
        mode=0o700
    )  # the folder keeps others out; the containers' users, who are not its owner, read the files
    (folder / "secret_key").write_text(secrets.token_urlsafe(48))
    (folder / "portal_key").write_text(secrets.token_urlsafe(48))
    (folder / "redis_url").write_text(f"redis://dvauth:{password}@redis:6379/0")
    (folder / "redis_acl").write_text(ACL.format(digest=digest))


if __name__ == "__main__":
    make(Path(sys.argv[1] if len(sys.argv) > 1 else "secrets"))

"""``gunicorn dvauth.demo.wsgi:app``; ``dvauth demo`` starts it with these variables set."""

import os
from pathlib import Path

from dvauth.demo.portal import create_portal

app = create_portal(
    origin=os.environ["PORTAL_ORIGIN"],
    auth_url=os.environ["PORTAL_AUTH_URL"],
    verify_url=os.environ["PORTAL_VERIFY_URL"],
    data_dir=Path(os.environ["PORTAL_DATA_DIR"]),
    secret_key=os.environ["PORTAL_SECRET_KEY"],
)

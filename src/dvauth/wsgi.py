"""The WSGI application, for gunicorn or any other server: ``dvauth.wsgi:app``."""

import atexit

from dvauth.app import create_app
from dvauth.parts import Parts
from dvauth.settings import Settings

parts = Parts(Settings.from_environment())
parts.start()
atexit.register(parts.close)
app = create_app(parts)

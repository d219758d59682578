"""The WSGI application, for gunicorn or any other server: ``dvauth.wsgi:app``."""

from dvauth.app import create_app
from dvauth.settings import Settings

app = create_app(Settings.from_environment())

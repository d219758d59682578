"""How gunicorn is run (its configuration file); address, workers and threads come from the command line.

Why gunicorn, and why so: docs/decisions/0003-wsgi-server.md.
"""

import os

from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from dvauth import lifeline
from dvauth.deadline_worker import DeadlineWorker

worker_class = DeadlineWorker
timeout = 30  # seconds without a sign of life of a worker, then it is replaced
graceful_timeout = 10  # seconds for requests in flight when we stop
keepalive = 75  # seconds for an idle connection: nginx closes its own after 60, so never into our closing
http_parser = "python"  # how requests are read must not depend on whether a faster parser happens to be installed

# An address or a header beyond these is no honest visitor's; bodies are limited by the application.
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# The application alone decides whose X-Forwarded-* headers it believes (DVAUTH_TRUSTED_PROXIES).
forwarded_allow_ips = ""

# Heartbeats go to memory: a busy disk must not make a healthy worker look dead.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108, PTH112 - files there have no name

loglevel = "warning"  # the audit log tells what happened; gunicorn only speaks up when something is wrong
control_socket_disable = True  # the supervisor is the one who controls


def post_fork(_server: Arbiter, worker: Worker) -> None:
    """A worker ends with its arbiter, even if that was killed: no orphan serves."""
    lifeline.die_with_parent(worker.ppid)

"""The shipped files of ``deploy/`` put to work: only addresses, ports, paths and certificates are this machine's."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
CADDY = shutil.which("caddy")
START_SECONDS = 60


@dataclass(frozen=True)
class Addresses:
    """What an operator writes into the files: ``port`` is the proxies' for https, ``plain_port`` for http."""

    port: int
    plain_port: int
    dvauth: str
    programs: str
    folder: Path

    def host(self, name: str) -> str:
        return f"{name}.dvauth.localhost:{self.port}"

    @property
    def php(self) -> Path:
        return self.folder / "php.sock"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def nginx(at: Addresses) -> Iterator[None]:
    folder = at.folder / "nginx"
    shutil.copytree(DEPLOY / "nginx", folder)
    shutil.copy("/etc/nginx/fastcgi_params", folder)
    _make_certificate(at.folder)
    for file in folder.rglob("*.conf"):
        _adapt(file, _in_nginx(at))
    (folder / "nginx.conf").write_text(_around_sites(at))
    command = [NGINX or "nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    with _running(command, at):
        yield


def _in_nginx(at: Addresses) -> dict[str, str]:
    return {
        r"(?<=set \$dvauth_host )(\w+)\.example\.vn": at.host(r"\1"),
        r"https://(\w+)\.example\.vn": "https://" + at.host(r"\1"),
        r"/etc/ssl/\S+\.(pem|key)": rf"{at.folder}/certificate.\1",
        r"\.example\.vn": ".dvauth.localhost",
        r"listen 443": f"listen 127.0.0.1:{at.port}",
        r"listen 80": f"listen 127.0.0.1:{at.plain_port}",
        r"127\.0\.0\.1:8000": at.dvauth,
        r"127\.0\.0\.1:9000": at.programs,
        r"/run/php/php-fpm\.sock": str(at.php),
        r"/var/www/cms": f"{at.folder}/cms",
    }


def _around_sites(at: Addresses) -> str:
    """nginx.conf, which an operator has; and a portal that only embeds the script."""
    temporary = "".join(f"{kind}_temp_path {kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""
        daemon off; pid nginx.pid; {user} error_log {at.folder}/error.log;
        events {{}}
        http {{
            access_log {at.folder}/access.log; {temporary}
            include conf.d/*.conf; include sites-available/*.conf;
            server {{
                listen 127.0.0.1:{at.port} ssl http2; server_name plain.dvauth.localhost;
                ssl_certificate {at.folder}/certificate.pem; ssl_certificate_key {at.folder}/certificate.key;
                location / {{ proxy_pass http://{at.programs}; }}
            }}
        }}"""


@contextmanager
def caddy(at: Addresses) -> Iterator[None]:
    folder = at.folder / "caddy"
    shutil.copytree(DEPLOY / "caddy", folder)
    for file in folder.iterdir():
        _adapt(file, _in_caddy(at))
    options = f"""{{
        admin off
        local_certs
        skip_install_trust
        auto_https disable_redirects
        default_bind 127.0.0.1
        storage file_system {at.folder}/storage
        log {{
            output file {at.folder}/error.log
        }}
    }}
    """
    plain = f"\nhttps://{at.host('plain')} {{\n\treverse_proxy {at.programs}\n}}\n"
    file = folder / "Caddyfile"
    file.write_text(options + file.read_text() + plain)
    with _running([CADDY or "caddy", "run", "--config", str(file), "--adapter", "caddyfile"], at):
        yield


def _in_caddy(at: Addresses) -> dict[str, str]:
    host = at.host(r"\1")
    changes = {
        r"(?<=vars dvauth_host )(\w+)\.example\.vn": host,
        r"(?m)^(\w+)\.example\.vn \{": f"https://{host} {{\n\tlog {{\n\t\toutput file {at.folder}/access.log\n\t}}",
        r"127\.0\.0\.1:8000": at.dvauth,
        r"127\.0\.0\.1:9000": at.programs,
    }
    if _caddy_version() >= (2, 6, 4):  # as the file itself says
        changes |= {r"\t*buffer_requests\n": "", r"max_buffer_size \d+": "request_buffers 16KiB"}
    return changes


def _caddy_version() -> tuple[int, ...]:
    told = subprocess.run([CADDY or "caddy", "version"], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, re.findall(r"\d+", told)[:3]))


def _adapt(file: Path, changes: dict[str, str]) -> None:
    text = file.read_text()
    for pattern, replacement in changes.items():
        text = re.sub(pattern, replacement, text)
    file.write_text(text)


def _make_certificate(folder: Path) -> None:
    files = ["-keyout", str(folder / "certificate.key"), "-out", str(folder / "certificate.pem")]
    subject = ["-subj", "/CN=dvauth.localhost", "-addext", "subjectAltName=DNS:*.dvauth.localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *files, *subject]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def _running(command: list[str], at: Addresses) -> Iterator[None]:
    with (at.folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=os.environ | {"HOME": str(at.folder)})
    try:
        _wait_for(at.port, lambda: process.poll() is None, at.folder / "output")
        yield
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def _wait_for(port: int, lives: Callable[[], bool], output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not all(_shakes_hands(port, name) for name in ("auth", "news", "plain")):
        assert lives(), output.read_text()
        assert time.monotonic() < deadline, output.read_text()
        time.sleep(0.05)


def _shakes_hands(port: int, name: str) -> bool:
    """Caddy listens before it has made its certificates."""
    with suppress(OSError), connect(port, name):
        return True
    return False


def connect(port: int, name: str) -> ssl.SSLSocket:
    """By TLS to a host of the proxy, whatever its certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(("127.0.0.1", port), timeout=10)
    try:
        return context.wrap_socket(plain, server_hostname=f"{name}.dvauth.localhost")
    except OSError:
        plain.close()
        raise

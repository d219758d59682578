"""What stands behind the proxies in these tests: a portal's own programs, which answer with what reached them."""

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FASTCGI_BEGIN, FASTCGI_END, FASTCGI_PARAMS, FASTCGI_STDIN, FASTCGI_STDOUT = 1, 3, 4, 5, 6


class _Server(ThreadingHTTPServer):
    request_queue_size = 256

    def handle_error(self, *_: Any) -> None:
        """A proxy that stops resets the connections it kept."""


class Programs:
    """Pages by path; everything else is answered with the request as it came in, as JSON.

    ``refusals``, status and headers, are what the next requests get instead.
    """

    def __init__(self) -> None:
        self.pages: dict[str, str] = {}
        self.asked: list[dict[str, Any]] = []
        self.refusals: list[tuple[int, dict[str, str]]] = []
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        programs = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                request = {
                    "method": self.command,
                    "target": self.path,
                    "headers": [[name, value] for name, value in self.headers.items()],
                    "body": self._body().decode(),
                    "connection": self.client_address[1],
                }
                programs.asked.append(request)
                if programs.refusals:
                    self._refuse(*programs.refusals.pop(0))
                    return
                page = programs.pages.get(self.path.partition("?")[0])
                self._answer(page or json.dumps(request), "text/html; charset=utf-8" if page else "application/json")

            do_POST = do_PUT = do_GET  # noqa: N815 - the names that http.server looks for

            def _body(self) -> bytes:
                if "Transfer-Encoding" not in self.headers:
                    return self.rfile.read(int(self.headers.get("Content-Length", 0)))
                chunks = []
                while size := int(self.rfile.readline(), 16):
                    chunks.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(chunks)

            def _refuse(self, status: int, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": "0"}.items():
                    self.send_header(name, value)
                self.end_headers()

            def _answer(self, text: str, content_type: str) -> None:
                body = text.encode()
                self.send_response(200)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                # As an answer to a proxy's question this is a yes, so that tests see what the judge is asked.
                self.send_header("X-DVAuth-Account", "anybody")
                self.end_headers()
                with suppress(ConnectionError):
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


@contextmanager
def php(address: Path) -> Iterator[None]:
    """A FastCGI program on a Unix socket: answers each request with its parameters, as PHP's ``$_SERVER``."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(address))
    listener.listen()

    def serve() -> None:
        with suppress(OSError):  # the listener was closed: the test is over
            while True:
                connection, _ = listener.accept()
                with connection, connection.makefile("rb") as stream:
                    _answer_with_parameters(connection, stream)

    threading.Thread(target=serve, daemon=True).start()
    yield
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def _answer_with_parameters(connection: socket.socket, stream: Any) -> None:
    parameters, kind, content = b"", FASTCGI_BEGIN, b"-"
    while kind != FASTCGI_STDIN or content:
        kind, content = _record(stream)
        parameters += content if kind == FASTCGI_PARAMS else b""
    body = json.dumps(list(_pairs(parameters))).encode()
    _send(connection, FASTCGI_STDOUT, b"Content-Type: application/json\r\n\r\n" + body)
    _send(connection, FASTCGI_STDOUT, b"")
    _send(connection, FASTCGI_END, bytes(8))


def _record(stream: Any) -> tuple[int, bytes]:
    _version, kind, _request, length, padding, _ = struct.unpack("!BBHHBB", stream.read(8))
    return kind, stream.read(length + padding)[:length]


def _pairs(data: bytes) -> Iterator[tuple[str, str]]:
    while data:
        name_length, data = _length(data)
        value_length, data = _length(data)
        end = name_length + value_length
        yield data[:name_length].decode(), data[name_length:end].decode()
        data = data[end:]


def _length(data: bytes) -> tuple[int, bytes]:
    if data[0] < 128:
        return data[0], data[1:]
    return struct.unpack("!I", data[:4])[0] & 0x7FFFFFFF, data[4:]


def _send(connection: socket.socket, kind: int, content: bytes) -> None:
    connection.sendall(struct.pack("!BBHHBB", 1, kind, 1, len(content), 0, 0) + content)

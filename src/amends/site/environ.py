"""From an ASGI scope to a WSGI environment (PEP 3333): where what a client says of itself comes in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import IO, Any
from urllib.parse import unquote_to_bytes

Scope = Mapping[str, Any]
_ITS_OWN_NAME = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


def environ(scope: Scope, body: IO[bytes]) -> dict[str, Any]:
    """What a WSGI application reads of a request; text is latin-1 of the bytes that came."""
    server = scope.get("server") or ("localhost", 80)
    client = scope.get("client") or ("", 0)
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": _path(scope),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1] or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": str(client[0]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **_headers(scope),
    }


def header(scope: Scope, name: bytes) -> str:
    """The first header of that (lower-case) name, or nothing."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")


def _path(scope: Scope) -> str:
    raw = scope.get("raw_path")
    path = unquote_to_bytes(raw) if raw else str(scope["path"]).encode()
    return path.decode("latin-1")


def _headers(scope: Scope) -> dict[str, str]:
    """Each header once: several of a name are one with commas, cookies one with semicolons.

    A name with an underscore would pass for another one with a hyphen, so it is left out.
    """
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if "_" in name:
            continue
        key = _ITS_OWN_NAME.get(name) or "HTTP_" + name.upper().replace("-", "_")
        joint = "; " if key == "HTTP_COOKIE" else ","
        found[key] = f"{found[key]}{joint}{value}" if key in found else value
    return found

"""Real nginx and Caddy before a desk, configured as docs/proxy shows, on ports of their own."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from tests.peers import installed
from tests.rig.processes import REPOSITORY, until

from amends.site import ports

NAME = "localhost"
STRANGER = "127.0.0.2"
"""Where people come from: all of 127.0.0.0/8 is this machine, and only 127.0.0.1 is the proxy."""
PROGRAMS = {"nginx": installed.nginx, "caddy": installed.caddy}
EXAMPLES = REPOSITORY / "docs" / "proxy"


@dataclass(frozen=True)
class Front:
    """A proxy: where people reach it, where plain HTTP is, and the certificate to believe."""

    kind: str
    port: int
    plain_port: int
    certificate: Path

    @property
    def site(self) -> str:
        return f"https://{NAME}:{self.port}"

    def client(self) -> httpx2.Client:
        """A browser that believes the certificate and keeps cookies, on another machine than the proxy."""
        believed = ssl.create_default_context(cafile=str(self.certificate))
        way = httpx2.HTTPTransport(verify=believed, trust_env=False, local_address=STRANGER)
        return httpx2.Client(base_url=self.site, transport=way, timeout=30)


def configured(kind: str, folder: Path, front: Front, desk: int) -> Path:
    """The example of the docs, with this front's ports, name and certificate and the desk's port put in."""
    text = (EXAMPLES / {"nginx": "nginx.conf", "caddy": "Caddyfile"}[kind]).read_text(encoding="utf-8")
    key = folder / "key.pem"
    changes = {
        "nginx": {
            "listen 80;": f"listen 127.0.0.1:{front.plain_port};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{front.port} ssl http2;",
            "server_name desk.example.org;": f"server_name {NAME};",
            "/etc/letsencrypt/live/desk.example.org/fullchain.pem": str(front.certificate),
            "/etc/letsencrypt/live/desk.example.org/privkey.pem": str(key),
            "server 127.0.0.1:8010;": f"server 127.0.0.1:{desk};",
        },
        "caddy": {
            "\ndesk.example.org {\n": f"\n{front.site} {{\n\ttls {front.certificate} {key}\n",
            "reverse_proxy 127.0.0.1:8010": f"reverse_proxy 127.0.0.1:{desk}",
        },
    }[kind]
    for before, after in changes.items():
        assert before in text, f"the example for {kind} no longer says {before!r}"
        text = text.replace(before, after)
    path = folder / f"{kind}.conf"
    path.write_text(_around(kind, folder).replace("EXAMPLE", text), encoding="utf-8")
    return path


def _around(kind: str, folder: Path) -> str:
    """What stands around the example on a machine of its own."""
    if kind == "caddy":
        return "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\nEXAMPLE"
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    head = f"{user}daemon off;\npid {folder}/pid;\nerror_log stderr warn;\nworker_processes 1;\nevents {{}}\n"
    return f"{head}http {{\naccess_log off;\n{places}\nEXAMPLE\n}}\n"


@contextmanager
def front(kind: str, desk: int) -> Iterator[Front]:
    """The proxy, running before the desk on this port."""
    program = PROGRAMS[kind]()
    folder = Path(tempfile.mkdtemp(prefix="amends-front-", dir="/tmp"))
    made = Front(kind, ports.free(), ports.free(), folder / "certificate.pem")
    try:
        _certify(folder)
        config = configured(kind, folder, made, desk)
        checked = subprocess.run(
            _check(kind, program, config), capture_output=True, text=True, env=_quiet(folder)
        )
        assert checked.returncode == 0, checked.stderr
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                _run(kind, program, config), stdout=log, stderr=log, env=_quiet(folder)
            )
        try:
            until(lambda: _answers(made) or process.poll() is not None, 30, f"{kind} answers")
            assert process.poll() is None, (folder / "log").read_text()
            yield made
        finally:
            process.terminate()
            process.wait(20)
    finally:
        shutil.rmtree(folder)


def _certify(folder: Path) -> None:
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        f"/CN={NAME}",
    ]
    command += ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", str(folder / "key.pem")]
    command += ["-out", str(folder / "certificate.pem")]
    subprocess.run(command, check=True, capture_output=True)


def _quiet(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder)}


def _check(kind: str, program: Path, config: Path) -> list[str | Path]:
    if kind == "caddy":
        return [program, "validate", "--adapter", "caddyfile", "--config", config]
    return [program, "-t", "-q", "-c", config]


def _run(kind: str, program: Path, config: Path) -> list[str | Path]:
    if kind == "caddy":
        return [program, "run", "--adapter", "caddyfile", "--config", config]
    return [program, "-c", config]


def _answers(made: Front) -> bool:
    try:
        with made.client() as client:
            return client.get("/").status_code > 0  # the desk behind it need not run yet
    except httpx2.TransportError:
        return False

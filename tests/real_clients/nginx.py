"""One nginx for a test, with the file deploy/nginx/forward-auth.conf at the places of the test, before an application of no protocol."""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "deploy" / "nginx" / "forward-auth.conf"


@dataclass(frozen=True)
class Proxied:
    """What the file marks "site": where everything listens, what it is trusted by, and the credentials of the application's client."""

    port: int
    platform: int
    application: int
    certificate: Path
    key: Path
    authority: Path
    client_id: str
    secret: str

    @property
    def origin(self) -> str:
        """Return where browsers find the application; another site than the platform, which is at ``localhost``."""
        return f"https://127.0.0.1:{self.port}"

    def changes(self, folder: Path) -> dict[str, str]:
        """Return what stands in the file, and what it is here."""
        return {
            "server cloud.example.gov.cn:443;": f"server localhost:{self.platform};",
            "server 127.0.0.1:8080;": f"server 127.0.0.1:{self.application};",
            "listen 443 ssl http2;": f"listen 127.0.0.1:{self.port} ssl http2;",
            "    listen [::]:443 ssl http2;\n": "",
            "server_name legacy.example.gov.cn;": "server_name 127.0.0.1;",
            "/etc/nginx/tls/legacy.pem": str(self.certificate),
            "/etc/nginx/tls/legacy.key": str(self.key),
            "/var/log/nginx/legacy.log": str(folder / "access.log"),
            "Host              cloud.example.gov.cn;": f"Host localhost:{self.platform};",
            "bGVnYWN5LXdlYjpzZWNyZXQ=": base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode(),
            '"https://legacy.example.gov.cn"': f'"{self.origin}"',
            "proxy_ssl_name                cloud.example.gov.cn;": "proxy_ssl_name localhost;",
            "/etc/ssl/certs/ca-certificates.crt": str(self.authority),
        }


@contextmanager
def nginx(folder: Path, site: Proxied) -> Iterator[None]:
    """Run nginx with the shipped file, once it has found that in order."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    assert Path(program).exists(), "nginx is missing: `make test-clients` installs the distribution's package"
    text = FILE.read_text(encoding="utf-8")
    for old, new in site.changes(folder).items():
        assert old in text, old
        text = text.replace(old, new)
    (folder / "application.conf").write_text(text, encoding="utf-8")
    places = "".join(f"    {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    main = folder / "nginx.conf"
    main.write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\n{places}    include {folder}/application.conf;\n}}\n",
        encoding="utf-8",
    )
    command = [program, "-c", str(main), "-p", str(folder), "-e", str(folder / "error.log")]
    subprocess.run([*command, "-t", "-q"], check=True)
    process = subprocess.Popen(command)
    try:
        _await(site.port)
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def _await(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            threading.Event().wait(0.05)
        else:
            return
    pytest.fail("nginx did not start")

"""One Apache for a test: TLS in front of the platform, and two protected sites behind mod_auth_openidc and mod_auth_cas."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.real_clients.certificates import Certificates

MODULES = Path("/usr/lib/apache2/modules")
_LOADED = (
    "mpm_event",
    "authn_core",
    "authz_core",
    "authz_user",
    "auth_basic",
    "headers",
    "proxy",
    "proxy_http",
    "ssl",
    "socache_shmcb",
    "auth_openidc",
    "auth_cas",
)
_START_SECONDS = 20.0

_COMMON = """
ServerName localhost
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
LogLevel warn auth_openidc:debug auth_cas:debug
{modules}
{user}
Mutex file:{folder}
DefaultRuntimeDir {folder}
SSLSessionCache none
Listen 127.0.0.1:{platform}
Listen 127.0.0.1:{oidc}
Listen 127.0.0.1:{cas}
<VirtualHost 127.0.0.1:{platform}>
  {tls}
  RequestHeader set X-Forwarded-Proto https
  ProxyPreserveHost On
  ProxyPass / http://127.0.0.1:{behind}/
</VirtualHost>
{sites}
"""

OIDC_SITE = """
<VirtualHost 127.0.0.1:{port}>
  {tls}
  OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
  OIDCCABundlePath {authority}
  OIDCClientID {client_id}
  OIDCClientSecret {secret}
  OIDCRedirectURI https://localhost:{port}/protected/callback
  OIDCCryptoPassphrase {passphrase}
  OIDCScope "openid profile"
  OIDCPKCEMethod S256
  OIDCResponseMode {response_mode}
  OIDCRemoteUserClaim employee_code
  OIDCSessionType server-cache
  OIDCPassClaimsAs both
  OIDCPassIDTokenAs claims serialized
  OIDCCacheType shm
  OIDCRefreshAccessTokenBeforeExpiry 320
  <Location /protected>
    AuthType openid-connect
    Require valid-user
    # Names with an underscore are dropped on the way, so what the application is to see gets one without.
    RequestHeader set X-User "expr=%{{REMOTE_USER}}"
    RequestHeader set X-Issuer "%{{OIDC_CLAIM_iss}}e"
    RequestHeader set X-Sid "%{{OIDC_CLAIM_sid}}e"
    RequestHeader set X-Department "%{{OIDC_CLAIM_department}}e"
    RequestHeader set X-Access-Token "%{{OIDC_access_token}}e"
    RequestHeader set X-Id-Token "%{{OIDC_id_token}}e"
  </Location>
  ProxyPass /protected/callback !
  ProxyPass / http://127.0.0.1:{echo}/
</VirtualHost>
"""

#: Its beginning is what the console says for this client (``ready``), which protects the whole site.
CAS_SITE = """
<VirtualHost 127.0.0.1:{port}>
  {tls}
  CASCertificatePath {authority}
  {ready}
  <Location /xihu>
    Require cas-attribute division:330106000000
  </Location>
  <Location /yuhang>
    Require cas-attribute division:330110000000
  </Location>
  # A cookie of its own: who signed in for another page has to sign in for this one.
  <Location /anew>
    CASRenew /anew
    CASScope /anew
    CASSecureCookie MOD_AUTH_CAS_ANEW
    Require valid-user
  </Location>
  # Whoever is signed in at the platform is greeted by name, and everybody else is let in without one.
  <Location /lobby>
    CASGateway /lobby
    Require valid-user
    # Apache 2.4 asks the module for as long as nothing else lets the request in: back from the platform without a ticket, this does.
    Require expr "%{{HTTP_COOKIE}} =~ /MOD_CAS_G=/ && %{{QUERY_STRING}} !~ /ticket=/"
  </Location>
  ProxyPass / http://127.0.0.1:{echo}/
</VirtualHost>
"""


@dataclass(frozen=True)
class Ports:
    """Where everything listens: the platform behind, TLS in front of it, both protected sites, and what is behind these."""

    behind: int
    platform: int
    oidc: int
    cas: int
    echo: int


@contextmanager
def apache(folder: Path, ports: Ports, made: Certificates, sites: str) -> Iterator[None]:
    """Run Apache with its own configuration alone; whatever it says is shown when it does not start."""
    program = shutil.which("apache2", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise FileNotFoundError("apache2 is missing: `make test-clients` installs it")
    (folder / "cas").mkdir()
    (folder / "cas").chmod(0o777)
    folder.chmod(0o755)
    tls = f"SSLEngine on\n  SSLCertificateFile {made.certificate}\n  SSLCertificateKeyFile {made.key}"
    modules = "\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in _LOADED)
    # As root Apache hands its work to somebody without rights.
    user = "User www-data\nGroup www-data" if os.geteuid() == 0 else ""
    text = _COMMON.format(
        folder=folder,
        modules=modules,
        user=user,
        platform=ports.platform,
        oidc=ports.oidc,
        cas=ports.cas,
        behind=ports.behind,
        tls=tls,
        sites=sites.replace("{tls}", tls).replace("{authority}", str(made.authority)).replace("{folder}", str(folder)),
    )
    configuration = folder / "apache.conf"
    configuration.write_text(text, encoding="utf-8")
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen(
            [program, "-d", str(folder), "-f", str(configuration), "-DFOREGROUND"], stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait(process, ports.platform, made, folder)
            yield
        finally:
            process.terminate()
            process.wait(20)


def _wait(process: subprocess.Popen[bytes], port: int, made: Certificates, folder: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    trusted = ssl.create_default_context(cafile=str(made.authority))
    while time.monotonic() < until and process.poll() is None:
        try:
            httpx.get(f"https://localhost:{port}/healthz", verify=trusted, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    said = "".join(path.read_text(errors="replace")[-2000:] for path in (folder / "output.log", folder / "error.log") if path.exists())
    raise RuntimeError(f"Apache did not start: {said}")

"""Other people's sign-on servers, set up to do the same work: Keycloak on the same PostgreSQL, node-oidc-provider in memory.

Both come from their registries by name (Maven, npm) into a cache folder of the user. What is not to be had is left out, and said.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from bench._running import say
from bench._wire import Answer, UnexpectedAnswerError, Wire
from govcloud.kernel.offspring import end_with_parent

KEYCLOAK = "26.7.3"
OIDC_PROVIDER = "9"
CALLBACK = "http://127.0.0.1:9/callback"
CLIENT = "bench"
REALM = "bench"
_HERE = Path(__file__).parent
_START_SECONDS = 240.0
#: Tokens live five minutes.
_TOKEN_SECONDS = 200.0


def basic(client_id: str, secret: str) -> Mapping[str, str]:
    """Return the header of HTTP Basic for a client."""
    return {"authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def pkce() -> tuple[str, str]:
    """Return a verifier and its challenge (RFC 7636)."""
    verifier = secrets.token_urlsafe(48)
    return verifier, base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def code_of(answer: Answer) -> str:
    """Return the code that an answer hands to the client."""
    found = parse_qs(urlsplit(answer.headers["location"]).query)
    if "code" not in found:
        raise UnexpectedAnswerError(f"there is no code in {answer.headers['location'][:300]!r}")
    return found["code"][0]


@dataclass(frozen=True)
class Paths:
    """Where a server's endpoints are."""

    authorize: str
    token: str
    introspect: str


@dataclass
class _Fresh:
    """A token and when it was got."""

    token: str
    at: float


@dataclass
class Server:
    """A running sign-on server: how its operations are asked for."""

    name: str
    port: int
    paths: Paths
    client_id: str
    secret: str = field(repr=False)
    sign_in: Callable[[Wire, str], str] | None = None
    """Takes a browser from the authorization request to a code; ``None``: it knows no passwords."""

    def client_credentials(self) -> Callable[[], object]:
        """Return the operation of a client that gets a token for itself."""
        wire, headers = Wire(self.port), basic(self.client_id, self.secret)
        return lambda: wire.post(self.paths.token, {"grant_type": "client_credentials"}, headers).expect(200)

    def introspection(self) -> Callable[[], object]:
        """Return the operation of asking about a token that is alive."""
        wire, headers = Wire(self.port), basic(self.client_id, self.secret)

        def fresh() -> str:
            answer = wire.post(self.paths.token, {"grant_type": "client_credentials"}, headers).expect(200)
            return str(json.loads(answer.body)["access_token"])

        state = _Fresh(fresh(), time.monotonic())

        def ask() -> None:
            # Tokens live five minutes; a fresh one in time is one request in tens of thousands.
            if time.monotonic() - state.at > _TOKEN_SECONDS:
                state.token, state.at = fresh(), time.monotonic()
            answer = wire.post(self.paths.introspect, {"token": state.token}, headers).expect(200)
            if b'"active":true' not in answer.body.replace(b" ", b""):
                raise UnexpectedAnswerError(f"{self.name}: the token is not alive: {answer.body[:200]!r}")

        return ask

    def refreshing(self, login: str) -> Callable[[], object]:
        """Return the operation of refreshing, each time with the token that came last."""
        wire, headers = Wire(self.port), basic(self.client_id, self.secret)
        state = {"token": str(self.code_flow(wire, login, offline=self.sign_in is None)["refresh_token"])}

        def refresh() -> None:
            form = {"grant_type": "refresh_token", "refresh_token": state["token"]}
            state["token"] = str(json.loads(wire.post(self.paths.token, form, headers).expect(200).body)["refresh_token"])

        return refresh

    def signing_in(self, login: str) -> Callable[[], object]:
        """Return the operation of a password sign-in in a fresh browser, up to the tokens."""
        wire = Wire(self.port)

        def enter() -> None:
            wire.cookies.clear()
            self.code_flow(wire, login)

        return enter

    def code_flow(self, wire: Wire, login: str, *, offline: bool = False) -> Mapping[str, object]:
        """Go through the authorization code flow with PKCE and return the tokens."""
        verifier, challenge = pkce()
        asked = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": CALLBACK,
            "scope": "openid offline_access" if offline else "openid",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "state": "s",
            "nonce": "n",
        }
        if offline:
            asked["prompt"] = "consent"
        walk = self.sign_in or _development_pages
        code = walk(wire, f"{self.paths.authorize}?{urlencode(asked)}\n{login}")
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": verifier}
        tokens: Mapping[str, object] = json.loads(wire.post(self.paths.token, form, basic(self.client_id, self.secret)).expect(200).body)
        return tokens


def _development_pages(wire: Wire, request: str) -> str:
    """Go through node-oidc-provider's own pages: any account, then consent."""
    address, login = request.split("\n")
    answer = wire.get(address).expect(302, 303)
    for _ in range(8):
        if answer.status in {302, 303}:
            if answer.headers["location"].startswith(CALLBACK):
                return code_of(answer)
            answer = wire.get(answer.location)
        else:
            form = answer.expect(200).hidden_fields()
            answer = wire.post(answer.form_action(), form | ({"login": login, "password": "-"} if form.get("prompt") == "login" else {}))
    raise UnexpectedAnswerError("the pages do not end")


@dataclass(frozen=True)
class Database:
    """A PostgreSQL that listens on the loopback: where, and who may make tables in ``name``."""

    host: str
    name: str
    user: str
    password: str = field(repr=False)


@contextlib.contextmanager
def keycloak(
    port: int, database: Database, people: Mapping[str, str], *, core: int, memory_kib: int, passes: int
) -> Iterator[Server | None]:
    """Run Keycloak on one core with its tables in ``database``, people and their passwords in a realm; ``None`` where it cannot be had."""
    home = _keycloak_home()
    if home is None:
        yield None
        return
    secret = secrets.token_urlsafe(32)
    _write_realm(home, people, secret)
    options = [
        "--http-enabled=true",
        f"--http-port={port}",
        "--http-host=127.0.0.1",
        f"--hostname=http://127.0.0.1:{port}",
        f"--db-url=jdbc:postgresql://{database.host}/{database.name}",
        f"--db-username={database.user}",
        f"--db-password={database.password}",
        "--cache=local",
        "--import-realm",
        "--log-level=warn",
        # The same work for a password as the platform's own.
        f"--spi-password-hashing--argon2--memory={memory_kib}",
        f"--spi-password-hashing--argon2--iterations={passes}",
        "--spi-password-hashing--argon2--parallelism=1",
    ]
    say(f"starting Keycloak {KEYCLOAK} (its first start makes its tables)")
    environment = {**os.environ, "JAVA_OPTS_APPEND": "-Xmx1250m"}
    with _process([str(home / "bin" / "kc.sh"), "start", "--optimized", *options], environment, core, home / "bench.log") as process:
        _wait(f"http://127.0.0.1:{port}/realms/{REALM}/.well-known/openid-configuration", home / "bench.log", process)
        base = f"/realms/{REALM}/protocol/openid-connect"
        paths = Paths(f"{base}/auth", f"{base}/token", f"{base}/token/introspect")

        def enter(wire: Wire, request: str) -> str:
            address, login = request.split("\n")
            page = wire.get(address).expect(200)
            return code_of(wire.post(page.form_action(), {"username": login, "password": people[login]}).expect(302))

        yield Server("Keycloak", port, paths, CLIENT, secret, enter)


@contextlib.contextmanager
def oidc_provider(port: int, core: int) -> Iterator[Server | None]:
    """Run node-oidc-provider, which keeps everything in memory; ``None`` without npm."""
    node, folder = shutil.which("node"), _node_modules()
    if node is None or folder is None:
        yield None
        return
    secret = secrets.token_urlsafe(32)
    say("starting node-oidc-provider")
    log = folder / "bench.log"
    environment = {**os.environ, "BENCH_SECRET": secret, "NODE_ENV": "production"}
    with _process([node, str(_HERE / "_oidc_provider.mjs"), str(port), str(folder)], environment, core, log) as process:
        _wait(f"http://127.0.0.1:{port}/.well-known/openid-configuration", log, process)
        yield Server("node-oidc-provider", port, Paths("/auth", "/token", "/token/introspection"), CLIENT, secret)


def _cache() -> Path:
    place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "govcloud-bench"
    place.mkdir(parents=True, exist_ok=True)
    return place


def _keycloak_home() -> Path | None:
    """Return an unpacked and built Keycloak, fetched once."""
    place = _cache() / f"keycloak-{KEYCLOAK}"
    if place.is_dir():
        return place
    maven, java = shutil.which("mvn"), shutil.which("java")
    if maven is None or java is None:
        say("Keycloak is left out: Maven or Java is missing")
        return None
    say(f"fetching Keycloak {KEYCLOAK}")
    artifact = f"org.keycloak:keycloak-quarkus-dist:{KEYCLOAK}:zip"
    command = [maven, "-q", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={_cache()}", "-Dmdep.useBaseVersion=true"]
    if subprocess.run(command, check=False).returncode:  # noqa: S603 - a fixed program
        say("Keycloak is left out: Maven could not fetch it")
        return None
    archive = _cache() / f"keycloak-quarkus-dist-{KEYCLOAK}.zip"
    shutil.unpack_archive(archive, _cache())
    archive.unlink()
    (place / "bin" / "kc.sh").chmod(0o755)
    say("building Keycloak for PostgreSQL")
    build = [str(place / "bin" / "kc.sh"), "build", "--db=postgres", "--health-enabled=false"]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - what was just unpacked
    return place


def _write_realm(home: Path, people: Mapping[str, str], secret: str) -> None:
    realm = {
        "realm": REALM,
        "enabled": True,
        "sslRequired": "none",
        "accessTokenLifespan": 300,
        "revokeRefreshToken": True,
        "refreshTokenMaxReuse": 0,
        "passwordPolicy": "hashAlgorithm(argon2)",
        "clients": [
            {
                "clientId": CLIENT,
                "secret": secret,
                "publicClient": False,
                "serviceAccountsEnabled": True,
                "standardFlowEnabled": True,
                "redirectUris": [CALLBACK],
                "attributes": {"pkce.code.challenge.method": "S256"},
                # A client may ask only about tokens that are meant for it.
                "protocolMappers": [
                    {
                        "name": "audience",
                        "protocol": "openid-connect",
                        "protocolMapper": "oidc-audience-mapper",
                        "config": {"included.client.audience": CLIENT, "access.token.claim": "true", "introspection.token.claim": "true"},
                    }
                ],
            }
        ],
        "users": [
            {
                "username": login,
                "enabled": True,
                "email": f"{login.lower()}@example.invalid",
                "emailVerified": True,
                "firstName": "A",
                "lastName": "B",
                "credentials": [{"type": "password", "value": password, "temporary": False}],
            }
            for login, password in people.items()
        ],
    }
    folder = home / "data" / "import"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{REALM}-realm.json").write_text(json.dumps(realm), encoding="utf-8")


def _node_modules() -> Path | None:
    """Return a folder with node-oidc-provider in it, fetched once."""
    place = _cache() / f"oidc-provider-{OIDC_PROVIDER}"
    if (place / "node_modules" / "oidc-provider").is_dir():
        return place
    npm = shutil.which("npm")
    if npm is None:
        say("node-oidc-provider is left out: npm is missing")
        return None
    place.mkdir(exist_ok=True)
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place), f"oidc-provider@{OIDC_PROVIDER}"]
    if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:  # noqa: S603 - a fixed program
        say("node-oidc-provider is left out: npm could not fetch it")
        return None
    return place


@contextlib.contextmanager
def _process(command: Sequence[str], environment: Mapping[str, str], core: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program on one core, and end it with all that it started."""
    with log.open("wb") as output:
        popen = subprocess.Popen(  # noqa: S603 - programs of the benchmark
            ["/usr/bin/taskset", "-c", str(core), *command],
            env=dict(environment),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=end_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call between fork and exec
        )
        try:
            yield popen
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(popen.pid, signal.SIGTERM)
            try:
                popen.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(popen.pid, signal.SIGKILL)
                popen.wait()


def _wait(url: str, log: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers.

    Raises:
        TimeoutError: it does not; the end of what it printed is named.
    """
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, trust_env=False).is_success:
                return
        time.sleep(0.5)
    raise TimeoutError(f"nothing answers at {url}: {log.read_text(encoding='utf-8', errors='replace')[-1500:]}")

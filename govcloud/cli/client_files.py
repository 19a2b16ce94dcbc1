"""Clients as YAML: reading a file with the line of each field, writing one, and saying what would differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import yaml

from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.validation import Fields
from govcloud.subsystems.clients.client_files import Brought
from govcloud.subsystems.clients.client_records import ADDRESSES, beyond_defaults, read_settings
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import OIDC, PROTOCOLS, PUBLIC, SECRET
from govcloud.subsystems.views import ClientView

_MOST_BYTES = 1_000_000
_TEXTS = ("subsystem", "client_id", "name", "protocol", "auth_method")
_KNOWN = (*_TEXTS, *ADDRESSES, "settings")
_ROW = re.compile(r"rows\[(\d+)\]\.(.+)")


@dataclass(frozen=True)
class Placed:
    """A client of a file, and on which line each of its fields stands (the client itself under an empty name)."""

    client: NewClient
    file: str
    lines: Mapping[str, int]

    def at(self, name: str) -> str:
        """Return ``file:line`` of a field."""
        return f"{self.file}:{self.lines.get(name, self.lines[''])}"


def read_files(paths: Sequence[Path]) -> list[Placed]:
    """Return the clients of files, in their order.

    Raises:
        click.ClickException: naming every field that is unknown or of a wrong type, with its line.
    """
    placed: list[Placed] = []
    wrong: list[str] = []
    for path in paths:
        for node in _entries(path, wrong):
            one = _client(node, str(path), wrong)
            if one is not None:
                placed.append(one)
    if wrong:
        raise click.ClickException("nothing was written:\n" + "\n".join(wrong))
    return placed


def placed_errors(error: Invalid, placed: Sequence[Placed]) -> str:
    """Return what a command found, each with the file and the line that it is about."""
    return "nothing was written:\n" + "\n".join(_placed(item, placed) for item in error.fields)


def written(clients: Iterable[ClientView]) -> str:
    """Return clients as a file; secrets are never in it, and what is as by default is left out."""
    rows = [_row(client) for client in clients]
    return yaml.safe_dump({"clients": rows}, allow_unicode=True, sort_keys=False, width=120)


def told(brought: Brought) -> Iterator[str]:
    """Give the lines that say what differs for one client."""
    mark = {"new": "+", "changed": "~", "same": "="}[brought.action]
    yield f"{mark} {brought.client_id} ({brought.subsystem_code}): {brought.action}"
    for name, (old, new) in brought.differences.items():
        if isinstance(old, list) and isinstance(new, list):
            yield from (f"    {name}: - {item}" for item in old if item not in new)
            yield from (f"    {name}: + {item}" for item in new if item not in old)
        elif brought.action == "new":
            yield f"    {name}: {new}"
        else:
            yield f"    {name}: {old} → {new}"


def _row(client: ClientView) -> dict[str, Any]:
    row: dict[str, Any] = {
        "subsystem": client.subsystem_code,
        "client_id": client.client_id,
        "name": client.name,
        "protocol": client.protocol,
    }
    if client.protocol == OIDC:
        row["auth_method"] = client.auth_method
    row |= {name: list(addresses) for name in ADDRESSES if (addresses := getattr(client, name))}
    settings = beyond_defaults(client.settings)
    return row | ({"settings": settings} if settings else {})


def _placed(item: FieldError, placed: Sequence[Placed]) -> str:
    found = _ROW.fullmatch(item.field)
    value = f" ({item.value})" if item.value else ""
    if found is None or int(found[1]) >= len(placed):
        return f"{item.field}: {item.message}{value}"
    return f"{placed[int(found[1])].at(found[2])}: {found[2]}: {item.message}{value}"


def _entries(path: Path, wrong: list[str]) -> Iterator[yaml.MappingNode]:
    if path.stat().st_size > _MOST_BYTES:
        wrong.append(f"{path}: more than {_MOST_BYTES} bytes")
        return
    try:
        text = path.read_text(encoding="utf-8")
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
            wrong.append(f"{path}: aliases (*name) are not read; write the value out")
            return
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        wrong.append(f"{path}: {error}")
        return
    fields = _mapping(root, str(path), wrong) if isinstance(root, yaml.MappingNode) else {}
    listed = fields.get("clients")
    for name, node in fields.items():
        if name != "clients":
            wrong.append(f"{path}:{_line(node)}: {name}: there is no such field; a file has: clients")
    if not isinstance(listed, yaml.SequenceNode):
        wrong.append(f"{path}:1: a file begins with `clients:` and a list")
        return
    for entry in listed.value:
        if isinstance(entry, yaml.MappingNode):
            yield entry
        else:
            wrong.append(f"{path}:{_line(entry)}: a client is a mapping of fields")


def _client(node: yaml.MappingNode, file: str, wrong: list[str]) -> Placed | None:
    fields = _mapping(node, file, wrong)
    before = len(wrong)
    for name, value in fields.items():
        if name not in _KNOWN:
            wrong.append(f"{file}:{_line(value)}: {name}: there is no such field; a client has: {', '.join(_KNOWN)}")
    texts = {name: _text(name, fields.get(name), file, wrong) for name in _TEXTS}
    missing = (name for name in ("subsystem", "client_id", "name") if name not in fields)
    wrong.extend(f"{file}:{_line(node)}: {name} is missing" for name in missing)
    protocol = texts["protocol"] or OIDC
    if protocol not in PROTOCOLS:
        wrong.append(f"{file}:{_line(fields['protocol'])}: protocol: one of {', '.join(PROTOCOLS)}")
    if len(wrong) > before:
        return None
    redirects, after, services, origins = (_texts(name, fields.get(name), file, wrong) for name in ADDRESSES)
    lines = {"": _line(node)} | {name: _line(value) for name, value in fields.items()}
    settings, notes = fields.get("settings"), Fields()
    if settings is not None and not isinstance(settings, yaml.MappingNode):
        wrong.append(f"{file}:{_line(settings)}: settings: a mapping of fields")
        return None
    inner = _mapping(settings, file, wrong) if settings is not None else {}
    lines |= {name: _line(value) for name, value in inner.items() if name not in lines}
    typed = read_settings(protocol, {name: _plain(value) for name, value in inner.items()}, notes)
    wrong.extend(f"{file}:{lines.get(item.field, lines[''])}: {item.field}: {item.message}" for item in notes.findings)
    usual = SECRET if protocol == OIDC else PUBLIC
    client = NewClient(
        texts["subsystem"],
        texts["client_id"],
        texts["name"],
        redirects,
        after,
        services,
        origins,
        auth_method=texts["auth_method"] or usual,
        settings=typed,
    )
    return Placed(client, file, lines)


def _mapping(node: yaml.MappingNode, file: str, wrong: list[str]) -> dict[str, yaml.Node]:
    fields: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = str(key.value)
        if name in fields:
            wrong.append(f"{file}:{_line(key)}: {name} stands twice")
        fields[name] = value
    return fields


def _text(name: str, node: yaml.Node | None, file: str, wrong: list[str]) -> str:
    if node is None:
        return ""
    if not isinstance(node, yaml.ScalarNode):
        wrong.append(f"{file}:{_line(node)}: {name}: a text")
        return ""
    return str(node.value)


def _texts(name: str, node: yaml.Node | None, file: str, wrong: list[str]) -> tuple[str, ...]:
    if node is None:
        return ()
    if not isinstance(node, yaml.SequenceNode) or not all(isinstance(item, yaml.ScalarNode) for item in node.value):
        wrong.append(f"{file}:{_line(node)}: {name}: a list of texts")
        return ()
    return tuple(str(item.value) for item in node.value)


def _plain(node: yaml.Node) -> object:
    """Return the value of a node as YAML's safe types have it."""
    return yaml.safe_load(yaml.serialize(node))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1

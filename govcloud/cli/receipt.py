"""``govcloud receipt``: decision receipts, verified without a platform; and those of a line, and the keys, taken out of one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from govcloud.access.evidence.receipt_checks import BadReceipt, Verified, check_receipt, read_json
from govcloud.access.evidence.receipt_words import sentences
from govcloud.cli.context import platform

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_LIMITS = (
    "the platform said this. That the person named decided so is as true as the platform is honest: only a signature of their own, "
    "by a key that somebody else vouches for, would show more"
)


@click.group()
def receipt() -> None:
    """Verify decision receipts offline, and take them out."""


@receipt.command()
@click.argument("file", type=_FILE)
@click.option("--keys", "keys_file", type=_FILE, required=True, help="the published receipt keys, from a source that you trust")
@click.option("--evidence", "evidence_file", type=_FILE, help="the evidence card; its hash must be the receipt's")
def verify(file: Path, keys_file: Path, evidence_file: Path | None) -> None:
    """Say what the receipt in FILE says, if it holds; else what is wrong with it (then exit code 1). Needs no database."""
    try:
        evidence = _object(evidence_file) if evidence_file is not None else None
        found = check_receipt(_read(file), _read(keys_file), evidence)
    except BadReceipt as error:
        click.echo(f"does not hold: {error}", err=True)
        sys.exit(1)
    _show(found, with_evidence=evidence is not None)


@receipt.command()
@click.argument("line_id", type=click.UUID)
@click.pass_context
def show(context: click.Context, *, line_id: UUID) -> None:
    """Print the receipts of the line LINE_ID, one JSON document a line."""
    with platform(context) as services:
        for view in services.receipts.of_line(line_id):
            click.echo(json.dumps(view.document))


@receipt.command()
@click.pass_context
def keys(context: click.Context) -> None:
    """Print every public key that receipts were ever signed with (JSON Web Key Set)."""
    with platform(context) as services:
        click.echo(json.dumps(services.receipts.archive(), indent=2))


def _read(file: Path) -> object:
    try:
        return read_json(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise BadReceipt(f"{file} is not text") from error


def _object(file: Path) -> dict[str, Any]:
    found = _read(file)
    if not isinstance(found, dict):
        raise BadReceipt("the evidence card is no JSON object")
    return found


def _show(found: Verified, *, with_evidence: bool) -> None:
    click.echo(f"holds: signed by the platform's key {found.kid}")
    click.echo(json.dumps(found.payload, ensure_ascii=False, indent=2))
    for sentence in sentences(found.payload):
        click.echo(sentence)
    click.echo("evidence card: is the one" if with_evidence else "evidence card: not looked at (add --evidence FILE)")
    for other in found.others:
        kind = "further signature, by passkey" if other.passkey else "further signature"
        click.echo(f"{kind}: holds, by a key that the document brought itself: {json.dumps(dict(other.key))}")
    click.echo(_LIMITS)

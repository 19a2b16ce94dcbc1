"""Where the policy that ships with the platform lies: ``policies/`` of a checkout, or beside an installed package."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

from govcloud.authorization.policies.document import PolicyDocument, load_document

_PLACES = (Path(__file__).parents[2] / "policies", Path(sys.prefix) / "share" / "govcloud" / "policies")


def policies_folder() -> Path:
    """Return the folder with ``model.conf``, ``baseline.yaml`` and ``cases/``.

    Raises:
        FileNotFoundError: the installation is incomplete; names the places that were looked at.
    """
    for place in _PLACES:
        if (place / "model.conf").is_file():
            return place
    raise FileNotFoundError(f"model.conf of the policy is missing; looked in {', '.join(str(place) for place in _PLACES)}")


@cache
def model_text() -> str:
    """Return the Casbin model."""
    return (policies_folder() / "model.conf").read_text(encoding="utf-8")


@cache
def baseline() -> PolicyDocument:
    """Return the shipped policy.

    Raises:
        PolicyError: the file has been damaged.
    """
    return load_document(policies_folder() / "baseline.yaml")

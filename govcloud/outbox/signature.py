"""The headers by which a receiver knows a webhook: the Standard Webhooks specification, symmetric form (``v1``).

The signed content is ``<webhook-id>.<webhook-timestamp>.<body>``; the key is the receiver's own secret.
"""

from __future__ import annotations

import base64
import hmac
from hashlib import sha256

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"


def signed_headers(secret: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers for ``body``, sent at ``timestamp`` (Unix seconds)."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signature = base64.b64encode(hmac.new(secret, content, sha256).digest()).decode("ascii")
    return {ID: message_id, TIMESTAMP: str(timestamp), SIGNATURE: f"v1,{signature}"}

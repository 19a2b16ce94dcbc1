"""The errors of the audit record.

::

    Invalid
    ├── invalid_input      a checkpoint is not of the form size:root; a bundle is none
    └── too_many_events    a bundle would be too large
    NotFound
    └── nothing_sealed     no event matches, or none has its place in the tree yet
"""

from __future__ import annotations

from govcloud.kernel.errors import FieldError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import shorten


def checkpoint_malformed(text: str) -> Invalid:
    """Return the error for a text that is no checkpoint."""
    message = Message("不是检查点，应为“事件数:根哈希”，例如 1200: 后接 64 位十六进制数。")
    return Invalid.of(FieldError("checkpoint", message, shorten(text)))


def bundle_malformed(reason: str) -> Invalid:
    """Return the error for a file that is no evidence bundle."""
    return Invalid.of(FieldError("bundle", Message("不是可核验的证据包，请重新导出：%(reason)s。", reason=reason)))


def too_many_events(most: int) -> Invalid:
    """Return the error for a bundle of more than ``most`` events."""
    return Invalid(
        "too_many_events",
        Message("证据包最多包含 %(most)s 条审计记录。", most=most),
        remedy=Message("请改按一份申请或一个对象导出。"),
    )


def nothing_sealed() -> NotFound:
    """Return the error for a bundle without events."""
    return NotFound(
        "nothing_sealed",
        Message("没有可导出的审计记录：没有匹配的记录，或者尚未封存。"),
        remedy=Message("请先运行 govcloud audit seal，再导出。"),
    )

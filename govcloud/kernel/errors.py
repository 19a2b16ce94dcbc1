"""The errors of the platform, by what the caller can do about them.

::

    GovcloudError
    ├── Invalid       the input is wrong; ``fields`` says where
    ├── NotFound      there is no such thing, or the caller may not know of it
    ├── Conflict      the thing is in another state than the caller believes
    ├── Denied        the caller may not do this; ``refusals`` lists every reason
    └── Unavailable   try again later; ``retry_after`` says when

Domains raise these (or subclasses); each entry point maps the five kinds to its wire. No HTTP code stands here.
"""

from __future__ import annotations

from dataclasses import dataclass

from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: its name, the sentence for people, and the value that was given (shortened)."""

    field: str
    message: Message
    value: str = ""


@dataclass(frozen=True)
class Refusal:
    """One reason not to allow something: a stable code for programs and a sentence for people."""

    code: str
    message: Message


class GovcloudError(Exception):
    """An error with a stable ``code``, a ``message`` for people and, where there is one, a ``remedy``."""

    def __init__(
        self,
        code: str,
        message: Message,
        *,
        remedy: Message | None = None,
        fields: tuple[FieldError, ...] = (),
        refusals: tuple[Refusal, ...] = (),
        retry_after: int | None = None,
    ) -> None:
        """Keep the parts; ``retry_after`` is in seconds."""
        super().__init__(str(message))
        self.code = code
        self.message = message
        self.remedy = remedy
        self.fields = fields
        self.refusals = refusals
        self.retry_after = retry_after


class Invalid(GovcloudError):
    """The input is wrong."""

    @classmethod
    def of(cls, *fields: FieldError) -> Invalid:
        """Build the error for one or more wrong fields."""
        return cls("invalid_input", Message("填写的内容有误，请按提示修改。"), fields=fields)


class NotFound(GovcloudError):
    """There is no such thing, or the caller may not know of it."""

    @classmethod
    def of(cls, kind: Message, value: object) -> NotFound:
        """Build the error for a missing thing of ``kind`` (e.g. ``Message("部门")``) looked up by ``value``."""
        return cls("not_found", Message("找不到%(kind)s“%(value)s”。", kind=kind, value=str(value)[:100]))


class Conflict(GovcloudError):
    """The thing is in another state than the caller believes."""


class Denied(GovcloudError):
    """The caller may not do this."""


class Unavailable(GovcloudError):
    """The platform cannot do this right now."""

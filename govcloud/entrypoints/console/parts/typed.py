"""What an administrator typed into a form of the console: the reason, checked, and where a refusal of the rest is told."""

from __future__ import annotations

from flask import flash
from wtforms import Form

from govcloud.kernel.errors import FieldError, GovcloudError
from govcloud.kernel.validation import Fields
from govcloud.web.locale import say

#: What an administrator has to say about a command on a row; the page asks for as much.
REASON_LEAST, REASON_MOST = 5, 128


def checked_reason(typed: str) -> str:
    """Return the reason as it was typed.

    Raises:
        Invalid: it is shorter or longer than asked for, or has control characters.
    """
    fields = Fields()
    reason = fields.text("reason", typed.replace("\r\n", "\n"), least=REASON_LEAST, most=REASON_MOST, multiline=True)
    fields.done()
    return reason


def show_refusal(error: GovcloudError, form: Form) -> None:
    """Put every wrong field's sentence on its field, where the form's own summary finds it, and the rest on top of the page."""
    left = [item for item in error.fields if not _on_field(form, item)]
    if error.fields and not left and not error.refusals:
        return
    sentences = [say(error.message), *(say(item.message) for item in left), *(say(item.message) for item in error.refusals)]
    flash(" ".join(sentences), "error")


def _on_field(form: Form, found: FieldError) -> bool:
    """Put the sentence on its field; say whether the form has that field."""
    field = form._fields.get(found.field.rpartition(".")[2])
    if field is None:
        return False
    field.errors = [*field.errors, say(found.message)]
    return True

"""The form of a submission: its texts, how many items and people it names, its mode and its start; nothing here reads a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from govcloud.access.commands import CASE_NUMBER_MOST, MOST_AHEAD, MOST_ITEMS, MOST_LINES, MOST_PEOPLE, REASON_MOST, NewSubmission
from govcloud.access.lifecycle import Mode
from govcloud.authorization.case_numbers import written
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems.changes import DUTIES
from govcloud.subsystems.queries import MatterItemView, MatterView


def checked(new: NewSubmission, now: datetime) -> NewSubmission:
    """Return the submission with its texts in their stored form.

    Raises:
        Invalid: a text is empty, too long or has control characters; the lists are empty, too long or name something twice; mode, duty
            or start are none.
    """
    fields = Fields()
    reason = fields.text("reason", new.reason, most=REASON_MOST, multiline=True)
    case_number = checked_case_number(new.case_number, fields)
    _note_items(new, fields)
    if len(new.beneficiaries) > MOST_PEOPLE:
        fields.fail("beneficiaries", Message("一次最多为 %(most)s 人申请。", most=MOST_PEOPLE), len(new.beneficiaries))
    if len(set(new.beneficiaries)) < len(new.beneficiaries):
        fields.fail("beneficiaries", Message("同一人只能列入一次。"))
    if len(new.items) * max(len(new.beneficiaries), 1) > MOST_LINES:
        fields.fail("items", Message("一次最多 %(most)s 个申请项（权限数乘以人数），请分次申请。", most=MOST_LINES))
    fields.choice("mode", new.mode, tuple(Mode))
    if new.starts_at is not None and not now < new.starts_at <= now + MOST_AHEAD:
        wrong = Message("开始时间应晚于现在，且不超过 %(days)s 天；不填即同意后立即开始。", days=MOST_AHEAD.days)
        fields.fail("starts_at", wrong, new.starts_at.isoformat())
    fields.done()
    return replace(new, reason=reason, case_number=case_number)


def checked_case_number(given: str | None, fields: Fields) -> str | None:
    """Return a case number in the one form in which it is kept, noting what is wrong with it; none where nothing was given."""
    text = fields.text("case_number", given or "", most=CASE_NUMBER_MOST, least=0)
    number = written(text)
    if (text and not number) or len(number) > CASE_NUMBER_MOST:
        fields.fail("case_number", Message("不是可以辨认的办件编号。"), text)
    return number or None


def matter_entry(matter: MatterView | None, item_id: UUID) -> MatterItemView | None:
    """Return how an item stands in a matter, if it does."""
    return next((entry for entry in matter.items if entry.item.id == item_id), None) if matter else None


def _note_items(new: NewSubmission, fields: Fields) -> None:
    if not 1 <= len(new.items) <= MOST_ITEMS:
        fields.fail("items", Message("一次应申请 1 至 %(most)s 项权限。", most=MOST_ITEMS), len(new.items))
    if len({wanted.item_id for wanted in new.items}) < len(new.items):
        fields.fail("items", Message("同一可申请项只能列入一次。"))
    for place, wanted in enumerate(new.items):
        if wanted.duty is not None:
            fields.choice(f"items.{place}.duty", wanted.duty, DUTIES)

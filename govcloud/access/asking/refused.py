"""What is said when lines of a submission are refused: every one is named, with the item, the colleague it is for, and why."""

from __future__ import annotations

from collections.abc import Sequence

from govcloud.access.asking.placing import Refused
from govcloud.kernel.errors import Conflict, Denied, FieldError, GovcloudError, Invalid, Refusal
from govcloud.kernel.messages import Message

#: The first that fits is the kind of the whole: what is about a person weighs more than a state, and that more than the input.
_WEIGHT: tuple[type[GovcloudError], ...] = (Denied, Conflict)


def one_refused(refused: Sequence[Refused]) -> GovcloudError:
    """Return the error of a single line as the rules gave it; whoever asked for one item knows which."""
    return refused[0].error


def several_refused(refused: Sequence[Refused]) -> GovcloudError:
    """Return the error of a submission: fields begin with ``items.<n>`` (from 0), sentences with the name of the item."""
    kind = next((kind for kind in _WEIGHT if any(isinstance(entry.error, kind) for entry in refused)), Invalid)
    said = tuple((entry, refusal) for entry in refused for refusal in _refusals(entry.error))
    return kind(
        said[0][1].code if len(said) == 1 else "lines_refused",
        Message("有 %(count)s 项不能申请，没有提交任何一项，请逐项核对。", count=len(refused)),
        fields=tuple(field for entry in refused for field in _fields(entry)),
        refusals=tuple(Refusal(refusal.code, _named(entry, refusal.message)) for entry, refusal in said),
    )


def _refusals(error: GovcloudError) -> tuple[Refusal, ...]:
    return error.refusals or (Refusal(error.code, error.message),)


def _fields(entry: Refused) -> tuple[FieldError, ...]:
    """Return what is wrong with a line: by its fields, and what belongs to none of them by the line itself."""
    line, error = f"items.{entry.placement.number}", entry.error
    fields = tuple(FieldError(f"{line}.{field.field}", _named(entry, field.message), field.value) for field in error.fields)
    said = {str(field.message) for field in error.fields}
    rest = (refusal.message for refusal in _refusals(error) if str(refusal.message) not in said)
    return (*fields, *(FieldError(line, _named(entry, message)) for message in rest))


def _named(entry: Refused, message: Message) -> Message:
    placement = entry.placement
    item, person = placement.line.item.name, placement.beneficiary
    if person.official_id == placement.request.requester_official_id:
        return Message("“%(item)s”：%(text)s", item=item, text=message)
    return Message("“%(item)s”（%(name)s）：%(text)s", item=item, name=person.name, text=message)

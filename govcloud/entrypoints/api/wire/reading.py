"""Reading a call: the body's bytes, JSON, and the model; each step refuses with the error that names what is wrong."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn, TypeVar

from flask import request
from pydantic import ValidationError
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from govcloud.entrypoints.api.wire.bodies import Input
from govcloud.kernel.errors import FieldError, GovcloudError, Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import shorten
from govcloud.web.gate import services

InputT = TypeVar("InputT", bound=Input)
#: A file in base64, as it stands in JSON.
_FILE = re.compile(rb'"[A-Za-z0-9+/=]{1000,}"')


class Malformed(Invalid):
    """The body is not a JSON object at all; unlike a wrong field this is answered with 400."""

    def __init__(self, reason: Message) -> None:
        """Say what stopped the reading."""
        super().__init__("malformed_json", Message("请求正文不是有效的 JSON：%(reason)s", reason=reason))


def read_body(model: type[InputT]) -> InputT:
    """Return the body of the call as ``model``.

    Raises:
        UnsupportedMediaType: the content type is not JSON.
        RequestEntityTooLarge: the body is larger than the platform takes.
        Malformed: the body is not a JSON object.
        Invalid: a field is unknown, missing or of the wrong form.
    """
    if not request.is_json:
        raise UnsupportedMediaType
    raw = request.get_data()
    _check_size(raw)
    _check_json(raw)
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise _invalid(error) from None


def read_query(model: type[InputT]) -> InputT:
    """Return the query of the call as ``model``.

    Raises:
        Invalid: a name is unknown, stands twice, or its value has the wrong form.
    """
    doubled = [FieldError(name, Message("只能出现一次。")) for name, values in request.args.lists() if len(values) > 1]
    if doubled:
        raise Invalid.of(*doubled)
    try:
        return model.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise _invalid(error) from None


def _check_size(raw: bytes) -> None:
    """Refuse a body that is large by anything but files: a few million small values would take far more memory than they weigh."""
    most = services().settings.request_max_bytes
    if len(raw) > most and len(_FILE.sub(b'""', raw)) > most:
        raise RequestEntityTooLarge


def _check_json(raw: bytes) -> None:
    """Refuse what the parser of the models would take silently: other encodings, doubled names, NaN, endless nesting."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(Message("第 %(place)s 字节不是 UTF-8。", place=error.start)) from None
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Malformed(Message("第 %(line)s 行第 %(column)s 列有误。", line=error.lineno, column=error.colno)) from None
    except RecursionError:
        raise Malformed(Message("嵌套过深。")) from None
    except ValueError:
        raise Malformed(Message("有一个数字过长。")) from None
    if not isinstance(value, dict):
        raise Malformed(Message("应为一个对象。"))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object; two fields of one name are ambiguous (RFC 8259 section 4)."""
    result: dict[str, Any] = {}
    for name, value in pairs:
        if name in result:
            raise Malformed(Message("字段“%(name)s”出现了两次。", name=shorten(name)))
        result[name] = value
    return result


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which JSON does not have (RFC 8259 section 6)."""
    raise Malformed(Message("“%(name)s”不是 JSON 的值。", name=name))


_MESSAGES = {
    "missing": Message("缺少此字段。"),
    "extra_forbidden": Message("没有这个字段，请删除或核对拼写。"),
    "uuid_parsing": Message("应为 UUID。"),
    "uuid_type": Message("应为 UUID。"),
    "int_type": Message("应为整数。"),
    "int_parsing": Message("应为整数。"),
    "int_parsing_size": Message("数字过大。"),
    "string_type": Message("应为文本。"),
    "string_unicode": Message("应为文本。"),
    "list_type": Message("应为列表。"),
    "string_pattern_mismatch": Message("格式有误；行政区划代码应为 12 位数字。"),
    "string_too_long": Message("文字过长。"),
    "too_long": Message("项数过多。"),
    "too_short": Message("项数过少。"),
    "timezone_aware": Message("时间应带时区，例如 2026-12-01T00:00:00+08:00。"),
    "datetime_from_date_parsing": Message("应为时间，例如 2026-12-01T00:00:00+08:00。"),
    "datetime_parsing": Message("应为时间，例如 2026-12-01T00:00:00+08:00。"),
    "greater_than_equal": Message("数字过小。"),
    "less_than_equal": Message("数字过大。"),
}


def _invalid(error: ValidationError) -> GovcloudError:
    """Return the findings of a model as the platform's own error.

    What passed the check of the JSON and is none to the models' parser is half of a surrogate pair (RFC 8259 section 8.2).
    """
    if any(found["type"] == "json_invalid" for found in error.errors(include_url=False, include_context=False, include_input=False)):
        return Malformed(Message("文字中有不成对的代理字符。"))
    fields = [
        FieldError(
            ".".join(str(part) for part in found["loc"]),
            _MESSAGES.get(found["type"], Message("格式有误。")),
            "" if found["type"] == "missing" else shorten(str(found["input"])),
        )
        for found in error.errors(include_url=False, include_context=False)
    ]
    return Invalid.of(*fields)

"""Masks by row: what no covering view shows is nowhere in what comes out, at any depth, in any kind of row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, literal, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from govcloud.client import Columns, ConfigurationError, FieldRule, FieldState, Rows, View, Views, masks
from govcloud.client.rows import ALL_ROWS
from govcloud.client.views import EVERYTHING, NO_VIEWS
from govcloud.client.wire import read_decision
from tests.client import places
from tests.factories.deciding import yes

#: Values that occur nowhere else, so that finding one of them means that it got out.
VALUES = {"id_number": "11010519491231002X", "phone": "13800138000", "name": "欧阳亚敏", "income": Decimal("120500.75"), "note": "夜间来访"}
XIHU, YUHANG = "330106000000", "330110000000"


#: The rows carry their labels under this key.
LABELLED = Columns("division", "department_path", "case_number", "label")


def views_of(found: list[dict[str, Any]], bound: int | None) -> Views:
    """Read views as they come over the wire."""
    return read_decision(yes(places.union(found), found, bound), {}).views


@given(views=places.views, place=st.sampled_from(places.ROWS), bound=places.bounds)
def test_masks_never_show_what_no_covering_view_shows(views: list[dict[str, Any]], place: dict[str, Any], bound: int | None) -> None:
    row = {**place, **VALUES, "family": [{"relation": "配偶", **VALUES}]}
    seen = views_of(views, bound).mask(row, LABELLED)
    cleared = places.cleared(bound, place)
    covered = cleared and any(places.covers(view["rows"], place) for view in views)
    assert seen.covered is covered
    assert covered or seen == {}
    text = str(dict(seen))
    for field, value in VALUES.items():
        expected = places.state(views, place, field) if cleared else "hidden"
        assert seen.state(field) == expected
        assert (str(value) in text) is (expected == "shown")
        assert (field in seen) is (expected != "hidden")
        if covered:
            assert (field in seen["family"][0]) is (expected != "hidden")


def test_rows_that_one_rule_masks_are_not_cleared_by_another_rule() -> None:
    clear = View(Rows.within(XIHU))
    masked = View(ALL_ROWS, FieldRule(masked=frozenset({"phone"})))
    views = Views((clear, masked))
    assert views.mask({"division": XIHU, "phone": "13800138000"})["phone"] == "13800138000"
    assert views.mask({"division": YUHANG, "phone": "13800138000"})["phone"] == "138****8000"


def test_a_field_that_is_masked_and_hidden_is_hidden() -> None:
    views = Views((View(ALL_ROWS, FieldRule(frozenset({"phone"}), frozenset({"phone"}))),))
    seen = views.mask({"phone": "13800138000", "name": "王芳"})
    assert seen == {"name": "王芳"}
    assert seen.state("phone") is FieldState.HIDDEN
    with pytest.raises(KeyError, match="phone is hidden"):
        seen["phone"]
    with pytest.raises(KeyError, match="other"):
        seen["other"]


def test_rows_that_may_not_be_seen_are_left_out_of_a_list() -> None:
    rows = [{"division": XIHU, "name": "王芳"}, {"division": YUHANG, "name": "李强"}, {"name": "无处"}]
    assert [row["name"] for row in Views((View(Rows.within(XIHU)),)).masked(rows)] == ["王芳"]
    assert NO_VIEWS.masked(rows) == []
    assert NO_VIEWS.mask(rows[0]) == {}
    assert len(EVERYTHING.masked(rows)) == 3


PHONE = Views((View(ALL_ROWS, FieldRule(frozenset({"phone", "id_number"}), frozenset({"name"}))),))


def test_a_policys_names_and_ones_own() -> None:
    layout = Columns(fields={"lxdh": "phone", "xm": "name"}, masks={"sfzhm": masks.id_number}, masked=("sfzhm", "remark"))
    row = {"lxdh": "13800138000", "xm": "王芳", "sfzhm": "11010519491231002X", "remark": "夜间来访", "kind": "低保"}
    assert PHONE.mask(row, layout) == {"lxdh": "138****8000", "sfzhm": "110105********002X", "remark": "******", "kind": "低保"}
    assert EVERYTHING.mask(row, layout)["sfzhm"] == "110105********002X", "a page's own floor holds whatever is open"


def test_a_mapped_name_does_not_lift_what_the_key_itself_is_under() -> None:
    assert PHONE.mask({"phone": "13800138000"}, Columns(fields={"phone": "kind"}))["phone"] != "13800138000"


class Base(DeclarativeBase):
    """Models of a subsystem."""


class Household(Base):
    """A household."""

    __tablename__ = "household"
    id: Mapped[int] = mapped_column(primary_key=True)
    division: Mapped[str]
    phone: Mapped[str]


@dataclass
class Entry:
    """A row of an interface."""

    division: str
    phone: str


def _of_sqlalchemy() -> Any:  # noqa: ANN401 - a row
    with create_engine("sqlite://").connect() as connection:
        return connection.execute(select(literal(XIHU).label("division"), literal("13800138000").label("phone"))).one()


@pytest.mark.parametrize(
    "row",
    [
        {"division": XIHU, "phone": "13800138000"},
        Household(id=1, division=XIHU, phone="13800138000"),
        Entry(XIHU, "13800138000"),
        _of_sqlalchemy(),
        _of_sqlalchemy()._mapping,
    ],
    ids=["mapping", "model", "dataclass", "row", "row mapping"],
)
def test_kinds_of_rows(row: object) -> None:
    views = Views((View(Rows.within(XIHU), FieldRule(frozenset({"phone"}))),))
    assert views.mask(row)["phone"] == "138****8000"
    assert views.covers(row)
    assert not Views((View(Rows.within(YUHANG)),)).covers(row)


@pytest.mark.parametrize("row", [("a", 1), 7, "text", object(), Entry, None])
def test_what_is_no_row(row: object) -> None:
    with pytest.raises(ConfigurationError, match="a row is a mapping"):
        PHONE.mask(row)


class Opaque:
    """Something that cannot be looked into."""

    def __str__(self) -> str:
        """Return what must not get out."""
        return "13800138000"


def test_what_cannot_be_looked_into_is_masked_where_anything_is_limited() -> None:
    row = {"owner": Opaque(), "when": date(2026, 5, 3), "sum": Decimal("1.5"), "tags": ("a", {"phone": "13800138000"}), 7: "x"}
    seen = PHONE.mask(row)
    assert seen == {"owner": "******", "when": date(2026, 5, 3), "sum": Decimal("1.5"), "tags": ["a", {"phone": "138****8000"}], "7": "x"}
    assert EVERYTHING.mask(row)["owner"] is row["owner"]


def test_it_is_a_dict_like_any_other() -> None:
    assert json.loads(json.dumps(PHONE.mask({"phone": "13800138000", "id_number": None}))) == {"phone": "138****8000", "id_number": None}


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (masks.id_number, "11010519491231002X", "110105********002X"),
        (masks.id_number, "110105491231002", "***************"),
        (masks.id_number, 110105194912310021, "110105********0021"),
        (masks.id_number, "", "******"),
        (masks.id_number, "1" * 500, "*" * 20),
        (masks.phone, "13800138000", "138****8000"),
        (masks.phone, 13800138000, "138****8000"),
        (masks.phone, "+8613800138000", "**************"),
        (masks.phone, ["13800138000"], "******"),
        (masks.name, "王芳", "王*"),
        (masks.name, "欧阳亚敏", "欧***"),
        (masks.name, "阿卜杜热合曼·买买提", "阿***"),
        (masks.name, "王", "*"),
        (masks.name, None, "******"),
        (masks.address, "杭州市西湖区西溪街道和平路211号21幢1304室", "杭州市西湖区******"),
        (masks.address, "和平路211号", "******"),
        (masks.bank_card, "6222 0200 1234 5678 901", "************8901"),
        (masks.bank_card, "62220", "*****"),
        (masks.email, "wangfang@example.cn", "w****@example.cn"),
        (masks.email, "w@example.cn", "************"),
        (masks.email, "nobody", "******"),
        (masks.generic, "anything", "******"),
        (masks.generic, True, "******"),
        (masks.phone, True, "******"),
    ],
)
def test_standard_masks(mask: masks.Mask, value: object, shown: str) -> None:
    assert mask(value) == shown


@given(st.sampled_from(sorted(masks.STANDARD)), st.text(min_size=1, max_size=40))
def test_a_mask_hides_at_least_half(name: str, value: str) -> None:
    shown = masks.STANDARD[name](value)
    host = value.rpartition("@")[2] if name == "email" else ""
    kept = len(shown.replace("*", "")) - len(host)
    assert kept <= max(10, len(value) // 2)
    assert shown != value or set(value) == {"*"}

"""Both lists in Chromium: a department's list, an entry, and a file from upload to edition; on a desk and on a phone, in both languages."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from flask import current_app

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.subsystems.listing.importing import ListOrder
from govcloud.subsystems.listing.kinds import POWER
from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.test_imports import looked_at
from tests.factories.imports import OPERATOR
from tests.factories.lists import Row, list_file, power, service, table
from tests.factories.world import give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(240)]

_NAMES = (
    ("05", "公共租赁住房租赁补贴发放", "《公共租赁住房管理办法》（住房和城乡建设部令第 11 号）第十九条"),
    ("05", "城镇住房保障家庭租赁补贴的审核", "《浙江省城镇住房保障办法》第二十一条"),
    ("07", "公共租赁住房承租资格确认", "《公共租赁住房管理办法》第七条、第九条"),
    ("01", "商品房预售许可", "《中华人民共和国城市房地产管理法》第四十五条"),
    ("01", "房地产开发企业资质核定", "《城市房地产开发经营管理条例》第九条"),
    ("02", "对违反规定转租公共租赁住房的处罚", "《公共租赁住房管理办法》第三十六条"),
    ("06", "对公共租赁住房使用情况的监督检查", "《公共租赁住房管理办法》第三十二条"),
    ("20", "住房公积金缴存情况查询", ""),
)


def rows(at: str = "housing") -> list[Row]:
    """Return a believable list of a department."""
    return [power(number, at=at, kind=kind, name=name, legal_basis=basis) for number, (kind, name, basis) in enumerate(_NAMES, 1)]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_list_is_imported_and_looked_at(site: Site, clock: ManualClock, tmp_path: Path, *, size: tuple[int, int], language: str) -> None:
    services, world = cast("Services", current_app.extensions["govcloud"]), site.world
    give_password(services, world.system_admin)
    first = rows() + rows("xihu_housing")
    services.subsystems.import_list(OPERATOR, "power", list_file(tmp_path / "p.csv", "power", first), ListOrder(title="2026 年第一版"))
    rest = [service(number, kind=kind, name=f"{name}申请") for number, (kind, name, _) in enumerate(_NAMES[:4], 1)]
    services.subsystems.import_list(OPERATOR, "implementation", list_file(tmp_path / "s.csv", "implementation", rest), ListOrder())
    clock.advance(timedelta(days=40))
    changed = [dict(row) for row in rows()]
    changed[0] |= {"name": "公租房租赁补贴发放", "legal_basis": "《公共租赁住房管理办法》第十九条、第二十条"}
    del changed[1]
    changed.append(power(9, name="青年人才住房补贴发放"))
    wrong = [power(10, kind="01", name="临时施工许可") | {"kind": "02"}, power(11, at="housing", name="")]
    file = tmp_path / "省住建厅权力清单（2026 年第二版）.csv"
    file.write_text(table(POWER.columns, [*changed, *wrong]), encoding="utf-8", newline="")
    window = site.window(size, language=language)
    page = site.sign_in(window, "ZHOUJIANJUN")
    housing, name = world.organisation.ids["housing"], f"list-{language}"
    page.goto("/console/power_items/")
    looked_at(page, f"{name}-all", size)
    page.goto(f"/console/power_items/?id={housing}")
    looked_at(page, f"{name}-department", size)
    page.goto(f"/console/power_items/import/?id={housing}")
    looked_at(page, f"{name}-import", size)
    page.set_input_files("#file", file)
    page.fill("#title", "2026 年第二版")
    page.check("input[name=complete]")
    page.click("form .button-primary")
    page.wait_for_selector("#confirm")
    looked_at(page, f"{name}-preview", size)
    page.check("input[name=skip_wrong]")
    page.fill("#allow_vanish", "20")
    page.click("#confirm")
    page.wait_for_url("**/editions/**")
    looked_at(page, f"{name}-result", size)
    page.go_back()
    page.wait_for_url("**/editions/**")
    page.goto("/console/power_items/editions/")
    looked_at(page, f"{name}-editions", size)
    item = services.subsystem_queries.power_items(housing)[0]
    every = {entry.name: entry.id for entry in services.subsystem_queries.power_items(housing)}
    page.goto(f"/console/power_items/item/{every.get('公租房租赁补贴发放', item.id)}")
    looked_at(page, f"{name}-item", size)
    page.goto("/console/service_items/")
    looked_at(page, f"{name}-services", size)
    window.close()

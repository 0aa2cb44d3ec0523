"""What a person sees of the e-commerce project: the layers, a run started by hand, a gold table."""

import time

import pytest

from tests.production.living import Ui, free_port

LAYERS = ("bronze", "silver", "gold")
ASSETS = (
    "bronze_raw_customers",
    "bronze_raw_orders",
    "silver_clean_customers",
    "silver_validated_orders",
    "gold_customer_ltv",
    "gold_product_analytics",
)
EXPANDED = ",".join(f"global@global:{layer}" for layer in LAYERS)
MINUTE = 60_000  # milliseconds


@pytest.fixture
def ui(bake):
    """Return the running UI of a freshly baked e-commerce project."""
    running = Ui(bake(starter="ecommerce", project_name="Shop"), "--port", str(free_port()))
    yield running
    running.end()
    running.kill()


def nodes(page):
    """Return the boxes of the lineage: assets, and the groups that are closed."""
    return page.locator("foreignObject")


def crop(page, boxes, margin: int = 28) -> dict[str, float]:
    """Return the part of the page that holds all these boxes."""
    corners = [box.bounding_box() for box in boxes]
    left = max(0, min(c["x"] for c in corners) - margin)
    top = max(0, min(c["y"] for c in corners) - margin)
    right = max(c["x"] + c["width"] for c in corners) + margin
    bottom = max(c["y"] + c["height"] for c in corners) + margin
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


@pytest.mark.slow
def test_a_person_sees_the_layers_runs_them_and_reads_a_gold_table(ui, page, pictures) -> None:
    address = ui.address()
    page.set_default_timeout(MINUTE)

    page.goto(f"{address}/asset-groups")
    for layer in LAYERS:  # one closed box a group
        nodes(page).filter(has_text=layer).first.wait_for()
    assert page.get_by_text("Join the Dagster community").count() == 0

    page.goto(f"{address}/asset-groups?expanded={EXPANDED}")
    for asset in ASSETS:
        layer = asset.partition("_")[0]
        box = nodes(page).filter(has_text=asset).first
        box.get_by_text("Never materialized").wait_for()
        for kind in (layer.title(), "Polars"):
            box.get_by_text(kind, exact=True).first.wait_for()
            assert box.get_by_text(kind, exact=True).count() == 1, f"{asset} has kind {kind}"

    with page.expect_response(lambda answer: "launch" in (answer.request.post_data or "").lower()):
        page.get_by_role("button", name="Materialize all").click()
    page.goto(f"{address}/runs")
    page.get_by_text("Success", exact=True).first.wait_for(timeout=3 * MINUTE)
    assert page.get_by_text("Failure", exact=True).count() == 0

    page.goto(f"{address}/asset-groups?expanded={EXPANDED}")
    for asset in ASSETS:
        nodes(page).filter(has_text=asset).first.get_by_text("Materialized").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=pictures / "lineage.png", clip=crop(page, nodes(page).all()))

    page.goto(f"{address}/assets/gold_customer_ltv")
    page.get_by_text("Row count", exact=True).wait_for()
    shown = page.locator("body").inner_text()
    assert "Row count\n12\n" in shown
    for text in ("customer_id", "country", "lifetime_value", "gold", "automation_sensor"):
        page.get_by_text(text, exact=True).first.wait_for()
    see_after_a_while(page, "Passing")  # freshness, once the daemon has looked at it

    page.get_by_text("[Show Markdown]").first.click()
    table = page.get_by_role("dialog").locator("table")
    table.wait_for()
    assert table.locator("tbody tr").count() == 12
    assert "lifetime_value" in table.inner_text()
    page.screenshot(path=pictures / "preview.png", clip=crop(page, [page.get_by_role("dialog")], 0))

    for picture in pictures.glob("*.png"):
        assert picture.stat().st_size < 200_000, f"{picture.name} is too large for a README"


def see_after_a_while(page, text: str, minutes: float = 4) -> None:
    """Load a page again and again until it shows a text, which it does not do by itself."""
    end = time.monotonic() + minutes * 60
    while not page.get_by_text(text, exact=True).count():
        assert time.monotonic() < end, page.locator("body").inner_text()
        page.wait_for_timeout(3_000)
        page.reload()
        page.get_by_text("Row count", exact=True).wait_for()

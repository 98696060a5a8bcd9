"""The report and the interactive landscape, opened in headless Chromium without the network."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright

from smoke import snakemake
from study.claims.judge import answer
from study.claims.qif_paper import QIF_STATEMENTS
from study.claims.sg_ntk_paper import SG_NTK_STATEMENTS
from study.figures import surfaces

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture(scope="module")
def offline() -> Iterator[BrowserContext]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; install one, e.g. apt-get install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_context(offline=True, viewport={"width": 1400, "height": 1000})
        browser.close()


@pytest.fixture
def page(offline: BrowserContext) -> Iterator[Page]:
    """A new page; at the end of the test it must have had no error and asked for no other file."""
    complaints: list[str] = []
    page = offline.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "requestfailed",  # not those that the next page has cut short
        lambda r: complaints.append(r.url[:80]) if r.failure != "net::ERR_ABORTED" else None,
    )
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    yield page
    page.close()
    assert complaints == []


def planes(points: int = 9, pairs: int = 1) -> pd.DataFrame:
    """LIF has a step, QIF a bowl; LIF runs away in one corner."""
    x, y = (g.ravel() for g in np.meshgrid(*[np.linspace(-0.4, 0.4, points)] * 2))
    tables = []
    for pair in range(pairs):
        for state in ("untrained", "equal loss", "trained"):
            losses = {"lif": np.where(x > 0.05, 2.0, 1.0) + y, "qif": 1 + x**2 + 2 * y**2}
            losses["lif"][0] = np.nan
            for neuron, loss in losses.items():
                table = pd.DataFrame({"x": x, "y": y, "loss": loss + 0.01 * (state == "trained")})
                directions = {"direction": f"filter{pair}", "direction2": f"gaussian{pair}"}
                tables.append(table.assign(neuron=neuron, seed=3, state=state, **directions))
    return pd.concat(tables, ignore_index=True)


def picture(page: Page, neuron: str) -> str:
    return str(page.evaluate(f"document.getElementById('{neuron}').toDataURL()"))


def opened(page: Page, planes: pd.DataFrame, tmp_path: Path) -> None:
    file = tmp_path / "surfaces.html"
    file.write_text(surfaces.draw(planes, 3))
    page.goto(file.as_uri())


@pytest.mark.browser
def test_surfaces_can_be_turned_chosen_and_read(page: Page, tmp_path: Path):
    opened(page, planes(), tmp_path)
    assert "seed 3" in page.title()
    assert picture(page, "lif") != picture(page, "qif")

    # the pixel of a grid point, by the page's own projection, must read that point's loss
    canvas = page.locator("#lif")
    box = canvas.bounding_box()
    left, top = page.evaluate("vertex(plane.loss.lif, 6, 2)")
    canvas.hover(position={"x": left, "y": top})
    reported = page.inner_text("#reading")
    lif = 2.0 - 0.2 + 0.01
    qif = 1 + 0.2**2 + 2 * 0.2**2 + 0.01
    where = "random direction 1, scaled per neuron: 0.2; random direction 1: -0.2"
    assert reported == f"{where}; loss LIF {lif:g}, QIF {qif:g} nats"

    before = {neuron: picture(page, neuron) for neuron in ("lif", "qif")}
    page.mouse.down()
    page.mouse.move(box["x"] + left + 90, box["y"] + top + 20, steps=3)
    page.mouse.up()
    turned = {neuron: picture(page, neuron) for neuron in ("lif", "qif")}
    assert turned["lif"] != before["lif"]
    assert turned["qif"] != before["qif"]  # both turn together

    options = page.locator("#plane option").all_inner_texts()
    assert [option.split(":")[0] for option in options] == ["trained", "untrained", "equal loss"]
    page.select_option("#plane", label=options[1])
    assert page.evaluate("plane.loss.qif[4][4]") == 1.0

    assert page.evaluate("plane.loss.lif[0][0]") is None  # a hole
    corner, inner = (page.evaluate(f"vertex(plane.loss.qif, {k}, {k})") for k in (0, 1))
    left, top = (0.7 * a + 0.3 * b for a, b in zip(corner, inner, strict=True))
    page.locator("#qif").hover(position={"x": left, "y": top})
    assert "LIF none" in page.inner_text("#reading")


@pytest.fixture(scope="module")
def report(finished: Path) -> Path:
    run = snakemake(finished, "--", "whole_report")
    assert run.returncode == 0, run.stdout + run.stderr
    return finished / "results" / "spoken-digits-smoke" / "report.html"


IMAGES = """{
    const images = [...document.images];
    images.forEach((image) => (image.loading = "eager"));
    const size = (image) => [image.naturalWidth, image.getBoundingClientRect().width];
    Promise.all(images.map((image) => image.decode())).then(() => images.map(size));
}"""
"""Of each picture, its own width and the one that it is shown at, once all are there."""


@pytest.mark.browser
def test_the_report_opens_on_the_answer_and_shows_every_figure(
    page: Page, report: Path, tmp_path: Path
):
    """Moved away from the results, and without the network; on a telephone and on a desk."""
    alone = shutil.copy(report, tmp_path / "report.html")
    menu, heading = page.locator("nav"), page.locator("h1").first
    for width in (400, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(alone.as_uri())
        assert heading.inner_text().startswith("spoken-digits-smoke")
        assert heading.bounding_box()["y"] < 200
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if width > 1000:  # beside the text
            beside = menu.bounding_box()
            assert beside["x"] + beside["width"] <= heading.bounding_box()["x"]
            assert page.locator("nav a").first.is_visible()
        else:  # above it, closed
            assert not page.locator("nav a").first.is_visible()
            page.locator("nav summary").click()
        page.locator("nav a", has_text="Landscapes").click()
        assert page.locator("#landscapes h2").is_visible()
        sizes = page.evaluate(IMAGES)
        assert len(sizes) > 15
        for natural, shown in sizes:
            assert natural > 300
            assert shown <= width

    folder = report.parent
    figures = {file.relative_to(folder) for file in folder.rglob("figures/*.png")}
    embedded = re.findall(r'src="data:image/png;base64,([^"]+)"', alone.read_text())
    contents = {base64.b64decode(content) for content in embedded}
    assert len(figures) >= 15
    assert [file for file in figures if (folder / file).read_bytes() not in contents] == []
    assert page.locator("section").count() == page.locator("section p.small").count() > 25
    surfaces = page.frame_locator("iframe").locator("#lif")
    surfaces.wait_for()

    anchors = [str(a.get_attribute("href")) for a in page.locator('a[href^="#"]').all()]
    ids = set(page.evaluate("[...document.querySelectorAll('[id]')].map((own) => '#' + own.id)"))
    assert set(anchors) <= ids
    assert {"#answer-claims-qif-outperforms-lif", "#ntk-claims-naive-ntk-diverges"} <= set(anchors)
    others = {str(a.get_attribute("href")) for a in page.locator("a").all()} - set(anchors)
    assert [link for link in others if not link.startswith("https://")] == []  # it stands alone


@pytest.mark.browser
def test_a_verdict_is_on_the_screen_of_a_phone(page: Page, finished: Path):
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto((finished / "results" / "spoken-digits-smoke" / "claims.html").as_uri())
    verdicts = page.locator(".verdict").all()[:20]
    assert len(verdicts) == 20
    for verdict in verdicts:
        box = verdict.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 400


@pytest.mark.browser
@pytest.mark.parametrize("name", ["index.html", "claims.html", "ntk/index.html", "ntk/claims.html"])
def test_pages_fit_a_phone_and_every_link_leads_to_a_result(page: Page, finished: Path, name: str):
    file = finished / "results" / "spoken-digits-smoke" / name
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto(file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    found = [str(link.get_attribute("href")) for link in page.locator("a").all()]
    links = {link.split("#")[0] for link in found if not link.startswith("#")}
    assert len(links) >= 3
    assert [link for link in links if not (file.parent / link).is_file()] == []
    for image in page.locator("img").all():
        assert image.evaluate("image => image.complete && image.naturalWidth") > 300


@pytest.mark.browser
def test_the_first_page_starts_with_the_verdicts(page: Page, finished: Path):
    folder = finished / "results" / "spoken-digits-smoke"
    page.goto((folder / "index.html").as_uri())
    claims = pd.concat([pd.read_csv(folder / f"{sub}claims.csv") for sub in ("", "ntk/")])
    rows = page.locator("table").first.locator("tbody tr").all()
    verdicts = {row.locator("a").inner_text(): row.locator(".verdict").inner_text() for row in rows}
    assert verdicts == {s.text: str(answer(claims, s, None).verdict) for s in QIF_STATEMENTS}
    second = page.locator("table").nth(1).locator("tbody tr a").all_inner_texts()
    assert second == [statement.text for statement in SG_NTK_STATEMENTS]
    page.locator("table").nth(1).locator("a").first.click()
    assert page.url.endswith("ntk/claims.html#naive-ntk-diverges")
    assert page.locator("#naive-ntk-diverges").is_visible()

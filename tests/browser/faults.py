"""What shuts somebody out of a page: what axe finds, what a thumb misses, what a slow line does not carry."""

from playwright.sync_api import Page

GRAVE = ("serious", "critical")
MOST_BYTES = 200_000


def grave_faults(page: Page, axe: str, where: str) -> list[str]:
    """Faults of the page as it stands that axe calls serious or critical, each with its place."""
    page.evaluate("Promise.all(document.getAnimations().map((running) => running.finished))")
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{where}: {fault['id']} ({fault['impact']}) at {node['target']}: {node['failureSummary']}"
        for fault in found["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]


def all_faults(page: Page, axe: str, where: str) -> list[str]:
    """Grave faults, a page that is too heavy or too wide, and controls that are too small."""
    found = grave_faults(page, axe, where)
    if (bytes_ := weight(page)) >= MOST_BYTES:
        found.append(f"{where}: {bytes_:,} bytes")
    if not page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"):
        found.append(f"{where}: wider than the window")
    return [*found, *(f"{where}: too small: {each}" for each in small_targets(page))]


def weight(page: Page) -> int:
    """Bytes of the page with all it loads, as they came over the wire or would have without the cache."""
    size: int = page.evaluate(
        "performance.getEntries().reduce((all, each) => all + (each.encodedBodySize ?? 0), 0)"
    )
    return size


def small_targets(page: Page) -> list[str]:
    """Controls a thumb can miss; links within a sentence or a table are as high as their line."""
    found: list[str] = page.evaluate(
        """[...document.querySelectorAll("button, select, .button, .tile, input:not([type=hidden])")]
        .filter((each) => each.checkVisibility() && !each.closest(".check") && !each.classList.contains("unseen"))
        .filter((each) => each.getBoundingClientRect().height < 44)
        .map((each) => each.outerHTML.slice(0, 120))"""
    )
    return found

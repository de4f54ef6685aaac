"""What axe finds on a page that shuts somebody out."""

from playwright.sync_api import Page

GRAVE = ("serious", "critical")


def grave_faults(page: Page, axe: str, where: str) -> list[str]:
    """Faults of the page as it stands, each with its place."""
    page.evaluate("Promise.all(document.getAnimations().map((running) => running.finished))")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document)")
    return [
        f"{where}: {fault['id']} ({fault['impact']}) at {node['target']}: {node['failureSummary']}"
        for fault in found["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]

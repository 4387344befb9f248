"""A browser without a window, as a reader of pages has it; where there is none tests skip."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import axe_core_python
import pytest
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
PATIENCE_S = 120
"""After so long an event that did not come is a failure."""

RUN_AXE = """
const done = arguments[0];
axe.run(document, {resultTypes: ["violations"]}).then((found) => done(found.violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`)));
"""


@contextmanager
def browser(downloads):
    """Start Chromium; what a page offers to save lies in a folder."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("Chromium and its driver are not here")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    window = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        window.set_script_timeout(PATIENCE_S)
        yield window
    finally:
        window.quit()


def wait_for(window, condition):
    """Wait until a condition in JavaScript holds."""
    WebDriverWait(window, PATIENCE_S, 0.05).until(
        lambda _: window.execute_script(f"return Boolean({condition})"), f"never: {condition}"
    )


def show(window, path, width=1200, is_dark=False):
    """Open a page as a screen of some width shows it."""
    metrics = {"width": width, "height": 1200, "deviceScaleFactor": 1, "mobile": False}
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    window.get(Path(path).resolve().as_uri())
    wait_for(window, "document.body.dataset.shown")


def serious_findings(window):
    """Return what axe finds that keeps people from reading a page."""
    window.execute_script(AXE.read_text())
    return window.execute_async_script(RUN_AXE)


def errors_of(window):
    """Return the errors that the page's scripts made."""
    return [entry for entry in window.get_log("browser") if entry["level"] == "SEVERE"]

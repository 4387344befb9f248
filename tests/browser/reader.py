"""A browser without a window, as a reader of pages has it; where there is none tests skip."""

import json
import shutil
from contextlib import contextmanager
from pathlib import Path

import axe_core_python
import pytest
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
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
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("Chromium and its driver are not here")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    saving = {
        "download.default_directory": str(downloads),
        # Without it, a second file that a page offers is not saved.
        "profile.default_content_setting_values.automatic_downloads": 1,
    }
    options.add_experimental_option("prefs", saving)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    window = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        window.set_script_timeout(PATIENCE_S)
        yield window
    finally:
        window.quit()


def wait_until(window, holds, otherwise):
    """Wait until a function says that something holds, or fail with a message."""
    WebDriverWait(window, PATIENCE_S, 0.02).until(lambda _: holds(), otherwise)


def wait_for(window, condition):
    """Wait until a condition in JavaScript holds."""
    script = f"return Boolean({condition})"
    wait_until(window, lambda: window.execute_script(script), f"never: {condition}")


def wait_for_page(window):
    """Wait until the page says that it is shown."""
    wait_for(window, "document.body.dataset.shown !== undefined")


def show(window, path, width=1200, is_dark=False):
    """Open a page as a screen of some width shows it."""
    screen(window, width, is_dark)
    load(window, path)


def screen(window, width, is_dark=False):
    """Show pages as a screen of some width does: a desk's or a phone's, in a dark room."""
    metrics = {"width": width, "height": 1200, "deviceScaleFactor": 1, "mobile": width < 600}
    window.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
    window.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def load(window, path):
    """Open a page."""
    window.get(Path(path).resolve().as_uri())
    wait_for_page(window)


def serious_findings(window):
    """Return what axe finds that keeps people from reading a page."""
    window.execute_script(AXE.read_text())
    return window.execute_async_script(RUN_AXE)


def errors_of(window):
    """Return the errors that the page's scripts made."""
    return [entry for entry in window.get_log("browser") if entry["level"] == "SEVERE"]


def requests_of(window):
    """Return every address that was asked for since the last call, but files and data."""
    events = [json.loads(entry["message"])["message"] for entry in window.get_log("performance")]
    sent = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert sent, "not even the page itself was asked for"
    return [url for url in sent if not url.startswith(("data:", "blob:", "file:"))]

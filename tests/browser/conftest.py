"""A browser without a window, that saves what a page offers and notes what it asks for."""

import csv
import json
import shutil
from pathlib import Path

import axe_core_python
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 60
"""Seconds after which an event that did not come is a failure."""


class Page:
    """A page in the browser, worked on as a person does: by keys and clicks."""

    def __init__(self, driver, folder):
        self.driver, self.folder = driver, folder

    def open(self, path):
        self.driver.get(Path(path).resolve().as_uri())
        self.wait("document.body.dataset.shown !== undefined")

    def reload(self):
        self.driver.refresh()
        self.wait("document.body.dataset.shown !== undefined")

    def narrow(self, width, dark=False):
        """Show the page as wide as a phone, or in a dark room."""
        size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition):
        """Wait until a condition in JavaScript holds."""
        message = f"never: {condition}"
        WebDriverWait(self.driver, PATIENCE, 0.02).until(
            lambda driver: driver.execute_script(f"return Boolean({condition})"), message
        )

    def press(self, *keys):
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def element(self, selector):
        return self.driver.find_element("css selector", selector)

    def elements(self, selector):
        return self.driver.find_elements("css selector", selector)

    def text(self, selector):
        return self.element(selector).text

    def type(self, selector, text):
        field = self.element(selector)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(Keys.DELETE, text)
        self.run("arguments[0].blur()", field)

    def saved(self, *names, key="e"):
        """Press the key that saves files; return the rows of those that must come, by name."""
        for old in self.folder.iterdir():
            old.unlink()
        self.press(key)
        paths = [self.folder / name for name in names]
        WebDriverWait(self.driver, PATIENCE, 0.02).until(
            lambda _: all(path.is_file() for path in paths),
            f"expected {names}, the page says: {self.text('#status')}",
        )
        return [list(csv.DictReader(path.read_text().splitlines())) for path in paths]

    def requests(self):
        """Return every address beside the page's own that it has asked for since it was opened."""
        events = [
            json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")
        ]
        sent = [
            e["params"]["request"]["url"]
            for e in events
            if e["method"] == "Network.requestWillBeSent"
        ]
        return [url for url in sent if not url.startswith(("data:", "blob:", "file:"))]

    def errors(self):
        """Return what the browser complains of: scripts that fail, requests that are forbidden."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")
            if entry["level"] == "SEVERE"
        ]

    def serious(self):
        """Return axe-core's findings that it calls serious or critical."""
        self.run(AXE.read_text())
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run(document).then((found) => done(found.violations));"
        )
        serious = [f for f in found if f["impact"] in ("serious", "critical")]
        return [(f["id"], [node["html"] for node in f["nodes"]]) for f in serious]


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A Chromium without a window, and the folder that it saves files in."""
    binary = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver_path = shutil.which("chromedriver")
    if binary is None or driver_path is None:
        pytest.skip("Chromium and its driver are not installed")
    folder = tmp_path_factory.mktemp("saved")
    options = Options()
    options.binary_location = binary
    for switch in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(switch)
    options.add_experimental_option(
        "prefs",
        {
            "download.default_directory": str(folder),
            "profile.default_content_setting_values.automatic_downloads": 1,
        },
    )
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(driver_path))
    yield driver, folder
    driver.quit()


@pytest.fixture
def page(browser):
    """A browser of a desk's size that remembers nothing of earlier tests."""
    driver, folder = browser
    driver.set_window_size(1280, 900)
    driver.get("about:blank")
    yield Page(driver, folder)
    if driver.current_url.startswith("file:"):
        driver.execute_script("localStorage.clear()")
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

"""A page on which people work, in a browser that saves what it offers."""

import csv

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser import reader


class Page:
    """A page in the browser, worked on as a person does: by keys and clicks."""

    def __init__(self, driver, folder):
        self.driver, self.folder = driver, folder

    def open(self, path):
        reader.load(self.driver, path)

    def reload(self):
        self.driver.refresh()
        reader.wait_for_page(self.driver)

    def narrow(self, width):
        """Show the page as wide as a phone does."""
        reader.screen(self.driver, width)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition):
        reader.wait_for(self.driver, condition)

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
        reader.wait_until(
            self.driver,
            lambda: all(path.is_file() for path in paths),
            f"expected {names}, the page says: {self.text('#status')}",
        )
        return [list(csv.DictReader(path.read_text().splitlines())) for path in paths]

    def requests(self):
        return reader.requests_of(self.driver)

    def errors(self):
        return reader.errors_of(self.driver)

    def serious(self):
        return reader.serious_findings(self.driver)


@pytest.fixture(scope="session")
def window_and_folder(tmp_path_factory):
    """A Chromium without a window, and the folder that it saves files in."""
    folder = tmp_path_factory.mktemp("saved")
    with reader.browser(folder) as window:
        yield window, folder


@pytest.fixture
def page(window_and_folder):
    """A browser of a desk's size that remembers nothing of earlier tests."""
    driver, folder = window_and_folder
    driver.set_window_size(1280, 900)
    driver.get("about:blank")
    yield Page(driver, folder)
    if driver.current_url.startswith("file:"):
        driver.execute_script("localStorage.clear()")
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

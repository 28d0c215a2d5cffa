# Copyright 2026 The Kheya authors.
# SPDX-License-Identifier: Apache-2.0
"""The world, the browser, and what a person does with them: for the tests beside this file."""

import http.client
import json
import os
import pathlib
import subprocess
import time
import urllib.parse
import urllib.request
import zipfile

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from kheya_world import PASSWORD, ROOT, code

SHOTS = pathlib.Path(os.environ.get("KHEYA_SHOTS", ROOT / ".build" / "screenshots"))


def axe_source():
    """axe-core, as the package that carries it was downloaded: $KHEYA_AXE, a wheel."""
    with zipfile.ZipFile(os.environ["KHEYA_AXE"]) as wheel:
        return wheel.read("axe_playwright_python/axe.min.js").decode()


class Person:
    """Somebody at a browser of her own."""

    def __init__(self, site, width=1280, script=True):
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for flag in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.site = site
        self.width = width
        self.driver.execute_cdp_cmd("Network.enable", {})
        if not script:
            self.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/script-*.js"]})
        self.resize(width)

    def resize(self, width):
        self.width = width
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": 800 if width > 500 else 640, "deviceScaleFactor": 1, "mobile": width < 500})

    def close(self):
        self.driver.quit()

    def go(self, path):
        self.driver.get(self.site + path)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def fill(self, **values):
        for name, value in values.items():
            field = self.find(f"[name={name}]:not([type=hidden])")
            field.clear()
            field.send_keys(value)

    def press(self, selector="main .button.main"):
        old = self.find("html")
        self.find(selector).click()
        end = time.time() + 15
        while time.time() < end:
            try:
                old.is_enabled()
            except Exception:
                return
            time.sleep(0.02)
        raise AssertionError(f"nothing came of pressing {selector}")

    def post(self, selector):
        """What a form is answered, in bytes, as if it had been pressed."""
        form = self.find(selector)
        values = urllib.parse.urlencode({field.get_attribute("name"): field.get_attribute("value")
                                         for field in form.find_elements(By.CSS_SELECTOR, "input")})
        cookies = "; ".join(f"{c['name']}={c['value']}" for c in self.driver.get_cookies())
        request = urllib.request.Request(form.get_attribute("action"), values.encode(), {
            "cookie": cookies, "origin": self.site})
        return urllib.request.urlopen(request).read()

    def upload(self, address, token, file):
        """The status that a form with a file is answered, sent at once as browsers without script do."""
        boundary = "kheya7f3k"
        body = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\n{token}\r\n--{boundary}\r\n"
                f"Content-Disposition: form-data; name=\"file\"; filename=\"x.pdf\"\r\n\r\n").encode()
        cookies = "; ".join(f"{c['name']}={c['value']}" for c in self.driver.get_cookies())
        connection = http.client.HTTPConnection(self.site.removeprefix("http://"))
        connection.request("POST", urllib.parse.urlsplit(address).path, body + file + f"\r\n--{boundary}--\r\n".encode(), {
            "cookie": cookies, "origin": self.site, "content-type": f"multipart/form-data; boundary={boundary}"})
        status = connection.getresponse().status
        connection.close()
        return status

    def text(self):
        return self.find("body").text

    def source(self):
        return self.driver.page_source

    def accept(self, slip):
        """A slip becomes an account."""
        self.go("/welcome")
        self.fill(slip=slip)
        self.press()
        self.secret = self.find(".secret").text.replace(" ", "")
        self.fill(password=PASSWORD, again=PASSWORD, code=code(self.secret))
        self.press()
        assert len(self.all(".codes li")) == 8, self.text()

    def speak(self, language):
        self.press(f".languages [value={language}]")

    def axe(self, source):
        """Violations of WCAG 2.0 to 2.2, A and AA."""
        self.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": source})
        result = self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
              .then((result) => done(result.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.html).join(" "))));
        """)
        return result

    def scan(self, name):
        """What a telephone reads from the code on the page, whose picture is kept as `name`."""
        self.shot(name)
        return subprocess.run(["zbarimg", "-q", "--raw", SHOTS / f"{name}.png"], check=True, capture_output=True, text=True).stdout.strip()

    def shot(self, name):
        SHOTS.mkdir(parents=True, exist_ok=True)
        height = self.driver.execute_script("return document.documentElement.scrollHeight")
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": self.width, "height": min(height, 3000), "deviceScaleFactor": 1, "mobile": self.width < 500})
        self.driver.save_screenshot(str(SHOTS / f"{name}.png"))
        self.resize(self.width)

    def faults(self, source, name, widths):
        """What is wrong with the page at these widths: violations, and what reaches beyond the window. A picture of each."""
        found = []
        for width in widths:
            self.resize(width)
            found += [f"{width}: {violation}" for violation in self.axe(source)]
            if self.overflow() > 0:
                found.append(f"{width}: {self.overflow()} pixels beyond the window")
            self.shot(f"{name}-{width}")
        self.resize(1280)
        return found

    def overflow(self):
        """How far the page reaches beyond its window, in pixels."""
        return self.driver.execute_script(
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def complaints(self):
        """What the browser's console says: a blocked inline script, a wrong policy."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")
                and "status of 4" not in entry["message"]]

    def asked(self):
        """Every address that the browser has asked for since the last call."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found


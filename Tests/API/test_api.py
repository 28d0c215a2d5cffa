# Copyright 2026 The Kheya authors.
# SPDX-License-Identifier: Apache-2.0
"""The HTTP API of a real node against its OpenAPI document: schemathesis, with tokens that the real command made.

    KHEYA=.build/debug/kheya SCHEMATHESIS=DIR/bin/schemathesis python3 Tests/API/test_api.py [EXAMPLES]
"""

import http.client
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "Browser"))
from kheya_world import PASSWORD, World, code  # noqa: E402

DOCUMENT = ROOT / "Protocols" / "WebAPI.openapi.json"


class Site:
    """One person at a node's page without a browser, and programs at its API."""

    def __init__(self, address):
        self.host = urllib.parse.urlsplit(address).netloc
        self.cookies = {}

    def ask(self, method, path, body=None, **fields):
        connection = http.client.HTTPConnection(self.host, timeout=30)
        connection.request(method, path, body, {key.replace("_", "-"): value for key, value in fields.items()})
        answer = connection.getresponse()
        content = answer.read().decode()
        for cookie in answer.msg.get_all("set-cookie") or []:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        connection.close()
        return answer.status, content

    def page(self, method, path, **values):
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        _, text = self.ask(method, path, urllib.parse.urlencode(values), cookie=cookies, sec_fetch_site="same-origin",
                           content_type="application/x-www-form-urlencoded")
        self.token = re.search(r'name="token" value="([0-9a-f]+)"', text).group(1)
        return text

    def accept(self, slip):
        self.page("GET", "/welcome")
        text = self.page("POST", "/welcome", token=self.token, slip=slip)
        secret = re.search(r'class="secret"[^>]*>([A-Z2-7 ]+)<', text).group(1).replace(" ", "")
        self.page("POST", "/welcome/accept", token=self.token, slip=slip, password=PASSWORD, again=PASSWORD,
                  code=code(secret))

    def program(self, token, path):
        status, text = self.ask("GET", path, authorization=f"Bearer {token}")
        return status, json.loads(text)


def main():
    examples = sys.argv[1] if len(sys.argv) > 1 else "40"
    world = World()
    try:
        site = Site(world.facts["shelter"])
        # A supervisor may ask for everything that the document names.
        site.accept(world.facts["mala"])

        def kheya(*arguments):
            return json.loads(subprocess.run(
                [os.environ["KHEYA"], *arguments, "--home", world.work / "shelter", "--json"], check=True, text=True,
                stdout=subprocess.PIPE, env={**os.environ, "KHEYA_KEY_FILE": str(world.work / "practice.key")}).stdout)

        token = kheya("user", "token", "mala-r", "--scope", "write")["token"]
        # What is there, so that not every address leads nowhere.
        _, listed = site.program(token, "/api/v1/cases")
        cases = [entry["case"] for entry in listed["cases"]]
        letters = site.program(token, f"/api/v1/cases/{cases[0]}/letters")[1]["letters"]
        known = {"case": cases, "letter": [letter["letter"] for letter in letters],
                 "form": [form for letter in letters for form in letter["forms"]]}
        assert all(known.values()), known
        result = subprocess.run(
            [os.environ["SCHEMATHESIS"], "--config-file", ROOT / "Tests" / "API" / "schemathesis.toml", "run", DOCUMENT,
             "--url", world.facts["shelter"], "--header", f"Authorization: Bearer {token}", "--max-examples", examples, "--seed", "1"],
            env={**os.environ, "SCHEMATHESIS_HOOKS": str(ROOT / "Tests" / "API" / "hooks.py"),
                 "KHEYA_KNOWN": json.dumps(known), "NO_COLOR": "1"}, cwd=world.directory.name)
        assert result.returncode == 0, "schemathesis has found something"
        # A token that is revoked serves no more; nothing is left to look at.
        name = kheya("user", "tokens")["tokens"][0]["id"]
        kheya("user", "revoke", name)
        status, answer = site.program(token, "/api/v1/cases")
        assert (status, answer["error"]["code"]) == (401, "unauthorized"), answer
    finally:
        world.close()


if __name__ == "__main__":
    main()

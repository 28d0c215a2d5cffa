# Copyright 2026 The Kheya authors.
# SPDX-License-Identifier: Apache-2.0
"""The world that the tests of page and API share, and the code of an authenticator."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSWORD = "four dry mango leaves"


class World:
    """The processes of Tests/Browser/world, until `close`."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="kheya-browser-")
        work = pathlib.Path(self.directory.name) / "work"
        self.process = subprocess.Popen(
            [ROOT / "Tests" / "Browser" / "world"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=open(pathlib.Path(self.directory.name) / "world.log", "w"),
            env={**os.environ, "WORK": str(work)}, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError((pathlib.Path(self.directory.name) / "world.log").read_text()[-2000:])
        self.facts = json.loads(line)
        self.work = work

    def reference(self, which):
        digits = self.facts[which][:8].upper()
        return f"K-{digits[:4]}-{digits[4:]}"

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.directory.cleanup()


def code(secret, now=None):
    """The authenticator's six digits."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int((now or time.time()) // 30)), hashlib.sha1).digest()
    offset = mac[-1] & 15
    return "%06d" % ((struct.unpack(">I", mac[offset:offset + 4])[0] & 0x7FFFFFFF) % 1_000_000)

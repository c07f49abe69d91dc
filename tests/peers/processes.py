"""Starts processes that serve HTTP on this machine, and ends each of them by its id."""

import json
import os
import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request

STARTS_WITHIN = 30.0
ENDS_WITHIN = 5.0
LOG_TAIL_BYTES = 3000
PAUSE = 0.05

# Requests stay on this machine, whatever proxy the environment names.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Failure(Exception):
    """A check does not hold."""


def expect(what, expected, found):
    """Fails unless both are equal."""
    if expected != found:
        raise Failure(f"{what}: expected {expected!r}, got {found!r}")


def expect_that(what, holds, found):
    """Fails unless it holds; `found` is what there is instead."""
    if not holds:
        raise Failure(f"{what}: expected, got {found!r}")


def until(what, read, holds, within):
    """Reads again and again until it holds, and gives what was read."""
    end = time.monotonic() + within
    while True:
        found = read()
        if holds(found):
            return found
        if time.monotonic() > end:
            raise Failure(f"{what}: expected within {within:g}s, got {found!r}")
        time.sleep(PAUSE)


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def request(url, method="GET", body=None, headers=(), within=10.0):
    """Sends a request; gives the status and the body, read as JSON where it is."""
    data = None if body is None else json.dumps(body).encode()
    sent = urllib.request.Request(url, data, {"content-type": "application/json", **dict(headers)}, method=method)
    try:
        with _opener.open(sent, timeout=within) as response:
            status, text = response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            status, text = error.code, error.read().decode()
    try:
        return status, json.loads(text)
    except ValueError:
        return status, text


class Served:
    """A process that serves HTTP on a port of its own, which stays the same when it is started again."""

    def __init__(self, name, folder, command, ready, env=None):
        """`command` gets the port; `ready` is the path that answers 200 once it serves."""
        self.name, self.port = name, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command, self._ready, self._env = command(self.port), ready, env
        self._folder, self._log = folder, pathlib.Path(folder) / f"{name}.log"
        self._child = None

    def start(self):
        with open(self._log, "ab") as log:
            self._child = subprocess.Popen(
                self._command, cwd=self._folder, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        until(f"{self.name} serves", self._is_ready, bool, STARTS_WITHIN)
        return self

    def _is_ready(self):
        if self._child.poll() is not None:
            raise Failure(f"{self.name} ended with {self._child.returncode}")
        try:
            return request(self.url + self._ready, within=2.0)[0] == 200
        except OSError:
            return False

    def kill(self):
        """Ends it without a warning."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait(ENDS_WITHIN)

    def log_tail(self):
        try:
            return self._log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")
        except OSError:
            return ""


def environment():
    """That of this process without what would be settings of Callboard."""
    settings = {"PORT", "HOST", "REDIS_URL", "RUST_LOG"}
    prefixes = ("CALLBOARD_", "OPENAI_", "WEBSOCKET_")
    return {name: value for name, value in os.environ.items() if name not in settings and not name.startswith(prefixes)}

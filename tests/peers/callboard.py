"""The server under test as its clients see it: agents, crews, and the events of a session."""

import http.client
import json
import os
import pathlib
import time

from processes import Failure, Served, environment, expect, request, until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("SERVER_BINARY", ROOT / "target/debug/callboard")).resolve()
ENDS = {"completed", "failed", "cancelled"}
TERMINAL = {"task_completed", "task_failed", "task_cancelled"}


class Callboard(Served):
    def __init__(self, folder, settings):
        pathlib.Path(folder, "callboard.toml").write_text(settings)
        super().__init__(
            "callboard",
            folder,
            lambda port: [BINARY, "serve", "--port", str(port), "--store", f"sqlite:{folder}/callboard.db"],
            "/readyz",
            environment(),
        )

    def ask(self, method, path, body=None, status=200):
        found, answer = request(self.url + path, method, body)
        if found != status:
            raise Failure(f"{method} {path}: expected {status}, got {found} {answer!r}")
        return answer

    def agent(self, name, **more):
        agent = {"id": name, "name": name, "role": "a tester", "goal": "Answer in short", "kind": "model", **more}
        self.ask("POST", "/api/v1/agents", agent, 201)

    def crew(self, name, *tasks):
        """A crew of these tasks, each a name, a description and an agent."""
        tasks = [
            {"name": task, "description": text, "agent": agent, **dict(*more)} for task, text, agent, *more in tasks
        ]
        agents = list(dict.fromkeys(task["agent"] for task in tasks))
        self.ask("POST", "/api/v1/crews", {"id": name, "name": name, "agents": agents, "tasks": tasks}, 201)

    def kickoff(self, crew):
        """Gives the id of the session."""
        return self.ask("POST", f"/api/v1/crews/{crew}/kickoff", {}, 202)["session_id"]

    def cancel(self, session_id):
        self.ask("POST", f"/cancel-task/{session_id}", {})

    def session(self, session_id):
        return self.ask("GET", f"/sessions/{session_id}")

    def ended(self, session_id, status, within):
        """Everything about a session, once it has ended in this way."""
        session = until(
            f"session {status}", lambda: self.session(session_id), lambda one: one["status"] in ENDS, within
        )
        if session["status"] != status:
            raise Failure(f"status: expected {status}, got {session['status']} ({session.get('error')})")
        return session

    def journal(self, session_id, kind=None):
        """The entries of a session, or those of one type."""
        entries = self.ask("GET", f"/sessions/{session_id}/events?since=0&limit=1000")["events"]
        return [entry for entry in entries if kind in (None, entry["type"])]

    def watch(self, session_id, within):
        return Watch(self, session_id, within)


class Watch:
    """The live events of a session, from the first one on: what is journaled, and the parts of replies as they come."""

    def __init__(self, server, session_id, within):
        self._end = time.monotonic() + within
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=within)
        self._connection.request(
            "GET", f"/sessions/{session_id}/events?since=0", headers={"accept": "text/event-stream"}
        )
        self._response = self._connection.getresponse()
        expect("status of the event stream", 200, self._response.status)
        self.seen = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def until(self, kind, holds=lambda _: True):
        """Reads on up to the next event of this type for which it holds."""
        while True:
            event = self._next(kind)
            self.seen.append(event)
            if event["type"] == kind and holds(event):
                return event
            if event["type"] in TERMINAL:
                raise Failure(f"{kind}: expected before the end, got {event!r}")

    def _next(self, kind):
        while True:
            left = self._end - time.monotonic()
            if left <= 0:
                raise Failure(f"{kind}: expected in time, got {self.seen[-1:]!r} last")
            try:
                line = self._response.readline()
            except OSError as error:
                raise Failure(f"{kind}: expected, got {error!r} after {self.seen[-1:]!r}") from error
            if not line:
                raise Failure(f"{kind}: expected, got the end of the stream after {self.seen[-1:]!r}")
            if line.startswith(b"data:"):
                return json.loads(line[len(b"data:") :])

    def deltas(self):
        """The parts of replies so far."""
        return [event for event in self.seen if event["type"] == "agent_delta"]

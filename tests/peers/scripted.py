"""What holds with aimock, a model that plays a script, fails on demand, and keeps a journal of what it is sent."""

import itertools
import json
import os
import pathlib
import uuid

from callboard import ENDS, Callboard
from processes import Failure, Served, expect, expect_that, request, until

PATIENCE = 30.0
SCRIPT = pathlib.Path(__file__).with_name("script.json")
FIXTURES = json.loads(SCRIPT.read_text())["fixtures"]
MODELS = sorted({fixture["match"]["model"] for fixture in FIXTURES})
FIRST_DRAFT = next(fixture["response"]["content"] for fixture in FIXTURES if "truncateAfterChunks" in fixture)
MAX_TRIES = 8
# Of models that fail for good.
FEW_TRIES = {"broken": 2, "garbled": 2}
# What aimock asks for with a 429, and what its clock may be off by.
RETRY_AFTER_MS, CLOCK_MS = 1000, 10


class Scripted:
    """The model and a server that knows it by many names, each with a script, faults and an agent of its own."""

    def __init__(self, folder):
        self.model = Served(
            "aimock",
            folder,
            lambda port: [
                *["node", pathlib.Path(os.environ["AIMOCK"]).resolve() / "dist/cli.js", "--port", str(port)],
                *["--fixtures", SCRIPT, "--strict", "--log-level", "warn"],
            ],
            "/__aimock/health",
        )
        self.server = Callboard(folder, "\n".join(self._settings(name) for name in MODELS))
        self.processes = [self.model, self.server]

    def _settings(self, name):
        return (
            f'[model.{name}]\nbase_url = "{self.model.url}/v1"\nmodel = "{name}"\n'
            f'max_tries = {FEW_TRIES.get(name, MAX_TRIES)}\nheaders = {{"X-Test-Id" = "{name}"}}\n'
        )

    def prepare(self):
        for name in MODELS:
            self.server.agent(name, llm=name, tools=["memory_read", "memory_write"])
            self.server.crew(name, ("only", "Do what the script says.", name))
        self.server.crew("two", ("first", "Find the facts.", "paid"), ("second", "Write the report.", "slow"))

    def requests(self, name):
        """What was sent to this model so far."""
        status, entries = request(f"{self.model.url}/__aimock/journal?testId={name}&path=chat")
        expect("status of the journal", 200, status)
        return entries

    def chaos(self, name, **rates):
        """From now on requests to this model fail in these ways; without any, in none."""
        method, body = ("POST", rates) if rates else ("DELETE", None)
        status, answer = request(f"{self.model.url}/__aimock/chaos", method, body, {"X-Test-Id": name})
        expect(f"status of the change of chaos ({answer!r})", 200, status)

    def ends(self, name, status="completed"):
        """Kicks off the crew of this name; gives everything about its session at the end."""
        return self.server.ended(self.server.kickoff(name), status, PATIENCE)

    def memory(self, key):
        return self.server.ask("GET", f"/memory/global/{key}")


def keys(requests):
    """Under which keys calls were made, in the order of the calls."""
    return [entry["headers"].get("idempotency-key") for entry in requests]


def results(entry):
    """What a request gives back of the tools that were called."""
    return [message["content"] for message in entry["body"]["messages"] if message["role"] == "tool"]


def calls_tools(scripted):
    """tools are called in order, and what they give reaches the model"""
    word = uuid.uuid4().hex
    scripted.server.ask("PUT", "/memory/global/word", word, 201)
    session = scripted.ends("tools")
    expect("output", "Both are done.", session["result"]["output"])
    found = [(one["tool"], one["ok"]) for one in scripted.server.journal(session["session_id"], "tool_result")]
    expect("results of tools", [("memory_write", True), ("memory_read", True)], found)
    expect("what was written", "ahoy", scripted.memory("greeting"))
    first, second = scripted.requests("tools")
    expect_that("a key for each call", len({*keys([first, second])} - {None}) == 2, keys([first, second]))
    expect("what the model is sent of what was read", word, results(second)[1])


def answers_calls_that_cannot_be_made(scripted):
    """broken arguments and unknown tools come back to the model as valid JSON with an error, and it goes on"""
    session = scripted.ends("clumsy")
    expect("output", "I do without.", session["result"]["output"])
    found = [one["ok"] for one in scripted.server.journal(session["session_id"], "tool_result")]
    expect("results of tools", [False, False], found)
    _, second = scripted.requests("clumsy")
    calls = next(message["tool_calls"] for message in second["body"]["messages"] if message.get("tool_calls"))
    expect("arguments sent back", [{}, {"at": "dawn"}], [json.loads(call["function"]["arguments"]) for call in calls])
    expect_that("an error for each", all("rror" in text for text in results(second)), results(second))


def stops_a_loop(scripted):
    """a model that makes the same call again and again fails by name, at the fourth"""
    error = scripted.ends("looping", "failed")["error"]
    expect_that("an error that begins with 'loop_detected'", error.startswith("loop_detected"), error)
    expect("calls of the model", 4, len(scripted.requests("looping")))


def retried(scripted, name, fault, **rates):
    """Lets a call fail twice, then no more; gives the requests that were made of it."""
    scripted.chaos(name, **rates)
    session_id = scripted.server.kickoff(name)

    def failures():
        return [one["response"].get("chaosAction") for one in scripted.requests(name)]

    def two_failures():
        if scripted.server.session(session_id)["status"] in ENDS:
            raise Failure(f"two requests that fail by {fault}: expected before the end, got {failures()!r}")
        return failures().count(fault) >= 2

    until(f"two requests that fail by {fault}", two_failures, bool, PATIENCE)
    scripted.chaos(name)
    session = scripted.server.ended(session_id, "completed", PATIENCE)
    expect("output", "Here after all.", session["result"]["output"])
    turns = scripted.server.journal(session_id, "agent_turn")
    expect("turns, and those on the bill", (1, 1), (len(turns), session["result"]["usage"]["turns"]))
    requests = scripted.requests(name)
    expect("keys of all tries", 1, len({*keys(requests)}))
    expect("tries that did not fail", 1, failures().count(None))
    return requests


def tries_again_after_a_500(scripted):
    """a call that fails with 500 is made again under the same key until it succeeds, and counts once"""
    retried(scripted, "dropping", "drop", dropRate=1)


def waits_as_long_as_it_is_asked_to(scripted):
    """a call that is refused with 429 waits at least as long as Retry-After says"""
    times = [entry["timestamp"] for entry in retried(scripted, "limiting", "rateLimit", rateLimitRate=1)]
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    expect_that("waits of Retry-After or more", min(waits) >= RETRY_AFTER_MS - CLOCK_MS, waits)


def tries_again_after_a_hang_up(scripted):
    """a call whose connection is closed without an answer is made again under the same key"""
    retried(scripted, "hanging_up", "disconnect", disconnectRate=1)


def starts_a_cut_reply_anew(scripted):
    """a stream that breaks off is asked for again, and nothing of its draft is kept"""
    session_id = scripted.server.kickoff("cut")
    with scripted.server.watch(session_id, PATIENCE) as watch:
        watch.until("task_completed")
        draft = "".join(delta["text"] for delta in watch.deltas() if delta["try"] == 1)
    expect_that("a part of the first draft", draft != "" and draft in FIRST_DRAFT, draft)
    session = scripted.server.session(session_id)
    expect("output", "The second draft is whole.", session["result"]["output"])
    (turn,) = scripted.server.journal(session_id, "agent_turn")
    expect("text of the turn", "The second draft is whole.", turn["text"])
    first, second = scripted.requests("cut")
    expect("keys of both tries", 1, len({*keys([first, second])}))
    broken_off = [one["response"].get("interrupted") for one in (first, second)]
    expect("which try the model broke off", [True, None], broken_off)


def gives_up_by_name(scripted):
    """a model that goes on failing ends the run after max_tries, and the error says how it failed"""
    scripted.chaos("broken", dropRate=1)
    error = scripted.ends("broken", "failed")["error"]
    expect_that("an error of the model with the status", error.startswith("model: ") and "500" in error, error)
    expect("tries", FEW_TRIES["broken"], len(scripted.requests("broken")))


def names_what_it_cannot_read(scripted):
    """a reply that is not JSON ends the run, and the error says so"""
    scripted.chaos("garbled", malformedRate=1)
    error = scripted.ends("garbled", "failed")["error"]
    expect_that("an error of the model", error.startswith("model: the model's reply cannot be read"), error)


def cancels_while_it_waits(scripted):
    """a session that waits for a Retry-After is cancelled at once, and asks no more"""
    session_id = scripted.server.kickoff("busy")
    until("a request that is refused", lambda: len(scripted.requests("busy")), lambda count: count == 1, PATIENCE)
    scripted.server.cancel(session_id)
    scripted.server.ended(session_id, "cancelled", PATIENCE)
    expect("requests", 1, len(scripted.requests("busy")))


def pays_once(scripted):
    """after kill -9 in mid-turn no finished call is made again, and the one under way keeps its key"""
    server = scripted.server
    session_id = server.kickoff("two")
    with server.watch(session_id, PATIENCE) as watch:
        watch.until("agent_delta", lambda delta: delta["agent_id"] == "slow")
        before = [event for event in watch.seen if event["type"] == "agent_turn"]
    server.kill()
    server.start()
    session = server.ended(session_id, "completed", PATIENCE)
    expect("outputs", {"first": "The facts.", "second": "The report."}, session["result"]["tasks"])
    turns = server.journal(session_id, "agent_turn")
    expect("turns before the kill", before, turns[: len(before)])
    expect("who took turns", ["paid", "paid", "slow"], [turn["agent_id"] for turn in turns])
    paid, slow = scripted.requests("paid"), scripted.requests("slow")
    expect("finished calls, each once", [turn["call_id"] for turn in before], keys(paid))
    expect("the call under way, made again", [turns[-1]["call_id"]] * 2, keys(slow))
    usage = session["result"]["usage"]
    billed = sum(turn["usage"]["prompt_tokens"] + turn["usage"]["completion_tokens"] for turn in turns)
    expect("bill: turns, tools, tokens", (3, 1, billed), (usage["turns"], usage["tool_calls"], usage["total_tokens"]))
    versions = [one for one in server.ask("GET", "/memory/global")["keys"] if one["key"] == "receipt"]
    expect("how often the tool wrote", [1], [one["version"] for one in versions])


def leaves_the_ended_alone(scripted):
    """a start after kill -9 makes no call for what has ended"""
    scripted.server.kill()
    scripted.server.start()
    # Whatever the start takes up is under way before this has ended.
    scripted.ends("barrier")
    expect("calls of the ended session", (2, 2), (len(scripted.requests("paid")), len(scripted.requests("slow"))))


CHECKS = [
    calls_tools,
    answers_calls_that_cannot_be_made,
    stops_a_loop,
    tries_again_after_a_500,
    waits_as_long_as_it_is_asked_to,
    tries_again_after_a_hang_up,
    starts_a_cut_reply_anew,
    gives_up_by_name,
    names_what_it_cannot_read,
    cancels_while_it_waits,
    pays_once,
    leaves_the_ended_alone,
]

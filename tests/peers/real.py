"""What holds with a real model: SmolLM2 on llama.cpp's server, which counts for itself what it is asked to do."""

import os
import pathlib
import re

from callboard import Callboard
from processes import Served, expect, expect_that, request, until
from real_model import CONTEXT_TOKENS

PATIENCE = 60.0
# How long the model's server may take until its numbers are up to date. One that goes on with a reply that nobody waits
# for is busy for longer.
SETTLES_WITHIN = 5.0
REPLY_TOKENS = 24
STORY = "Write a long story about a lighthouse."
TOO_LONG = "The lamp of the lighthouse burns all night. " * 200
OVERFLOW = "model: the conversation is too long for the model"
SHAPE = {
    "type": "object",
    "properties": {"animal": {"enum": ["cat", "dog"]}, "barks": {"type": "boolean"}},
    "required": ["animal", "barks"],
    "additionalProperties": False,
}


class Real:
    """The model and a server that uses it by default."""

    def __init__(self, folder):
        script = pathlib.Path(__file__).with_name("real_model.py")
        python = os.environ["MODEL_PYTHON"]
        self.model = Served("model", folder, lambda port: [python, script, str(port)], "/health")
        self.server = Callboard(folder, f'[model.default]\nbase_url = "{self.model.url}/v1"\nmax_tries = 6\n')
        self.processes = [self.model, self.server]

    def prepare(self):
        bounded = {"temperature": 0, "max_tokens": REPLY_TOKENS}
        self.server.agent("short", config=bounded)
        self.server.agent("strict", config=bounded, respect_context_window=False)
        self.server.agent("shaped", config={"temperature": 0, "max_tokens": 100})
        self.server.agent("unhurried", config={"temperature": 0, "max_tokens": 4 * REPLY_TOKENS})
        self.server.agent("endless", config={"temperature": 0})
        for name, text, agent, *more in [
            ("story", STORY, "short"),
            ("long", TOO_LONG, "short"),
            ("too_long", TOO_LONG, "strict"),
            ("shaped", "Which animal barks?", "shaped", {"output_schema": SHAPE}),
            ("long_story", STORY, "unhurried"),
            ("endless", STORY, "endless"),
        ]:
            self.server.crew(name, ("only", text, agent, *more))

    def counted(self, name):
        """A number that the model's server keeps."""
        status, text = request(f"{self.model.url}/metrics")
        expect("status of the model's metrics", 200, status)
        return float(re.search(rf"^llamacpp:{name} (\S+)$", text, re.MULTILINE).group(1))


def streams_a_reply(real):
    """a reply streams as it comes, and is journaled once, whole"""
    session_id = real.server.kickoff("story")
    with real.server.watch(session_id, PATIENCE) as watch:
        watch.until("task_completed")
        deltas = watch.deltas()
    (turn,) = real.server.journal(session_id, "agent_turn")
    expect_that("a reply in several parts", len(deltas) >= REPLY_TOKENS / 4, len(deltas))
    # The first ones may have gone before anybody watched.
    text = "".join(delta["text"] for delta in deltas)
    expect_that(f"parts of {turn['text']!r}", turn["text"].endswith(text), text)
    numbers = [delta["part"] for delta in deltas]
    expect("numbers of the parts", list(range(numbers[0], numbers[0] + len(numbers))), numbers)
    expect("calls of the parts", {(turn["call_id"], 1)}, {(delta["call_id"], delta["try"]) for delta in deltas})
    expect("parts with a seq", [], [delta for delta in deltas if "seq" in delta])


def bills_what_the_model_counted(real):
    """usage is what the model's server counted"""
    before = real.counted("tokens_predicted_total")
    session_id = real.server.kickoff("story")
    session = real.server.ended(session_id, "completed", PATIENCE)
    usage = session["result"]["usage"]
    (turn,) = real.server.journal(session_id, "agent_turn")
    expect("completion tokens of the turn", usage["completion_tokens"], turn["usage"]["completion_tokens"])
    # The model's server counts a reply once it has sent it.
    until(
        f"{usage['completion_tokens']} tokens by the model's own count",
        lambda: real.counted("tokens_predicted_total") - before,
        lambda counted: counted == usage["completion_tokens"],
        SETTLES_WITHIN,
    )
    expect("turns", 1, usage["turns"])
    expect("prompt tokens", turn["usage"]["prompt_tokens"], usage["prompt_tokens"])
    expect_that("prompt tokens", 0 < usage["prompt_tokens"] < CONTEXT_TOKENS, usage)
    expect("an estimate instead of usage", False, turn["usage"].get("estimated", False))


def shortens_what_is_too_long(real):
    """a prompt that is too long for the context is shortened once, and answered"""
    session_id = real.server.kickoff("long")
    session = real.server.ended(session_id, "completed", PATIENCE)
    (turn,) = real.server.journal(session_id, "agent_turn")
    prompt = turn["usage"]["prompt_tokens"]
    expect_that("a prompt that fits", CONTEXT_TOKENS / 4 < prompt < CONTEXT_TOKENS, prompt)
    expect_that("an answer", bool(session["result"]["output"].strip()), session["result"])


def fails_by_name_where_it_may_not_shorten(real):
    """without respect_context_window it fails, and the error names the reason and the size of the context"""
    error = real.server.ended(real.server.kickoff("too_long"), "failed", PATIENCE)["error"]
    expect_that(f"an error that begins with {OVERFLOW!r}", error.startswith(OVERFLOW), error)
    expect_that(f"an error that says {CONTEXT_TOKENS}", str(CONTEXT_TOKENS) in error, error)


def leaves_the_other_agents_of_an_audit(real):
    """an agent whose document is too long for its model fails by name, and the other agents of the audit finish"""
    agents = ["strict", "numeric_validation"]
    audit = {"document": f"# Report\n\n{TOO_LONG}\n", "media_type": "text/markdown", "agents": agents}
    audit_id = real.server.ask("POST", "/audits", audit, 202)["audit_id"]
    real.server.ended(audit_id, "completed", PATIENCE)
    found = real.server.ask("GET", f"/audits/{audit_id}")["agents"]
    expect("agents", ["failed", "completed"], [found[agent]["status"] for agent in agents])
    error = found["strict"]["error"]
    expect_that(f"an error that begins with {OVERFLOW!r}", error.startswith(OVERFLOW), error)


def answers_in_the_shape_asked_for(real):
    """an output schema holds, also for a model that would rather chat"""
    output = real.server.ended(real.server.kickoff("shaped"), "completed", PATIENCE)["result"]["output"]
    expect("names in the output", {"animal", "barks"}, set(output))
    expect_that("an output that fits its schema", output["animal"] in ("cat", "dog"), output)


def stops_the_model_when_cancelled(real):
    """cancelling a session stops the model's work"""
    before = real.counted("tokens_predicted_total")
    session_id = real.server.kickoff("endless")
    with real.server.watch(session_id, PATIENCE) as watch:
        watch.until("agent_delta", lambda delta: delta["part"] >= 3)
        expect("requests that the model works on", 1, real.counted("requests_processing"))
        real.server.cancel(session_id)
        watch.until("task_cancelled")
    until("an idle model", lambda: real.counted("requests_processing"), lambda count: count == 0, SETTLES_WITHIN)
    made = real.counted("tokens_predicted_total") - before
    expect_that("a reply that was broken off", made < CONTEXT_TOKENS / 2, made)
    expect("turns of a cancelled session", [], real.server.journal(session_id, "agent_turn"))


def goes_on_when_the_model_is_back(real):
    """a model's server that dies in mid-reply and comes back is asked again, and the draft starts anew"""
    session_id = real.server.kickoff("long_story")
    with real.server.watch(session_id, PATIENCE) as watch:
        watch.until("agent_delta", lambda delta: delta["part"] >= 3)
        real.model.kill()
        real.model.start()
        watch.until("task_completed")
        deltas = watch.deltas()
    (turn,) = real.server.journal(session_id, "agent_turn")
    last = deltas[-1]["try"]
    expect_that("another try", last > 1, last)
    whole = "".join(delta["text"] for delta in deltas if delta["try"] == last)
    expect("text of the last try", turn["text"], whole)
    expect("calls of all tries", {turn["call_id"]}, {delta["call_id"] for delta in deltas})


CHECKS = [
    streams_a_reply,
    bills_what_the_model_counted,
    shortens_what_is_too_long,
    fails_by_name_where_it_may_not_shorten,
    leaves_the_other_agents_of_an_audit,
    answers_in_the_shape_asked_for,
    stops_the_model_when_cancelled,
    goes_on_when_the_model_is_back,
]

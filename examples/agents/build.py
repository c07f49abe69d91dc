#!/usr/bin/env python3
"""Implementation without a model: an outline by the plan, and a question where nothing is planned.

A pipeline's third agent. `input.context` has what the two before it gave, as text.
"""

import json
import sys


def send(kind, **fields):
    print(json.dumps({"type": kind, **fields}), flush=True)


start = json.loads(sys.stdin.readline())
plan = start["input"]["context"]["planning"].splitlines()
send("request_confirmation", message=f"Write an outline of {len(plan)} sections?", timeout=3600, default=True)
if not json.loads(sys.stdin.readline())["value"]:
    send("task_failed", error="nobody wants an outline")
    sys.exit(0)
lines = ["# Outline", ""]
for step in plan:
    send("stream", content=step)
    lines += [f"## {step.split('. ', 1)[-1]}", "", "…", ""]
send("task_completed", values={"output": "\n".join(lines)})

#!/usr/bin/env python3
"""Planning without a model: one step for each topic that research has found.

A pipeline's second agent. `input.context.research` is what the first one gave, as text.
"""

import json
import sys

start = json.loads(sys.stdin.readline())
research = json.loads(start["input"]["context"]["research"])

steps = [f"Write a section about {topic}" for topic in research["topics"]]
steps += [f"Answer: {question}" for question in research["questions"]]
for done, step in enumerate(steps, 1):
    print(json.dumps({"type": "progress", "done": done, "total": len(steps), "label": step}), flush=True)
plan = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
print(json.dumps({"type": "task_completed", "values": {"output": plan or "1. Ask for more to go on"}}), flush=True)

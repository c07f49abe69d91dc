#!/usr/bin/env python3
"""Research without a model: counts what a text is about, and finds its questions.

A pipeline's first agent. It is sent {"content", "task", "description", "context"} as `input`.
"""

import collections
import json
import re
import sys

COMMON = set("a an and are as at be by can do for from has how i in is it its of on or so that the their this to was we what when will with you".split())

start = json.loads(sys.stdin.readline())
content = start["input"].get("content") or start["input"]["description"]
text = content if isinstance(content, str) else json.dumps(content)

print(json.dumps({"type": "stream", "content": f"Reading {len(text)} characters"}), flush=True)
words = [word for word in re.findall(r"[a-z][a-z'-]+", text.lower()) if word not in COMMON]
topics = [word for word, _ in collections.Counter(words).most_common(5)]
questions = re.findall(r"[^.!?\n]*\?", text)
output = {"topics": topics, "questions": [question.strip() for question in questions], "words": len(words)}
print(json.dumps({"type": "task_completed", "values": {"output": output}}), flush=True)

#!/usr/bin/env python3
"""Finds large files in a folder, asks which of them to delete, asks again, and deletes those.

Input:  {"folder": ".", "min_megabytes": 10}    (1 megabyte is 1,000,000 bytes)
Config: {"dry_run": false}                      (true: tell what would be deleted, and delete nothing)
Result: {"folder", "deleted": [paths], "skipped": {path: reason}, "freed_bytes", "dry_run"}
"""

import json
import os
import signal
import stat
import sys

MOST_CHOICES = 200


class Cancelled(Exception):
    """Somebody cancelled the session, or the server has gone."""


class Callboard:
    """Speaks with the server: one JSON object a line. Copy this class into your own program."""

    def __init__(self):
        sys.stdin.reconfigure(encoding="utf-8")
        signal.signal(signal.SIGTERM, self._stop)
        start = self._receive("start")
        self.session_id, self.attempt = start.get("session_id"), start.get("attempt", 1)
        self.input, self.config = start.get("input") or {}, start.get("config") or {}

    def stream(self, content):
        self._send("stream", content=content)

    def progress(self, done, total, label=""):
        self._send("progress", done=done, total=total, label=label)

    def confirm(self, message, **more):
        """Asks a yes-or-no question and waits for the answer: True or False."""
        self._send("request_confirmation", message=message, **more)
        return self._receive("confirm")["value"]

    def ask(self, fields, **more):
        """Asks to fill in a form and waits for its values. They have been checked against the fields."""
        self._send("request_user_input", fields=fields, **more)
        return self._receive("user_input")["values"]

    def step(self, name, work):
        """Does `work` once, however often the program is started; it must not use this object meanwhile."""
        self._send("step", name=name)
        reply = self._receive("step_run", "step_result")
        if reply["type"] == "step_result":
            return reply["value"]
        value = work()
        self._send("step_completed", name=name, value=value)
        return value

    def complete(self, values):
        self._send("task_completed", values=values)

    def fail(self, error, can_retry=False):
        """Ends without a result; with `can_retry` a person may have the program started once more."""
        self._send("task_failed", error=error, can_retry=can_retry)

    def _send(self, kind, **fields):
        print(json.dumps({"type": kind, **fields}, allow_nan=False), flush=True)

    def _receive(self, *expected):
        message = json.loads(sys.stdin.readline() or '{"type": "cancel"}')
        if message["type"] == "cancel":
            raise Cancelled
        if message["type"] not in expected:
            raise RuntimeError(f"expected {' or '.join(expected)}, got {message['type']}")
        return message

    def _stop(self, *_):
        raise Cancelled


def megabytes(size):
    return f"{size / 1e6:,.1f} MB"


def counted(number, one, many=None):
    return f"1 {one}" if number == 1 else f"{number} {many or one + 's'}"


def is_text(path):
    """Whether a path can be told: JSON has no place for names that are no Unicode."""
    try:
        path.encode("utf-8")
        return True
    except UnicodeEncodeError:
        return False


def scan(folder, least):
    """All regular files of at least that many bytes, largest first; links are not followed."""
    found, looked_at, unreadable = [], 0, []
    for parent, _, names in os.walk(folder, onerror=unreadable.append):
        for name in names:
            path = os.path.join(parent, name)
            looked_at += 1
            try:
                info = os.lstat(path)
            except OSError as error:
                if not isinstance(error, FileNotFoundError):
                    unreadable.append(error)
                continue
            if not stat.S_ISREG(info.st_mode) or info.st_size < least:
                continue
            shown = os.path.relpath(path, folder)
            if not is_text(shown):
                unreadable.append(path)
            else:
                found.append({"path": shown, "size": info.st_size, "modified": int(info.st_mtime)})
    found.sort(key=lambda file: (-file["size"], file["path"]))
    return {
        "files": found[:MOST_CHOICES],
        "left_out": max(0, len(found) - MOST_CHOICES),
        "looked_at": looked_at,
        "unreadable": len(unreadable),
    }


def delete(folder, file):
    """Deletes a file that is still the one that was shown. Gives None, or why it is still there."""
    path = os.path.join(folder, file["path"])
    try:
        info = os.lstat(path)
        now = (info.st_size, int(info.st_mtime), stat.S_ISREG(info.st_mode))
        if now != (file["size"], file["modified"], True):
            return "it has changed since it was found"
        os.remove(path)
        return None
    except FileNotFoundError:
        return "it was gone already"
    except OSError as error:
        return error.strerror or "it could not be deleted"


def tidy(board):
    folder, least = board.input.get("folder", "."), board.input.get("min_megabytes", 10)
    if not isinstance(folder, str) or isinstance(least, bool) or not isinstance(least, (int, float)) or least < 0:
        return board.fail('the input must be like {"folder": ".", "min_megabytes": 10}')
    if not os.path.isdir(folder):
        return board.fail(f"there is no folder {folder!r}", can_retry=True)
    dry_run = board.config.get("dry_run", False) is True
    result = {"folder": folder, "deleted": [], "skipped": {}, "freed_bytes": 0, "dry_run": dry_run}

    # The scan is a step: started again after a restart, the program asks about the same files.
    board.progress(0, 1, f"Looking through {folder}")
    scanned = board.step("scan", lambda: scan(folder, least * 1e6))
    files = {file["path"]: file for file in scanned["files"]}
    board.progress(1, 1, f"Looked at {counted(scanned['looked_at'], 'file')}")
    for path, file in files.items():
        board.stream(f"{megabytes(file['size']):>12}  {path}")
    if scanned["left_out"]:
        board.stream(f"{scanned['left_out']} smaller ones are not shown.")
    if scanned["unreadable"]:
        board.stream(f"{counted(scanned['unreadable'], 'folder or file', 'folders or files')} could not be read.")
    if not files:
        board.stream(f"No file has {least} MB or more.")
        return board.complete(result)

    question = {"name": "delete", "type": "multiselect", "description": "Files to delete", "required": False}
    answer = board.ask([{**question, "choices": list(files)}], message=f"Which files of {folder} shall be deleted?")
    chosen = [files[path] for path in answer.get("delete") or [] if path in files]
    if not chosen:
        board.stream("Nothing was chosen.")
        return board.complete(result)

    total = megabytes(sum(file["size"] for file in chosen))
    count = counted(len(chosen), "file")
    rehearsal = " This is a rehearsal: nothing will be deleted." if dry_run else " This cannot be undone."
    if not board.confirm(f"Delete {count}, {total} in all?{rehearsal}"):
        board.stream("Nothing was deleted.")
        return board.complete(result)

    for done, file in enumerate(chosen, start=1):
        path = file["path"]
        if dry_run:
            board.stream(f"Would delete {path}")
        else:
            # A step for each file: after a restart those that are done are not touched again.
            reason = board.step(f"delete {path}", lambda: delete(folder, file))
            if reason:
                board.stream(f"Left {path}: {reason}")
                result["skipped"][path] = reason
            else:
                board.stream(f"Deleted {path}")
                result["deleted"].append(path)
                result["freed_bytes"] += file["size"]
        board.progress(done, len(chosen), path)
    return board.complete(result)


if __name__ == "__main__":
    try:
        tidy(Callboard())
    except (Cancelled, BrokenPipeError):
        # The server knows already, or is not there any more. Nothing is half done: a step is a whole file.
        os._exit(1)

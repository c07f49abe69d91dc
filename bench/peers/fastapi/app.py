"""The peer: sessions with a question in them on FastAPI, kept in memory and nowhere else.

It speaks as much of the wire as the harness needs: start a session, watch it on a WebSocket with a replay
of its last messages, answer its question. Nothing of it outlives the process.
"""
import asyncio
import json
import os
import uuid
from collections import deque

from fastapi import FastAPI, HTTPException, WebSocket, WebSocketDisconnect
from pydantic import BaseModel

KEPT_MESSAGES = 100
LINES_FROM = os.environ.get("BENCH_LINES_FROM")  # host:port that asks for lines, one for each byte it sends
LINE_BYTES = int(os.environ.get("BENCH_LINE_BYTES", "184"))

app = FastAPI()
sessions: dict[str, "Session"] = {}
running: set[asyncio.Task] = set()  # the event loop itself keeps only weak references


class Session:
    """One session: what it has said, who listens, and the answer that it waits for."""

    def __init__(self):
        self.id = str(uuid.uuid4())
        self.kept = deque(maxlen=KEPT_MESSAGES)
        self.sockets = []
        self.answered = asyncio.Event()
        self.answer = None

    async def emit(self, message):
        text = json.dumps(message, separators=(",", ":"))
        self.kept.append(text)
        for socket in list(self.sockets):
            await self.tell(socket, text)

    async def tell(self, socket, text):
        try:
            await socket.send_text(text)
        except (WebSocketDisconnect, RuntimeError):
            self.leave(socket)

    async def attach(self, socket):
        self.sockets.append(socket)
        if not self.kept:
            return
        kept = list(self.kept)
        replaying = f"Replaying {len(kept)} state messages"
        await self.tell(socket, json.dumps({"type": "state_replay_start", "message": replaying}))
        for text in kept:
            await self.tell(socket, text)
        await self.tell(socket, '{"type":"state_replay_complete","message":"State replay finished"}')

    def leave(self, socket):
        if socket in self.sockets:
            self.sockets.remove(socket)


async def approval(session, config):
    await session.emit({"type": "stream", "content": "Waiting for approval"})
    await session.emit({"type": "request_confirmation"})
    await session.answered.wait()
    if session.answer:
        lines = int(config.get("lines", 5))
        for number in range(1, lines + 1):
            await session.emit({"type": "stream", "content": f"Processing step {number}/{lines}..."})
    await session.emit({"type": "task_completed", "values": {"approved": bool(session.answer)}})


async def simulate_streaming(session, config):
    steps = int(config.get("steps", 10))
    for number in range(1, steps + 1):
        await session.emit({"type": "stream", "content": f"Step {number}/{steps} completed"})
        await session.emit({"type": "progress", "done": number, "total": steps, "label": ""})
        await asyncio.sleep(config.get("step_delay_ms", 500) / 1000)
    await session.emit({"type": "task_completed", "values": {}})


async def lines(session, _config):
    """A stream of lines, one for each byte that the harness sends."""
    host, port = LINES_FROM.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    number = 0
    while asked := await reader.read(4096):
        for _ in asked:
            number += 1
            await session.emit({"type": "stream", "content": f"{number} ".ljust(LINE_BYTES, ".")})
    writer.close()
    await session.emit({"type": "task_completed", "values": {}})


TASKS = {"approval": approval, "simulate_streaming": simulate_streaming, "lines": lines}


async def run(session, task, config):
    try:
        await TASKS[task](session, config)
    finally:
        sessions.pop(session.id, None)


class Start(BaseModel):
    task: str = "approval"
    config: dict = {}


@app.post("/start-task")
async def start_task(start: Start):
    if start.task not in TASKS:
        raise HTTPException(404, "unknown task")
    session = Session()
    sessions[session.id] = session
    task = asyncio.create_task(run(session, start.task, start.config))
    running.add(task)
    task.add_done_callback(running.discard)
    return {"session_id": session.id, "task": start.task, "status": "running"}


@app.get("/health")
async def health():
    return {"status": "healthy"}


@app.websocket("/ws/{session_id}")
async def watch(socket: WebSocket, session_id: str):
    await socket.accept()
    session = sessions.get(session_id)
    if session is None:
        await socket.send_json({"type": "error", "code": "unknown_session", "message": "Unknown session"})
        await socket.close(4504)
        return
    await session.attach(socket)
    try:
        while True:
            message = await socket.receive_json()
            if message.get("type") == "confirm" and not session.answered.is_set():
                session.answer = bool(message.get("value"))
                session.answered.set()
    except WebSocketDisconnect:
        pass
    finally:
        session.leave(socket)

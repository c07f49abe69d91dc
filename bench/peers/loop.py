"""The peer: a live workflow as a loop in Python, on FastAPI.

The order of the nodes is computed once, their instances are kept, inputs are looked up in dicts. Each iteration runs
every node and pushes as JSON what it gave: a node_state for each node whose result changed, then a continuous_update.
"""
import asyncio
import json
import time

from fastapi import FastAPI, HTTPException, Request, WebSocket, WebSocketDisconnect

app = FastAPI()
executors: dict[str, "Executor"] = {}


class NumberInput:
    def execute(self, value=0):
        return {"value": value}


class Clock:
    def execute(self):
        return {"seconds": time.time()}


class Math:
    OPERATIONS = {
        "add": lambda a, b: a + b,
        "subtract": lambda a, b: a - b,
        "multiply": lambda a, b: a * b,
    }

    def execute(self, a, b, operation="add"):
        return {"result": self.OPERATIONS[operation](a, b)}


CLASSES = {"NumberInput": NumberInput, "Clock": Clock, "Math": Math}


class Sockets:
    """All who watch."""

    def __init__(self):
        self.active = []

    async def broadcast(self, message):
        if not self.active:
            return
        text = json.dumps(message, separators=(",", ":"))
        gone = []
        for socket in self.active:
            try:
                await socket.send_text(text)
            except (WebSocketDisconnect, RuntimeError):
                gone.append(socket)
        for socket in gone:
            self.leave(socket)

    def leave(self, socket):
        if socket in self.active:
            self.active.remove(socket)


sockets = Sockets()


class Executor:
    """One live workflow: set up once, then iterated."""

    def __init__(self, graph):
        self.id = graph["id"]
        self.inputs = {node["id"]: dict(node.get("inputs") or {}) for node in graph["nodes"]}
        self.links = {id: [] for id in self.inputs}
        for edge in graph["edges"]:
            self.links[edge["target"]].append((edge["target_input"], edge["source"], edge["source_output"]))
        self.order = self.sorted()
        types = {node["id"]: node["type"] for node in graph["nodes"]}
        self.instances = {id: CLASSES[types[id]]() for id in self.order}
        self.results = {}
        self.count = 0
        self.running = None

    def sorted(self):
        """Kahn's algorithm."""
        waits = {id: len(links) for id, links in self.links.items()}
        followers = {id: [] for id in self.links}
        for id, links in self.links.items():
            for _, source, _ in links:
                followers[source].append(id)
        ready = [id for id, count in waits.items() if count == 0]
        for id in ready:
            for follower in followers[id]:
                waits[follower] -= 1
                if waits[follower] == 0:
                    ready.append(follower)
        if len(ready) < len(waits):
            raise HTTPException(422, "a cycle")
        return ready

    async def iterate(self):
        begun = time.time()
        changed = {}
        for id in self.order:
            inputs = self.inputs[id]
            for name, source, output in self.links[id]:
                inputs[name] = self.results[source][output]
            result = self.instances[id].execute(**inputs)
            if self.results.get(id) != result:
                self.results[id] = changed[id] = result
        self.count += 1
        for id, result in changed.items():
            data = {"start_time": begun, "result": result}
            await self.tell("node_state", {"node_id": id, "state": "completed", "data": data})
        data = {"execution_time": time.time() - begun, "results": changed}
        await self.tell("continuous_update", {"execution_count": self.count, "status": "completed", "data": data})

    async def tell(self, type, data):
        await sockets.broadcast({"type": type, "timestamp": time.time(), "data": {"workflow_id": self.id, **data}})

    async def loop(self, interval):
        while True:
            await self.iterate()
            await asyncio.sleep(interval)

    def stop(self):
        if self.running:
            self.running.cancel()
            self.running = None

    def status(self):
        return {"workflow_id": self.id, "is_running": bool(self.running), "execution_count": self.count}


def find(id):
    if id not in executors:
        raise HTTPException(404, "unknown workflow")
    return executors[id]


@app.get("/health")
async def health():
    return {"status": "healthy"}


@app.post("/workflows", status_code=201)
async def create(request: Request):
    graph = await request.json()
    executors[graph["id"]] = Executor(graph)
    return {"id": graph["id"]}


@app.post("/workflows/{id}/continuous/start")
async def start(id: str, request: Request):
    executor = find(id)
    executor.stop()
    options = await request.json()
    executor.running = asyncio.create_task(executor.loop(options.get("interval_ms", 100) / 1000))
    return executor.status()


@app.post("/workflows/{id}/continuous/stop")
async def stop(id: str):
    executor = find(id)
    executor.stop()
    return executor.status()


@app.get("/workflows/{id}/status")
async def status(id: str):
    return find(id).status()


@app.websocket("/ws")
async def watch(socket: WebSocket):
    await socket.accept()
    sockets.active.append(socket)
    try:
        while True:
            message = await socket.receive_json()
            if message.get("type") == "input_update":
                data = message["data"]
                executor = executors[data["workflow_id"]]
                executor.inputs[data["node_id"]][data["input_name"]] = data["input_value"]
                applied = {key: data[key] for key in ("workflow_id", "node_id", "input_name")}
                applied["execution_count"] = executor.count + 1
                reply = {"type": "input_applied", "timestamp": time.time(), "data": applied}
                await socket.send_text(json.dumps(reply, separators=(",", ":")))
    except WebSocketDisconnect:
        pass
    finally:
        sockets.leave(socket)

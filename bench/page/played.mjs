// A server that passes everything on to Callboard, and plays the sessions' WebSockets itself at an even pace.

import { createHash } from "node:crypto";
import { createServer, request } from "node:http";

const BURST_MS = 10;
/** What a server appends to a client's key (RFC 6455, section 1.3). */
const KEY_END = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** A text frame, as a server sends it. */
function frame(text) {
  const body = Buffer.from(text);
  const head = body.length < 126 ? Buffer.from([0x81, body.length]) : Buffer.from([0x81, 126, body.length >> 8, body.length & 255]);
  return Buffer.concat([head, body]);
}

/** Starts it before the server at `origin`; gives its address, how many lines it has played, and what ends it. */
export async function playing(origin, linesASecond) {
  let lines = 0;
  const server = createServer((asked, answer) => {
    const passed = request(new URL(asked.url, origin), { method: asked.method, headers: { ...asked.headers, host: new URL(origin).host } }, (told) => {
      answer.writeHead(told.statusCode, told.headers);
      told.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  const sockets = new Set();
  server.on("upgrade", (asked, socket) => {
    // The inbox has a socket of its own, which says nothing here.
    if (!asked.url.startsWith("/ws/")) return socket.destroy();
    const accept = createHash("sha1").update(asked.headers["sec-websocket-key"] + KEY_END).digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    socket.setNoDelay(true);
    const tell = (message) => frame(JSON.stringify(message));
    socket.write(tell({ type: "state_replay_start", message: "", count: 0, dropped: 0, last_seq: 0 }));
    socket.write(tell({ type: "state_replay_complete", message: "" }));
    let seq = 0;
    const from = performance.now();
    const timer = setInterval(() => {
      const frames = [];
      while (seq < ((performance.now() - from) / 1000) * linesASecond) {
        seq += 1;
        lines += 1;
        frames.push(tell({ type: "stream", content: `line ${seq} of a program that has a lot to say today`, seq, timestamp: Date.now() / 1000 }));
      }
      // Pings are not read; any message answers them for the page.
      socket.write(Buffer.concat(frames));
    }, BURST_MS);
    sockets.add(socket);
    socket.on("data", () => undefined);
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearInterval(timer);
      sockets.delete(socket);
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    played: () => lines,
    stop() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
    },
  };
}

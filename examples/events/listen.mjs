// Listens to Callboard's events in any of their forms: JSON, compressed, or as Protocol Buffers. Without dependencies;
// for browsers, and for Node 22 or later:
//
//     node examples/events/listen.mjs 'ws://localhost:8000/api/v1/websocket/ws/global?compression=gzip'
//
// A frame is one event or, with ?batch_ms=, several; with ?compression=gzip long ones are binary and compressed; with
// ?format=protobuf every one is a Frame of proto/callboard/events.proto, as /events.proto gives it.

const PRIORITIES = ["", "low", "normal", "high", "critical"];
const EVENT = { 1: "id", 2: "type", 5: "execution_id", 6: "crew_id", 7: "agent_id", 8: "data", 9: "metadata" };

/** Calls `onEvent` with each event, and with the answers to what is said; gives the socket, to say something and to close. */
export function listen(url, onEvent) {
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  let turn = Promise.resolve();
  // Frames are taken apart one after the other, so that their order is kept while one is decompressed.
  socket.onmessage = ({ data }) => (turn = turn.then(async () => (await events(data)).forEach(onEvent)));
  return socket;
}

/** The events of a frame. */
async function events(frame) {
  if (typeof frame === "string") return [JSON.parse(frame)].flat();
  let bytes = new Uint8Array(frame);
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    bytes = new Uint8Array(await new Response(plain).arrayBuffer());
  }
  const text = new TextDecoder();
  // JSON begins with a brace or bracket, and a Frame with the number of its first field.
  if (bytes[0] === 0x7b || bytes[0] === 0x5b) return [JSON.parse(text.decode(bytes))].flat();
  return [...fields(bytes)].map(([field, value]) => (field === 1 ? event(value) : JSON.parse(text.decode(value))));
}

/** An event as it is in JSON. */
function event(bytes) {
  const found = {};
  for (const [field, value] of fields(bytes)) {
    const name = EVENT[field];
    if (field === 3) found.priority = PRIORITIES[Number(value)];
    else if (field === 4) found.timestamp = new Date(Number(value / 1000n)).toISOString();
    else if (field === 10) found.seq = Number(value);
    else if (name === "data" || name === "metadata") found[name] = JSON.parse(new TextDecoder().decode(value));
    else if (name) found[name] = new TextDecoder().decode(value);
  }
  return found;
}

/** The fields of a message: its numbers as BigInt, everything else as bytes. */
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const value = varint();
    if (key % 8 === 0) yield [key >> 3, value];
    else yield [key >> 3, bytes.subarray(at, (at += Number(value)))];
  }
}

if (globalThis.process?.argv?.[1]?.endsWith("listen.mjs")) {
  listen(process.argv[2] ?? "ws://localhost:8000/api/v1/websocket/ws/global", (event) => console.log(JSON.stringify(event)));
}

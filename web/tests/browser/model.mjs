// A server of chat completions that plays what a test writes down: a reply a turn, streamed word by word.

import { createServer } from "node:http";

const USAGE = { prompt_tokens: 1200, completion_tokens: 340 };

/** `script` gives, for each model, what it replies: a text, `{calls: [[tool, arguments]]}`, `{slow: text, ms}` or `{refuse: status}`. */
export class Model {
  #server;
  #script;
  calls = [];

  constructor(script) {
    this.#script = script;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  async start() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.#server.address().port}/v1`;
    return this;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request, response) {
    let text = "";
    for await (const part of request) text += part;
    if (request.method === "GET") return void response.end(JSON.stringify({ data: Object.keys(this.#script).map((id) => ({ id })) }));
    const { model, messages } = JSON.parse(text);
    this.calls.push({ model, messages });
    const replies = this.#script[model];
    const turn = messages.filter(({ role }) => role === "assistant").length;
    const reply = replies[Math.min(turn, replies.length - 1)];
    if (reply.refuse) {
      response.writeHead(reply.refuse, { "content-type": "application/json" });
      return void response.end(JSON.stringify({ error: { message: "the model fell over" } }));
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    const send = (delta) => response.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`);
    if (reply.calls) {
      send({ tool_calls: reply.calls.map(([name, given], index) => ({ index, id: `call_${this.calls.length}_${index}`, type: "function", function: { name, arguments: JSON.stringify(given) } })) });
    } else {
      for (const word of (reply.slow ?? reply).split(/(?<= )/)) {
        send({ content: word });
        if (reply.slow) await new Promise((resolve) => setTimeout(resolve, reply.ms));
      }
    }
    response.end(`data: ${JSON.stringify({ choices: [], usage: USAGE })}\n\ndata: [DONE]\n\n`);
  }
}

// Starts, kills and restarts the server under test.

import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BINARY = process.env.SERVER_BINARY ?? fileURLToPath(new URL("../../../target/debug/callboard", import.meta.url));
const STARTS_WITHIN = 20_000;

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** A server on a free port, with a database of its own. */
export class Server {
  #child = null;
  #folder = mkdtempSync(join(tmpdir(), "callboard-page-"));
  #log = "";

  /** `settings` are the text of its configuration file. */
  static async start(settings = "") {
    const server = new Server();
    if (settings) writeFileSync(join(server.#folder, "callboard.toml"), settings);
    server.port = await freePort();
    await server.up();
    return server;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  get isUp() {
    return this.#child !== null;
  }

  /** Starts it, again on the same database and port. */
  async up() {
    const store = `sqlite:${join(this.#folder, "callboard.db")}`;
    // A folder of its own keeps a configuration file that lies about out of the test, and so it is with settings in the environment.
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("CALLBOARD_")));
    const child = spawn(BINARY, ["serve", "--port", String(this.port), "--store", store], { cwd: this.#folder, env, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    let failed = null;
    child.on("error", (error) => (failed = error.message));
    child.on("exit", (code) => (failed = `it ended with ${code}`));
    for (const pipe of [child.stdout, child.stderr]) pipe.on("data", (data) => (this.#log = (this.#log + data).slice(-4000)));
    const until = Date.now() + STARTS_WITHIN;
    while (Date.now() < until) {
      if (failed) throw new Error(`${BINARY} does not start: ${failed}\n${this.#log}`);
      const answer = await fetch(`${this.url}livez`).catch(() => null);
      if (answer?.ok) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${BINARY} does not answer\n${this.#log}`);
  }

  /** Ends it without a warning. */
  kill(signal = "SIGKILL") {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null) return Promise.resolve();
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    return gone;
  }

  async stop() {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

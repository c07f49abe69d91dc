// Starts, kills and restarts the server under test.

import { execFileSync, spawn } from "node:child_process";
import { get } from "node:https";
import { createServer } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BINARY = process.env.SERVER_BINARY ?? fileURLToPath(new URL("../../../target/debug/callboard", import.meta.url));
const STARTS_WITHIN = 20_000;

/** A folder of its own keeps a configuration file that lies about out of the test, and so it is with settings in the environment. */
const ENVIRONMENT = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("CALLBOARD_")));

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

  /** `settings` are the text of its configuration file; with `isEncrypted` it has a certificate that it has signed itself. */
  static async start(settings = "", { isEncrypted = false } = {}) {
    const server = new Server();
    server.isEncrypted = isEncrypted;
    if (isEncrypted) server.#sign();
    if (settings) writeFileSync(join(server.#folder, "callboard.toml"), settings + (isEncrypted ? '\n[tls]\ncertificate = "cert.pem"\nkey = "key.pem"\n' : ""));
    server.port = await freePort();
    await server.up();
    return server;
  }

  get url() {
    return `${this.isEncrypted ? "https" : "http"}://127.0.0.1:${this.port}/`;
  }

  /** The last of what it has logged. */
  get log() {
    return this.#log;
  }

  /** Runs `callboard` beside it, on its store; gives what that prints. */
  command(args, input = "") {
    return execFileSync(BINARY, [...args, "--store", this.#store], { cwd: this.#folder, env: ENVIRONMENT, input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
  }

  get #store() {
    return `sqlite:${join(this.#folder, "callboard.db")}`;
  }

  #sign() {
    const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    const made = ["-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-nodes"];
    execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", ...made, ...subject], { cwd: this.#folder, stdio: "ignore" });
  }

  /** Whether it answers. The certificate is nobody's that is known here. */
  #answers() {
    if (!this.isEncrypted) return fetch(`${this.url}livez`).then(({ ok }) => ok, () => false);
    return new Promise((done) => {
      get(`${this.url}livez`, { rejectUnauthorized: false }, (answer) => done(answer.resume().statusCode === 200)).on("error", () => done(false));
    });
  }

  get isUp() {
    return this.#child !== null;
  }

  /** Starts it, again on the same database and port. */
  async up() {
    const child = spawn(BINARY, ["serve", "--port", String(this.port), "--store", this.#store], { cwd: this.#folder, env: ENVIRONMENT, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    let failed = null;
    child.on("error", (error) => (failed = error.message));
    child.on("exit", (code) => (failed = `it ended with ${code}`));
    for (const pipe of [child.stdout, child.stderr]) pipe.on("data", (data) => (this.#log = (this.#log + data).slice(-4000)));
    const until = Date.now() + STARTS_WITHIN;
    while (Date.now() < until) {
      if (failed) throw new Error(`${BINARY} does not start: ${failed}\n${this.#log}`);
      if (await this.#answers()) return;
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

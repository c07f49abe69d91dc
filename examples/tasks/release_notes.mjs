#!/usr/bin/env node
// Writes release notes out of the commits since the last tag, with a person who names the release and reads it first.
//
// Input:  {"repository": "."}
// Result: {"path": "…/RELEASE_NOTES.md" or null, "text": "…", "commits": 12}

import { execFileSync } from "node:child_process";
import { renameSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const MOST_COMMITS = 500;
const VERSION = "v?[0-9]+\\.[0-9]+\\.[0-9]+([+\\-][0-9A-Za-z.\\-]+)?";
const TITLES = { feat: "New", fix: "Fixed", perf: "Faster", docs: "Documentation" };
const INTERNAL = ["build", "chore", "ci", "refactor", "style", "test", "tests"];

// Trying again would not help: the input itself is wrong.
class BadInput extends Error {}
class Cancelled extends Error {}

// --- The protocol: one JSON object a line. Copy this part into your own program. ---

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const send = (type, fields) => process.stdout.write(`${JSON.stringify({ type, ...fields })}\n`);

async function receive(...expected) {
  const { value: line, done } = await lines.next();
  const message = done ? { type: "cancel" } : JSON.parse(line);
  if (message.type === "cancel") throw new Cancelled();
  if (!expected.includes(message.type)) throw new Error(`expected ${expected.join(" or ")}, got ${message.type}`);
  return message;
}

const stream = (content) => send("stream", { content });

async function confirm(message) {
  send("request_confirmation", { message });
  return (await receive("confirm")).value;
}

async function ask(message, fields) {
  send("request_user_input", { message, fields });
  return (await receive("user_input")).values;
}

// Does `work` once, however often the program is started; `work` must not send anything meanwhile.
async function step(name, work) {
  send("step", { name });
  const reply = await receive("step_run", "step_result");
  if (reply.type === "step_result") return reply.value;
  const value = await work();
  send("step_completed", { name, value });
  return value;
}

// --- The task ---

function git(repository, ...args) {
  const options = { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], maxBuffer: 64 * 1024 * 1024 };
  return execFileSync("git", ["-C", repository, ...args], options).trim();
}

function requireRepository(repository) {
  try {
    git(repository, "rev-parse", "--git-dir");
  } catch (error) {
    if (error.code === "ENOENT") throw new Error("git is not installed");
    throw new Error(`${repository} is not a git repository`);
  }
}

function readCommits(repository) {
  const date = new Date().toISOString().slice(0, 10);
  const attempt = (...args) => {
    try {
      return git(repository, ...args);
    } catch {
      return null;
    }
  };
  if (attempt("rev-parse", "--verify", "--quiet", "HEAD") === null) return { date, tag: null, commits: [] };
  const tag = attempt("describe", "--tags", "--abbrev=0");
  const range = tag === null ? ["HEAD"] : [`${tag}..HEAD`];
  const log = git(repository, "log", "--no-merges", `--max-count=${MOST_COMMITS}`, "--format=%h%x09%s", ...range, "--");
  const commits = log.split("\n").filter(Boolean).map((line) => {
    const [hash, ...subject] = line.split("\t");
    return { hash, subject: subject.join("\t") };
  });
  return { date, tag, commits };
}

// "fix(parser): no crash on…" → the prefix "fix", the text "no crash on…".
function group(commits) {
  const groups = new Map();
  for (const { hash, subject } of commits) {
    const [, prefix, text] = /^([\w./-]+)(?:\([^)]*\))?!?:\s+(.+)$/.exec(subject) ?? [null, "", subject];
    const name = prefix.toLowerCase();
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push({ hash, text });
  }
  // What has a title comes first, what has no prefix last.
  const known = Object.keys(TITLES);
  const rank = (name) => (name === "" ? 2 : known.includes(name) ? known.indexOf(name) / known.length : 1);
  return [...groups].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

const titleOf = (name) => TITLES[name] ?? (name === "" ? "Other changes" : name[0].toUpperCase() + name.slice(1));

function nextVersion(tag, groups) {
  const [, v, major, minor, patch] = /^(v?)(\d+)\.(\d+)\.(\d+)$/.exec(tag ?? "") ?? [];
  if (major === undefined) return tag === null ? "0.1.0" : undefined;
  const hasNews = groups.some(([name]) => name === "feat");
  return hasNews ? `${v}${major}.${Number(minor) + 1}.0` : `${v}${major}.${minor}.${Number(patch) + 1}`;
}

function render({ version, title, audience }, date, groups) {
  const forUsers = audience === "users";
  const shown = groups.filter(([name]) => !forUsers || !INTERNAL.includes(name));
  const sections = shown.map(([name, commits]) => {
    const items = commits.map(({ hash, text }) => (forUsers ? `- ${text}` : `- ${text} (${hash})`));
    return `## ${titleOf(name)}\n\n${items.join("\n")}\n`;
  });
  if (sections.length === 0) sections.push("Nothing that users would notice has changed.\n");
  return `# ${version}: ${title}\n\nReleased on ${date}.\n\n${sections.join("\n")}`;
}

async function main() {
  const start = await receive("start");
  const repository = start.input?.repository ?? ".";
  if (typeof repository !== "string") throw new BadInput('the input must be like {"repository": "."}');
  requireRepository(repository);

  // The log is read in a step: started again after a restart, the program works on the same commits and the same day.
  const { date, tag, commits } = await step("read commits", () => readCommits(repository));
  const since = tag === null ? "" : ` since ${tag}`;
  if (commits.length === 0) {
    stream(`There are no commits${since}.`);
    return { path: null, text: "", commits: 0 };
  }
  const count = commits.length === MOST_COMMITS ? `${MOST_COMMITS} or more` : commits.length;
  stream(`${count} ${count === 1 ? "commit" : "commits"}${since}`);
  const groups = group(commits);
  for (const [name, members] of groups) {
    stream(`${titleOf(name)}: ${members.length}`);
    for (const { hash, text } of members) stream(`  ${hash} ${text}`);
  }

  const suggestion = nextVersion(tag, groups);
  const answer = await ask("What shall the release be called?", [
    { name: "version", type: "string", description: "Version, such as 1.4.0", pattern: VERSION, max_length: 64,
      ...(suggestion && { value: suggestion }) },
    { name: "title", type: "string", description: "Title, in a few words", max_length: 120 },
    { name: "audience", type: "select", description: "Who reads it", choices: ["users", "developers"], value: "users" },
  ]);
  const text = render(answer, date, groups);
  const path = join(resolve(repository), "RELEASE_NOTES.md");
  if (!(await confirm(`Write this to ${path}? A file of that name is replaced.\n\n${text}`))) {
    stream("Nothing was written.");
    return { path: null, text, commits: commits.length };
  }
  await step("write RELEASE_NOTES.md", () => {
    // First beside it, then in its place: nobody ever sees half a file.
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
    return path;
  });
  stream(`Wrote ${path}`);
  return { path, text, commits: commits.length };
}

// Once the server has gone there is nobody to tell.
process.stdout.on("error", () => process.exit(1));

try {
  send("task_completed", { values: await main() });
} catch (error) {
  process.exitCode = 1;
  const canRetry = !(error instanceof BadInput);
  if (!(error instanceof Cancelled)) send("task_failed", { error: error.message, can_retry: canRetry });
}
// What was sent is still on its way, so the program ends by having nothing left to read.
process.stdin.destroy();

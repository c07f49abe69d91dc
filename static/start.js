/**
 * The side of the page: the form that starts a task, and the list of recent sessions.
 */

import * as api from "./api.js";
import { ago, byId, el, moment, setText, statusWords } from "./dom.js";

/** The form that starts a task; `begin(request)` starts it and throws `Refused`. */
export class Start {
  #begin;
  #tasks = [];

  constructor(begin) {
    this.#begin = begin;
    byId("task").addEventListener("change", () => this.#describe());
    byId("start").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    byId("config").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#submit();
    });
  }

  /** Fetches the task kinds. */
  async load() {
    try {
      this.#tasks = await api.tasks();
      showProblem([]);
    } catch (error) {
      showProblem([error.message]);
      return;
    }
    const chosen = byId("task").value;
    byId("task").replaceChildren(el("option", { value: "" }, "Random demo"),
      ...this.#tasks.map((task) => el("option", { value: task.name }, task.name)));
    byId("task").value = this.#tasks.some((task) => task.name === chosen) ? chosen : "";
    this.#describe();
  }

  #describe() {
    const task = this.#tasks.find((one) => one.name === byId("task").value);
    setText(byId("task-about"), task ? task.description || "No description." : "One of the two demo tasks, by chance.");
    const settings = Object.entries(task?.config_schema?.properties ?? {});
    const words = settings.map(([name, schema]) => (schema.default === undefined ? name : `${name} (${JSON.stringify(schema.default)})`));
    setText(byId("config-hint"), words.length > 0 ? `Settings: ${words.join(", ")}.` : "");
    byId("config").placeholder = settings.length > 0 ? JSON.stringify({ [settings[0][0]]: settings[0][1].default ?? 0 }) : "{}";
  }

  async #submit() {
    const button = byId("start-button");
    if (button.disabled) return;
    const { request, problems } = this.#read();
    showProblem(problems);
    if (problems.length > 0) return;
    button.disabled = true;
    setText(button, "Starting…");
    try {
      await this.#begin(request);
    } catch (error) {
      const faults = (error.faults ?? []).map(({ loc, msg }) => `${(loc ?? []).filter((part) => part !== "body").join(".")}: ${msg}`);
      showProblem(faults.length > 0 ? faults : [error.message]);
    } finally {
      button.disabled = false;
      setText(button, "Start");
    }
  }

  #read() {
    const request = { priority: byId("priority").value };
    if (byId("task").value) request.task = byId("task").value;
    const problems = [];
    for (const [name, what] of [["config", "The configuration"], ["input", "The input"]]) {
      const text = byId(name).value.trim();
      byId(name).setAttribute("aria-invalid", "false");
      if (text === "") continue;
      try {
        request[name] = JSON.parse(text);
      } catch (error) {
        byId(name).setAttribute("aria-invalid", "true");
        byId("advanced").open = true;
        problems.push(`${what} is not JSON: ${error.message}`);
      }
    }
    return { request, problems };
  }
}

function showProblem(problems) {
  const box = byId("start-error");
  box.hidden = problems.length === 0;
  box.replaceChildren(...problems.map((text) => el("p", {}, text)));
}

/** A status in a word or two; the list is narrow. */
function shortWords(status) {
  return status.startsWith("waiting") ? "waits for you" : statusWords(status);
}

/** Draws the list of recent sessions. */
export function showRecent(sessions, openId) {
  const now = Date.now() / 1000 + api.clockSkew;
  byId("recent-note").hidden = sessions.length > 0;
  const focused = document.activeElement?.closest?.("#recent a")?.getAttribute("href");
  byId("recent").replaceChildren(...sessions.map((session) => {
    const id = session.session_id;
    const created = moment(session.created_at);
    return el("li", {}, el("a", { href: `#/s/${id}`, "aria-current": id === openId ? "page" : null },
      el("span", { class: "recent-name" }, session.task),
      el("span", { class: "pill small", "data-status": session.status, title: statusWords(session.status) }, shortWords(session.status)),
      el("span", { class: "muted recent-when" }, Number.isFinite(created) ? ago(now - created) : "", " · ", el("span", { class: "mono" }, id.slice(0, 8)))));
  }));
  if (focused) byId("recent").querySelector(`a[href="${focused}"]`)?.focus();
}

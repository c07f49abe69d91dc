/**
 * The open questions of a session, each a panel of its own that stays while the question is open.
 */

import { el, setText } from "./dom.js";
import { fields, forgetDraft } from "./form.js";

/** The panels in `root`; `answer(request, message)` sends an answer. */
export class Requests {
  #root;
  #answer;
  #panels = new Map();

  constructor(root, answer) {
    this.#root = root;
    this.#answer = answer;
  }

  /** Shows the open questions; `live` says whether an answer can be sent. */
  show(requests, live) {
    const visible = requests.filter((request) => !request.hidden);
    for (const [id, panel] of this.#panels) {
      if (visible.some((request) => request.id === id)) continue;
      const held = panel.node.contains(document.activeElement);
      panel.node.remove();
      this.#panels.delete(id);
      if (!requests.some((request) => request.id === id)) forgetDraft(id);
      // Whoever types on must not land at the top of the page.
      if (held) document.getElementById("main").focus({ preventScroll: true });
    }
    let arrived = null;
    for (const request of visible) {
      let panel = this.#panels.get(request.id);
      if (!panel) {
        panel = build(request, this.#answer);
        this.#panels.set(request.id, panel);
        this.#root.append(panel.node);
        if (isFree(document.activeElement)) arrived = panel;
      }
      panel.update(request, live);
    }
    if (arrived) show(arrived);
  }

  /** Shows how long the questions may still wait, `now` in seconds of the server's clock. */
  tick(now) {
    for (const panel of this.#panels.values()) panel.tick(now);
  }

  /** Takes all panels away; what was typed is kept. */
  clear() {
    this.#panels.clear();
    this.#root.replaceChildren();
  }
}

/** A question without a field takes the focus itself: a key pressed for something else must not answer it. */
function show({ focus, node }) {
  if (focus) focus();
  else node.focus({ preventScroll: true });
  node.scrollIntoView({ block: "nearest" });
}

/** Whether the focus may be moved: nobody types or chooses anything. */
function isFree(active) {
  return !active || !active.matches("input, textarea, select, summary, .request *");
}

function build(request, answer) {
  const parts = { confirmation, input, retry }[request.kind](request, answer);
  const title = el("h2", { id: `t-${request.id}` }, parts.title);
  const countdown = el("span", { class: "countdown", hidden: true });
  const note = el("p", { class: "problem", role: "alert", hidden: true });
  const buttons = el("div", { class: "buttons" }, ...parts.buttons);
  const form = el("form", { noValidate: true, onsubmit: parts.submit }, ...parts.body, note, buttons);
  const node = el("section", {
    class: `card request ${request.kind}`, role: "dialog", "aria-labelledby": title.id, "data-request": request.id, "data-kind": request.kind, tabIndex: -1,
  }, el("header", {}, title, el("span", { class: "spring" }), countdown), form);
  let errors = null;
  return {
    node,
    focus: parts.focus,
    update(next, live) {
      const locked = next.sending || !live;
      parts.buttons.forEach((button) => (button.disabled = locked));
      parts.setDisabled?.(next.sending);
      let text = live ? "" : "Not connected: your answer can be sent once the connection is back.";
      if (next.errors !== errors) {
        errors = next.errors;
        parts.rest = parts.showErrors?.(errors) ?? errors;
      }
      if (live && parts.rest.length > 0) text = parts.rest.map((error) => `${error.field}: ${error.message}`).join(" ");
      setText(note, text);
      note.hidden = text === "";
      node.setAttribute("aria-busy", String(next.sending));
    },
    tick(now) {
      countdown.hidden = request.deadline === null;
      if (request.deadline === null) return;
      const left = Math.ceil(request.deadline - now);
      setText(countdown, left > 0 ? `${left} s left` : "Time is up");
      countdown.classList.toggle("soon", left <= 10);
    },
  };
}

function confirmation(request, answer) {
  const say = (value) => answer(request, { type: "confirm", request_id: request.id, value });
  const yes = el("button", { type: "submit", class: "primary" }, "Yes");
  const no = el("button", { type: "button", onclick: () => say(false) }, "No");
  return {
    title: "Please confirm",
    body: [el("p", { class: "question" }, request.message)],
    buttons: [yes, no],
    submit: (event) => { event.preventDefault(); say(true); },
  };
}

function retry(request, answer) {
  const say = (value) => answer(request, { type: "retry", request_id: request.id, value });
  const again = el("button", { type: "submit", class: "primary" }, "Retry");
  const stop = el("button", { type: "button", onclick: () => say(false) }, "Give up");
  return {
    title: `Attempt ${request.attempt} failed`,
    body: [el("p", { class: "error-text" }, request.error), el("p", {}, "Should it be tried again?")],
    buttons: [again, stop],
    submit: (event) => { event.preventDefault(); say(true); },
  };
}

function input(request, answer) {
  const form = fields(request);
  const send = el("button", { type: "submit", class: "primary" }, "Send");
  return {
    title: "Input is needed",
    body: [request.message ? el("p", { class: "question" }, request.message) : null, form.node].filter(Boolean),
    buttons: [send],
    submit(event) {
      event.preventDefault();
      if (send.disabled) return;
      const { values, errors } = form.read();
      form.showErrors(errors);
      if (errors.length === 0) answer(request, { type: "user_input", request_id: request.id, values });
    },
    focus: form.focus,
    showErrors: form.showErrors,
    setDisabled: form.setDisabled,
  };
}

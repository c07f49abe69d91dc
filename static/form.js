/**
 * A form from a request's fields: the right control for each type, its value on the wire, errors beside it.
 *
 * The server alone decides what is valid; the page refuses only what it could not even send.
 */

import { el } from "./dom.js";

const INPUT_TYPES = {
  string: "text",
  integer: "number",
  number: "number",
  email: "email",
  url: "url",
  date: "date",
  datetime: "datetime-local",
  secret: "password",
};

/** What was typed and not sent yet, kept for a reload; never secrets. */
const drafts = {
  key: (request) => `draft:${request}`,
  read(request) {
    try {
      return JSON.parse(sessionStorage.getItem(this.key(request))) ?? {};
    } catch {
      return {};
    }
  },
  write(request, values) {
    try {
      sessionStorage.setItem(this.key(request), JSON.stringify(values));
    } catch {
      // Storage may be full or forbidden: then a reload starts the form anew.
    }
  },
};

/** Forgets what was typed for a request. */
export function forgetDraft(request) {
  sessionStorage.removeItem(drafts.key(request));
}

/** The controls of a form, in order: `{node, read(), showErrors(errors), focus(), setDisabled(disabled)}`. */
export function fields(request) {
  const kept = drafts.read(request.id);
  const controls = request.fields.map((field, place) => control(field, `f-${request.id}-${place}`, kept[field.name]));
  const node = el("div", { class: "fields" }, ...controls.map((one) => one.node));
  node.addEventListener("input", () => {
    const open = controls.filter((one) => one.field.type !== "secret").map((one) => [one.field.name, one.raw()]);
    drafts.write(request.id, Object.fromEntries(open));
  });
  return {
    node,
    read: () => readAll(controls),
    showErrors: (errors) => showErrors(controls, errors),
    focus: () => controls[0]?.focus(),
    setDisabled: (disabled) => controls.forEach((one) => one.setDisabled(disabled)),
  };
}

/** The values to send, and what could not be read. */
function readAll(controls) {
  const values = {};
  const errors = [];
  for (const { field, read } of controls) {
    const { value, error } = read();
    if (error) errors.push({ field: field.name, message: error });
    else if (value !== undefined) values[field.name] = value;
  }
  return { values, errors };
}

/** Shows errors beside their fields; gives those that belong to none. */
function showErrors(controls, errors) {
  const rest = errors.filter((error) => !controls.some((one) => one.field.name === error.field));
  let first = null;
  for (const one of controls) {
    const own = errors.filter((error) => error.field === one.field.name).map((error) => error.message);
    one.showError(own.join(" "));
    if (own.length > 0) first ??= one;
  }
  first?.focus();
  return rest;
}

function control(field, id, kept) {
  const build = { boolean: checkbox, select, multiselect: checkboxes, text: textarea }[field.type] ?? input;
  const made = build(field, id, kept ?? null);
  const label = field.description || field.name;
  const error = el("p", { class: "field-error", id: `${id}-error`, hidden: true });
  const hint = hintFor(field);
  const hintNode = hint ? el("p", { class: "hint", id: `${id}-hint` }, hint) : null;
  const mark = field.required === false ? el("span", { class: "muted" }, " (optional)") : null;
  const caption = made.group
    ? el("legend", {}, label, mark)
    : el("label", { for: id, class: made.inline ? "inline" : undefined }, made.inline ? made.node : null, label, mark);
  const inner = made.inline ? [caption] : [caption, made.node];
  const node = el(made.group ? "fieldset" : "div", { class: "field", id: made.group ? id : undefined }, ...inner, hintNode, error);
  const described = [hintNode?.id, error.id].filter(Boolean).join(" ");
  const spoken = made.group ? node : made.node;
  spoken.setAttribute("aria-describedby", described);
  return {
    field,
    node,
    raw: made.raw,
    read: made.read,
    focus: () => (made.group ? node.querySelector("input") : made.node)?.focus(),
    setDisabled: (disabled) => node.querySelectorAll("input, select, textarea").forEach((one) => (one.disabled = disabled)),
    showError(text) {
      error.textContent = text;
      error.hidden = text === "";
      spoken.setAttribute("aria-invalid", String(text !== ""));
      node.classList.toggle("wrong", text !== "");
    },
  };
}

function input(field, id, kept) {
  const number = field.type === "integer" || field.type === "number";
  const node = el("input", {
    id,
    name: field.name,
    type: INPUT_TYPES[field.type] ?? "text",
    step: field.type === "integer" ? "1" : field.type === "number" ? "any" : field.type === "datetime" ? "1" : undefined,
    min: field.min === undefined ? undefined : local(field, field.min),
    max: field.max === undefined ? undefined : local(field, field.max),
    maxlength: field.max_length,
    minlength: field.min_length,
    pattern: field.pattern,
    autocomplete: field.type === "secret" ? "new-password" : field.type === "email" ? "email" : "off",
    inputmode: field.type === "integer" ? "numeric" : field.type === "number" ? "decimal" : undefined,
    "aria-required": String(field.required !== false),
  });
  node.value = kept ?? (field.value === null || field.value === undefined ? "" : local(field, field.value));
  const read = () => {
    if (node.validity.badInput) return { error: number ? "This is not a number." : "This is not a complete date." };
    if (node.value === "") return { value: field.required === false || number ? undefined : "" };
    if (number) return { value: Number(node.value) };
    if (field.type === "datetime") return { value: new Date(node.value).toISOString() };
    return { value: node.value };
  };
  return { node, read, raw: () => node.value };
}

/** A value from the wire as the control shows it: moments in the local time zone. */
function local(field, value) {
  if (field.type !== "datetime") return String(value);
  const at = new Date(value);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function textarea(field, id, kept) {
  const node = el("textarea", { id, name: field.name, rows: 4, "aria-required": String(field.required !== false) });
  node.value = kept ?? field.value ?? "";
  const read = () => ({ value: node.value === "" && field.required === false ? undefined : node.value });
  return { node, read, raw: () => node.value };
}

function checkbox(field, id, kept) {
  const node = el("input", { id, name: field.name, type: "checkbox", checked: kept ?? field.value === true });
  return { node, inline: true, read: () => ({ value: node.checked }), raw: () => node.checked };
}

function select(field, id, kept) {
  const choices = field.choices ?? [];
  const chosen = choices.findIndex((choice) => same(choice, field.value));
  const node = el("select", { id, name: field.name, "aria-required": String(field.required !== false) });
  node.append(el("option", { value: "" }, field.required === false ? "No choice" : "Choose…"));
  choices.forEach((choice, place) => node.append(el("option", { value: String(place) }, words(choice))));
  node.value = kept ?? (chosen < 0 ? "" : String(chosen));
  const read = () => ({ value: node.value === "" ? undefined : choices[Number(node.value)] });
  return { node, read, raw: () => node.value };
}

function checkboxes(field, id, kept) {
  const choices = field.choices ?? [];
  const chosen = kept ?? choices.map((choice, place) => [choice, place])
    .filter(([choice]) => (field.value ?? []).some((value) => same(value, choice))).map(([, place]) => place);
  const boxes = choices.map((choice, place) =>
    el("input", { id: `${id}-${place}`, name: field.name, type: "checkbox", checked: chosen.includes(place) }));
  const labels = boxes.map((box, place) => el("label", { class: "inline", for: box.id }, box, words(choices[place])));
  const raw = () => boxes.flatMap((box, place) => (box.checked ? [place] : []));
  return { node: el("div", { class: "choices" }, ...labels), group: true, read: () => ({ value: raw().map((place) => choices[place]) }), raw };
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

function words(choice) {
  return typeof choice === "string" ? choice : JSON.stringify(choice);
}

/** What a field takes, where it says so. */
function hintFor(field) {
  const parts = [];
  const { min, max, min_length: least, max_length: most } = field;
  if (min !== undefined && max !== undefined) parts.push(`From ${min} to ${max}.`);
  else if (min !== undefined) parts.push(`At least ${min}.`);
  else if (max !== undefined) parts.push(`At most ${max}.`);
  const unit = field.type === "multiselect" ? "choices" : "characters";
  if (least !== undefined && most !== undefined) parts.push(`${least} to ${most} ${unit}.`);
  else if (least !== undefined) parts.push(`At least ${least} ${unit}.`);
  else if (most !== undefined) parts.push(`At most ${most} ${unit}.`);
  if (field.pattern !== undefined) parts.push(`Must match ${field.pattern}`);
  if (field.type === "secret") parts.push("It is not shown or kept in the clear.");
  return parts.join(" ");
}

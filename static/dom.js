/**
 * Small means to build a page: elements, and times in words.
 */

/** An element with properties, attributes (`aria-…`, `data-…`, `role`, `for`), listeners (`onclick`) and children. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "class") node.className = value;
    else if (name in node && !name.includes("-") && name !== "list") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** The element with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Sets text only where it differs, so that screen readers do not hear it twice. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A status word for people. */
export function statusWords(status) {
  return status.replaceAll("_", " ").replace("waiting", "waiting for");
}

/** A number of seconds in words: `850 ms`, `12 s`, `3 min 5 s`, `2 h 4 min`. */
export function duration(seconds) {
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))} ms`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** How long ago, in words. */
export function ago(seconds) {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** The time of day of a moment in seconds since the epoch. */
export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString();
}

/** Seconds since the epoch, from a number or RFC 3339. */
export function moment(value) {
  return typeof value === "number" ? value : Date.parse(value ?? "") / 1000;
}

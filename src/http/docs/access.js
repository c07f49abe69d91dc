// What Swagger UI leaves out for those who cannot see the page, or have no mouse: it is added as elements come.

/** Headings, one level below what they stand under: the page's title is the only one above the groups. */
const LEVELS = { "h3.opblock-tag": "2", "section.models h4": "2", ".opblock-body h4": "3", ".opblock-body h5": "4", ".modal-ux h3": "2", ".modal-ux h4": "3" };
const NAMES = { "textarea.body-param__text": "Body", ".close-modal": "Close" };

function mend() {
  for (const [selector, level] of Object.entries(LEVELS)) {
    for (const heading of document.querySelectorAll(`${selector}:not([aria-level])`)) {
      heading.setAttribute("role", "heading");
      heading.setAttribute("aria-level", level);
    }
  }
  for (const [selector, name] of Object.entries(NAMES)) {
    for (const control of document.querySelectorAll(`${selector}:not([aria-label])`)) control.setAttribute("aria-label", name);
  }
  // Whoever has only a keyboard scrolls by it.
  for (const example of document.querySelectorAll("pre:not([tabindex])")) example.tabIndex = 0;
}

new MutationObserver(mend).observe(document.getElementById("swagger-ui"), { childList: true, subtree: true });

// Elements. Text only ever becomes text: nothing here reads markup.

/** An element with attributes and children. A child that is a string becomes a text node; null is left out. */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== false));
  return element;
}

const byId = (id) => document.getElementById(id);

const SIGNS = {
  fail: ["×", "Fail", "gap"],
  unknown: ["?", "Unknown", "unproven"],
  pass: ["✓", "Pass", "met"],
  gap: ["×", "Gap", "gap"],
  unproven: ["○", "Unproven", "unproven"],
  met: ["✓", "Met", "met"],
  waived: ["~", "Waived", "not-applicable"],
  "not-applicable": ["–", "Not applicable", "not-applicable"],
  provided: ["●", "Provided", "aws"],
};

/** A state or verdict: sign and word, never colour alone. */
function sign(name) {
  const [glyph, word, role] = SIGNS[name];
  return h("span", { class: `sign is-${role}` }, h("span", { class: "glyph", "aria-hidden": "true" }, glyph), ` ${word}`);
}

const severity = (name) => h("span", { class: `severity is-${name}` }, name);

const link = (href, ...children) => h("a", { href }, ...children);

const number = (value) => value.toLocaleString("en-GB");

const plural = (value, one, more = `${one}s`) => `${number(value)} ${value === 1 ? one : more}`;

/** Tell those who cannot see it what has changed. */
function say(text) {
  byId("said").textContent = text;
}

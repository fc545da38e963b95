// The form of a request, from the schema of its row; what is typed is sent as it is, so that the
// service itself says what is wrong with it.

const element = (name, attributes = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== undefined && value !== null && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const asNumber = (text) => (NUMBER.test(text) ? text : JSON.stringify(text));

// What a field holds, whether it may be null, and how a typed text becomes JSON.
function kindOf(schema) {
  const forms = (schema.anyOf || schema.oneOf || [schema]).filter((form) => form.type !== "null");
  const form = forms.length === 1 ? forms[0] : {};
  const listed = form.enum || (form.const !== undefined ? [form.const] : null);
  const nullable = forms.length < (schema.anyOf || schema.oneOf || [schema]).length || (listed || []).includes(null);
  if (listed) return { name: "choice", nullable, form, choices: listed.filter((each) => each !== null) };
  if (form.type === "boolean") return { name: "choice", nullable, form, choices: [true, false] };
  if (form.type === "integer" || form.type === "number") return { name: form.type, nullable, form };
  if (form.type === "string" && form.format === "date") return { name: "date", nullable, form };
  if (form.type === "string" && form.format === "date-time") return { name: "time", nullable, form };
  if (form.type === "string") return { name: "text", nullable, form };
  if (form.type === "array" && form.items) return { name: "list", nullable, form, item: kindOf(form.items) };
  return { name: "json", nullable, form };
}

const TOLD = { integer: "whole number", number: "number", date: "date", time: "UTC", text: "text", json: "JSON" };

function bounds(kind) {
  const { minimum: low, maximum: high, minLength, maxLength, minItems, pattern } = kind.form;
  if (low !== undefined && high !== undefined) return `${low} to ${high}`;
  if (low !== undefined) return `at least ${low}`;
  if (high !== undefined) return `at most ${high}`;
  if (pattern) return `like ${pattern}`;
  if (maxLength !== undefined && maxLength === minLength) return `${maxLength} characters`;
  if (minItems !== undefined && minItems === kind.form.maxItems) return `${minItems} values`;
  return "";
}

function hintOf(kind) {
  const said = bounds(kind);
  if (kind.name === "choice") return "";
  if (kind.name === "list") {
    const each = [TOLD[kind.item.name] || kind.item.choices?.join(", "), bounds(kind.item)].filter(Boolean).join(", ");
    return `one per line (${each})${said ? `; ${said}` : ""}`;
  }
  return [kind.name === "text" && said ? "" : TOLD[kind.name], said].filter(Boolean).join(", ");
}

class Field {
  constructor(name, schema, required) {
    Object.assign(this, { name, schema, required, kind: kindOf(schema) });
    this.id = `field-${name}`;
  }

  html() {
    const { name, schema, required, kind, id } = this;
    const tags = [];
    if (!required || kind.nullable) tags.push("optional");
    if (schema["x-personal"]) tags.push("personal");
    const hint = hintOf(kind);
    const about = [`error-${name}`];
    if (hint) about.unshift(`hint-${name}`);
    if (schema.description) about.unshift(`about-${name}`);
    this.control = this.made();
    this.control.id = id;
    this.control.setAttribute("name", name);
    this.control.setAttribute("aria-describedby", about.join(" "));
    if (required && !kind.nullable) this.control.setAttribute("aria-required", "true");
    this.error = element("p", { class: "error", id: `error-${name}` });
    return element("div", { class: "field" },
      element("label", { for: id }, name, ...tags.flatMap((tag) => [" ", element("span", { class: "tag" }, tag)])),
      schema.description ? element("p", { class: "hint", id: `about-${name}` }, schema.description) : null,
      this.control,
      hint ? element("p", { class: "hint", id: `hint-${name}` }, hint) : null,
      this.error);
  }

  made() {
    const { kind, required } = this;
    if (kind.name === "choice") {
      const none = !required || kind.nullable ? [element("option", { value: "" }, required ? "none" : "left out")] : [];
      return element("select", {}, ...none, ...kind.choices.map((choice) =>
        element("option", { value: JSON.stringify(choice) }, String(choice))));
    }
    if (kind.name === "list" || kind.name === "json") return element("textarea", { rows: 3, spellcheck: "false" });
    if (kind.name === "date") return element("input", { type: "date" });
    if (kind.name === "time") return element("input", { type: "datetime-local", step: "0.001" });
    const mode = { integer: "numeric", number: "decimal" }[kind.name];
    const signed = mode && !(kind.form.minimum >= 0); // the keypad of some phones has no minus
    return element("input", { type: "text", inputmode: signed ? "text" : mode, autocomplete: "off", spellcheck: "false" });
  }

  // Shows a JSON value, undefined where there is none.
  fill(value) {
    const { kind, control } = this;
    this.complain("");
    if (kind.name === "choice") {
      control.value = value === undefined || value === null ? "" : JSON.stringify(value);
      if (control.selectedIndex < 0) control.selectedIndex = 0;
    } else if (value === undefined || value === null) control.value = "";
    else if (kind.name === "json") control.value = JSON.stringify(value);
    else if (kind.name === "list") control.value = value.map(String).join("\n");
    else if (kind.name === "time") control.value = wallClock(value);
    else control.value = String(value);
  }

  // The field's part of the request as JSON; null where it is left out.
  told() {
    const { kind, control, required } = this;
    const text = kind.name === "text" || kind.name === "list" ? control.value : control.value.trim();
    if (text === "" && (!required || kind.nullable)) return required ? "null" : null;
    return this.json(kind, text);
  }

  json(kind, text) {
    if (kind.name === "choice") return text;
    if (kind.name === "integer" || kind.name === "number") return asNumber(text);
    if (kind.name === "json") return text || "null";
    if (kind.name === "time") return JSON.stringify(text ? `${/T\d\d:\d\d$/.test(text) ? `${text}:00` : text}Z` : "");
    if (kind.name !== "list") return JSON.stringify(text);
    const numeric = kind.item.name === "integer" || kind.item.name === "number";
    const lines = text.split(numeric ? /[\s,;]+/ : "\n").filter((line) => line !== "");
    return `[${lines.map((line) => this.item(kind.item, line)).join(",")}]`;
  }

  item(kind, line) {
    if (kind.name !== "choice") return this.json(kind, kind.name === "time" ? line.replace(/Z$/, "") : line);
    return kind.choices.some((choice) => typeof choice !== "string" && String(choice) === line) ? line : JSON.stringify(line);
  }

  complain(why) {
    this.error.textContent = why;
    if (why) this.control.setAttribute("aria-invalid", "true");
    else this.control.removeAttribute("aria-invalid");
  }
}

// An instant as a clock in UTC shows it, for an input that knows no zones.
function wallClock(text) {
  const instant = new Date(/[zZ]|[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(instant.getTime()) ? "" : instant.toISOString().slice(0, -1);
}

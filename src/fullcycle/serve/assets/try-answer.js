// An explanation as the service gives it, shown: what was answered, by whom, and what led to it.

const MINUS = "\u2212";
const plain = (value) => {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return value.map(plain).join(", ");
  if (typeof value === "object") return Object.entries(value).map(([key, each]) => `${key} ${plain(each)}`).join(", ");
  return typeof value === "number" ? number(value) : String(value);
};

const number = (value) => {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value).replace("-", MINUS);
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e7) ? value.toExponential(2) : String(Number(value.toPrecision(4)));
  return text.replace("-", MINUS);
};

const signed = (value) => {
  const text = Math.abs(value) < 5e-4 && value !== 0 ? value.toExponential(1) : value.toFixed(3);
  return (value > 0 ? `+${text}` : text).replace("-", MINUS).replace("e\u2212", "e-");
};

const percent = (share) => `${Number((share * 100).toPrecision(3))} %`;
const table = (caption, head, rows, name = "") =>
  element("table", { class: name },
    caption ? element("caption", {}, caption) : null,
    element("thead", {}, element("tr", {}, ...head.map(([text, kind]) => element("th", { scope: "col", class: kind }, text)))),
    element("tbody", {}, ...rows));

function explained(told) {
  const parts = [verdict(told), facts(told)];
  parts.push(element("h3", {}, "Who decided"), ...whoDecided(told));
  for (const called of told.called) parts.push(...howOf(called, told.called.length > 1));
  parts.push(element("h3", {}, "As JSON"), element("details", {}, element("summary", {}, "the whole explanation"),
    element("pre", { tabindex: "0" }, JSON.stringify(told, null, 2))));
  return parts;
}

function verdict(told) {
  if (told.answer === null) {
    return element("div", { class: "verdict bad" }, element("p", { class: "big" }, "No answer"),
      element("p", { class: "sub" }, "Neither the service nor a fallback could decide: it would answer 500."));
  }
  const box = element("div", { class: told.fallback ? "verdict bad" : "verdict" });
  if (Array.isArray(told.answer)) box.append(element("ol", {}, ...told.answer.map((each) => element("li", {}, plain(each)))));
  else box.append(one(told.answer));
  if (told.fallback) box.append(element("p", { class: "sub" }, "The fallback's answer: the service failed."));
  return box;
}

function one(row) {
  const entries = Object.entries(row);
  if (entries.length === 1) {
    return element("div", {}, element("div", { class: "sub" }, entries[0][0]), element("div", { class: "big" }, plain(entries[0][1])));
  }
  return element("dl", {}, ...entries.flatMap(([key, value]) => [element("dt", {}, key), element("dd", {}, plain(value))]));
}

function facts(told) {
  const took = told.micros < 1000 ? `${told.micros} µs` : `${Number((told.micros / 1000).toPrecision(3))} ms`;
  const rows = [["release", told.release], ["decision id", told.decision_id], ["deciding took", took]];
  if (told.assigned) rows.splice(1, 0, ["arm", `${told.assigned.arm} of ${told.assigned.experiment}`]);
  if (told.propensity !== null) rows.push(["propensity", number(told.propensity)]);
  return element("dl", {}, ...rows.flatMap(([key, value]) => [element("dt", {}, key), element("dd", {}, value)]));
}

function whoDecided(told) {
  const assigned = told.assigned;
  const function_ = told.called.length ? told.called[0].function : "";
  if (!assigned) return [element("p", {}, element("code", {}, function_), ", outside of any experiment.")];
  const otherwise = { kept: "keeps the arm that it got first",
    earlier: "keeps the arm that it got by other weights", forced: "is forced into an arm for a test",
    holdout: "is held out, and gets the control" }[assigned.standing];
  if (otherwise) return [element("p", {}, `${assigned.field} ${plain(assigned.unit)} ${otherwise}: `,
    element("strong", {}, assigned.arm), ", which asks ", element("code", {}, function_), ".")];
  const [low, high] = assigned.ranges[assigned.arm];
  const said = element("p", {}, `${assigned.field} ${plain(assigned.unit)} falls on ${assigned.place}: between `,
    `${number(low)} and ${number(high)} is arm `, element("strong", {}, assigned.arm),
    ` (${percent(assigned.probability)}), which asks `, element("code", {}, function_), ".");
  const arms = Object.entries(assigned.ranges);
  return [said, spanOf(arms.map(([arm, ends]) => [ends[1] - ends[0], arm === assigned.arm]), assigned.place),
    legend(arms.map(([arm, ends]) => `${arm} ${percent(ends[1] - ends[0])}`))];
}

function howOf(called, several) {
  const parts = [];
  if (several || called.failure) parts.push(element("h3", {}, element("code", {}, called.function)));
  const asked = called.steps.filter((step) => step.step === "prediction");
  const most = Math.max(...asked.flatMap((step) => step.features.map((each) => Math.abs(each.contribution || 0))), 0);
  const telling = toldApart(asked);
  const exact = exactly(asked.map((step) => step.prediction));
  let models = null;
  let looked = false;
  for (const step of called.steps) {
    if (step.step === "prediction") {
      if (models === null) parts.push(element("h3", {}, "What the model said"), models = element("div", {}));
      models.append(prediction(step, telling(step), most, exact, asked.indexOf(step) < 3));
    } else if (step.step === "lookup") {
      if (!looked) parts.push(element("h3", {}, "What was looked up"));
      looked = true;
      parts.push(...lookedUp(step));
    } else if (step.step === "bandit") parts.push(...weighed(step));
    else parts.push(...drawn(step));
  }
  if (called.more) parts.push(element("p", { class: "hint" }, `And ${called.more} more predictions.`));
  if (called.failure) {
    parts.push(element("p", { class: "error" }, `failed: ${called.failure.kind}`,
      called.failure.line ? ` at ${called.failure.line}` : ""));
  } else if (several) parts.push(element("p", {}, "answered."));
  return parts;
}

// Names each of several predictions by the features in which they differ.
function toldApart(asked) {
  const names = asked.length ? asked[0].features.map((each) => each.name) : [];
  const differ = names.filter((name, at) => new Set(asked.map((step) => JSON.stringify(step.features[at]?.value))).size > 1);
  return (step) => {
    const by = step.features.filter((each) => differ.includes(each.name)).slice(0, 3);
    return by.length && asked.length > 1 ? `${by.map((each) => `${each.name} ${plain(each.value)}`).join(", ")}` : modelOf(step);
  };
}

const modelOf = (step) => (step.element ? `${step.model}[${step.element}]` : step.model);

// Writes numbers with as many digits as tell them apart.
function exactly(values) {
  let digits = 4;
  const written = () => new Set(values.map((value) => value?.toPrecision(digits))).size;
  while (digits < 16 && written() < new Set(values).size) digits += 1;
  return (value) => (digits === 4 ? number(value) : value.toPrecision(digits).replace("-", MINUS));
}

function prediction(step, name, most, exact, open) {
  const outcome = step.prediction === null ? "no number" : exact(step.prediction);
  const summary = element("summary", {}, element("span", {}, name),
    element("span", { class: "n" }, element("span", { class: "value" }, name === modelOf(step) ? "" : `${modelOf(step)} `), outcome));
  if (step.unexplained) {
    const rows = step.features.map((each) => element("tr", {}, element("th", { scope: "row" }, each.name), element("td", { class: "n" }, plain(each.value))));
    return element("details", { class: "asked", open }, summary, element("p", { class: "hint" }, `No bars: ${step.unexplained}.`),
      table("", [["feature"], ["value", "n"]], rows));
  }
  const unit = step.link || "the prediction";
  const sorted = [...step.features].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
  const rows = sorted.map((each) => element("tr", {},
    element("th", { scope: "row" }, each.name, " ", element("span", { class: "value" }, plain(each.value))),
    element("td", { class: "track", "aria-hidden": "true" }, bar(each.contribution, most)),
    element("td", { class: "n" }, signed(each.contribution))));
  const ends = (text, value) => element("tr", { class: "ends" }, element("th", { scope: "row", colspan: 2 }, text), element("td", { class: "n" }, value));
  const sum = step.link ? `together, ${step.link}` : "together, the prediction";
  return element("details", { class: "asked", open }, summary,
    table(`What each feature adds to ${unit}`, [["feature"], ["", "track"], ["adds", "n"]],
      [ends("every row begins with", signed(step.base)), ...rows, ends(sum, element("strong", {}, signed(step.total))),
        step.link ? ends("which is a prediction of", element("strong", {}, outcome)) : null].filter(Boolean), "bars"));
}

function bar(value, most) {
  const line = element("span", { class: "line" });
  const length = most ? (Math.abs(value) / most) * 50 : 0;
  const part = element("i", { class: value < 0 ? "down" : "up" });
  part.style.left = `${value < 0 ? 50 - length : 50}%`;
  part.style.width = `${length}%`;
  const zero = element("b");
  zero.style.left = "50%";
  line.append(part, zero);
  return line;
}

// The first of a long list, and how many more there are; the JSON below has all.
const MANY = 24;
const bounded = (value) => Array.isArray(value) && value.length > MANY + 1
  ? `${plain(value.slice(0, MANY))} and ${value.length - MANY} more` : plain(value);

function lookedUp(step) {
  const key = plain(step.key);
  const rows = step.row === null ? [] : Object.entries(step.row).map(([name, value]) =>
    element("tr", {}, element("th", { scope: "row" }, name), element("td", { class: "n" }, bounded(value))));
  const head = element("span", {}, `${step.lookup} of ${key}`);
  const found = element("span", { class: "n value" }, step.row === null ? "not there" : "found");
  return [element("details", { class: "asked" }, element("summary", {}, head, found),
    rows.length ? table("", [["field"], ["value", "n"]], rows) : element("p", { class: "hint" }, "The lookup holds no such key."),
    step.content ? element("p", { class: "hint" }, `content ${step.content.slice(0, 12)}`) : null)];
}

function weighed(step) {
  const seen = step.features.map((each) => `${each.name} ${plain(each.value)}`).join(", ");
  const rows = step.known.map((each) => element("tr", {}, element("th", { scope: "row" }, plain(each.action)),
    element("td", { class: "n" }, `${number(each.mean)} ± ${number(each.spread)}`),
    element("td", { class: "n" }, number(each.rows)), element("td", { class: "n" }, number(each.weight))));
  return [element("h3", {}, "What the bandit knew"),
    element("p", {}, `${step.bandit}, by ${step.rule}, at ${seen}. No weight is below ${number(step.floor)}.`),
    table("", [["action"], ["expects", "n"], ["decisions", "n"], ["weight", "n"]], rows)];
}

function drawn(step) {
  const most = Math.max(...step.options.map((option) => option.chance));
  const rows = step.options.map((option, at) => {
    const line = element("span", { class: "line" });
    const part = element("i", { class: at === step.chosen ? "up" : "rest" });
    part.style.left = "0";
    part.style.width = `${(option.chance / most) * 100}%`;
    line.append(part);
    const name = at === step.chosen ? element("strong", {}, plain(option.action), " (picked)") : plain(option.action);
    return element("tr", {}, element("th", { scope: "row" }, name), element("td", { class: "track", "aria-hidden": "true" }, line),
      element("td", { class: "n" }, number(option.weight)), element("td", { class: "n" }, percent(option.chance)));
  });
  return [element("h3", {}, "The draw"),
    element("p", {}, `The decision's id gives the number ${number(step.number)}, which falls to `,
      element("strong", {}, plain(step.options[step.chosen].action)), "."),
    spanOf(step.options.map((option, at) => [option.chance, at === step.chosen]), step.number),
    table("", [["action"], ["", "track"], ["weight", "n"], ["chance", "n"]], rows, "bars")];
}

// A line from 0 to 1, shared out, with a mark on it.
function spanOf(parts, place) {
  const line = element("div", { class: "span", "aria-hidden": "true" });
  for (const [share, taken] of parts) {
    const part = element("span", { class: taken ? "taken" : "" });
    part.style.width = `${share * 100}%`;
    line.append(part);
  }
  const mark = element("b");
  mark.style.left = `${place * 100}%`;
  line.append(mark);
  return line;
}

const legend = (texts) => element("p", { class: "hint" }, texts.join(" · "));

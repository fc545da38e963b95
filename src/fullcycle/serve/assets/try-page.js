// The page: reads the contract, sends the row, shows what came back.

const at = (id) => document.getElementById(id);
let token = "";
let fields = [];
let example = {};

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  if (token) headers.Authorization = `Bearer ${token}`;
  return fetch(path, { ...options, headers, cache: "no-store", credentials: "omit", redirect: "error" });
}

const detailOf = async (answer) => {
  const told = await answer.json().catch(() => ({}));
  return { ...told, detail: told.detail || `it answered ${answer.status}` };
};

async function load() {
  let answer;
  try {
    answer = await ask("openapi.json");
  } catch {
    at("about").textContent = "The service cannot be reached.";
    return;
  }
  if (answer.status === 401 || answer.status === 403) return demand(await detailOf(answer));
  if (!answer.ok) {
    at("about").textContent = (await detailOf(answer)).detail;
    return;
  }
  show(await answer.json());
}

function demand(told) {
  at("about").textContent = token ? told.detail : "";
  at("token-form").hidden = false;
  at("token").focus();
}

function show(contract) {
  const content = contract.paths["/explain"].post.requestBody.content["application/json"];
  const schema = content.schema.$ref ? contract.components.schemas[content.schema.$ref.split("/").pop()] : content.schema;
  const required = schema.required || [];
  document.title = `Try ${contract.info.title} – fullcycle`;
  at("where").textContent = contract.info.version;
  at("title").textContent = `Try ${contract.info.title}`;
  at("about").textContent = contract.info.description || "";
  at("ask-about").textContent = schema.description || "";
  fields = Object.entries(schema.properties || {}).map(([name, each]) => new Field(name, each, required.includes(name)));
  example = content.example || Object.fromEntries(Object.entries(schema.properties || {})
    .filter(([, each]) => each.examples).map(([name, each]) => [name, each.examples[0]]));
  at("fields").replaceChildren(...fields.map((field) => field.html()));
  at("token-form").hidden = true;
  at("board").hidden = false;
  fill();
}

function fill() {
  for (const field of fields) field.fill(example[field.name]);
  complain([], "");
}

function body() {
  const parts = fields.map((field) => [field.name, field.told()]).filter(([, told]) => told !== null);
  return `{${parts.map(([name, told]) => `${JSON.stringify(name)}:${told}`).join(",")}}`;
}

async function send() {
  const go = at("go");
  if (go.getAttribute("aria-disabled") === "true") return;
  go.setAttribute("aria-disabled", "true");
  const headers = { "Content-Type": "application/json" };
  const id = at("decision-id").value.trim();
  if (id) headers["Idempotency-Key"] = id;
  try {
    const answer = await ask("explain", { method: "POST", headers, body: body() });
    if (answer.ok) {
      complain([], "");
      at("answer").replaceChildren(...explained(await answer.json()));
      at("told-title").focus({ preventScroll: true });
      at("told-title").scrollIntoView({ block: "nearest" });
    } else if (answer.status === 401) demand(await detailOf(answer));
    else {
      const told = await detailOf(answer);
      complain(told.errors || [], told.detail);
    }
  } catch {
    complain([], "the service cannot be reached");
  } finally {
    go.removeAttribute("aria-disabled");
  }
}

// Says at each field what is wrong with it, and above the form everything at once.
function complain(errors, detail) {
  const box = at("problems");
  box.hidden = !detail;
  const lines = errors.map(({ path, detail: why }) => {
    const [, name, rest] = /^\$\.?([^.[]*)(.*)$/.exec(path) || [null, "", path];
    const field = fields.find((each) => each.name === name);
    const place = /^\[(\d+)\]$/.exec(rest);
    const said = why.replaceAll("`", "");
    return { field, name, why: place ? `line ${Number(place[1]) + 1}: ${said}` : said };
  });
  for (const field of fields) {
    field.complain(lines.filter((line) => line.field === field).map((line) => line.why).join("; "));
  }
  if (!detail) return;
  at("answer").replaceChildren(element("p", { class: "none" }, "There is no answer to this request."));
  box.replaceChildren(element("p", {}, element("strong", {}, "Not answered: "), detail), element("ul", {}, ...lines.map((line) =>
    element("li", {}, line.field ? element("a", { href: `#${line.field.id}` }, line.name) : line.name, ` ${line.why}`))));
  box.focus();
}

at("row-form").addEventListener("submit", (event) => { event.preventDefault(); send(); });
at("again").addEventListener("click", fill);
at("problems").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault();
  document.getElementById(link.getAttribute("href").slice(1)).focus();
});
at("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = at("token").value.trim();
  load();
});
load();

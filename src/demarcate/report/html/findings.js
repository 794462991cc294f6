// Findings: a table by pages, and the filters over it.

const PAGE = 50;

/** The hash of a finding's resource; an account, region or file belongs to what it is called. */
function resourceHash(row) {
  const [account, region, file] = ["account", "region", "file"].map((name) => told(name, row));
  return hashOf("resource", told("resource", row), { account, region, file });
}

const fileOf = (row) => (columns.line[row] ? `${told("file", row)}:${columns.line[row]}` : told("file", row));

const whatCell = (row) => [h("p", { class: "reason" }, told("reason", row)), waivedLine(row)];

/** Why, until when and on whose word a finding is accepted; null where it is not. */
function waivedLine(row) {
  const waiver = waiverOf(row);
  if (!waiver) return null;
  const until = waiver.until ? `until ${waiver.until}` : "without an end";
  return h("p", { class: "quiet" }, `Waived ${until}${waiver.owner ? ` by ${waiver.owner}` : ""}: ${waiver.reason}`);
}

const verdictCell = (row) => (waiverOf(row) ? [sign("waived"), h("br"), sign(told("verdict", row))] : sign(told("verdict", row)));

function checkCell(row) {
  const check = checkOf(row);
  return h("p", { class: "quiet" }, link(hashOf("check", check.id), check.title));
}

function resourceCell(row) {
  const name = told("resource", row);
  const of = name === null ? h("span", { class: "quiet" }, `all of ${checkOf(row).table}`) : link(resourceHash(row), name);
  return [h("p", { class: "path" }, of), told("file", row) ? h("p", { class: "path quiet" }, fileOf(row)) : null];
}

const whereCell = (row) =>
  ["account", "region"].filter((name) => told(name, row) !== null).map((name) => h("p", {}, told(name, row)));

const ORDER = { kind: [...kinds.keys()], verdict: ["fail", "unknown", "pass"], severity: ["critical", "high", "medium", "low"] };

const same = (value) => value;

/** The columns of the table: heading, class, the data that it needs, what its cell holds, and by what it is sorted. */
const CELLS = [
  ["Verdict", "lead-in", "verdict", verdictCell, [["verdict", (value) => ORDER.verdict.indexOf(value)]]],
  ["Severity", "lead-in", "check", (row) => severity(checkOf(row).severity), [["check", (id) => ORDER.severity.indexOf(checks.get(id).severity)]]],
  ["What was found", "what", "reason", (row, without) => [whatCell(row), without.includes("Check") ? null : checkCell(row)], [["reason", same]]],
  ["Resource", "of-resource", "resource", resourceCell, [["resource", same], ["file", same]]],
  ["Account, region", "where", "account", whereCell, [["account", same], ["region", same]]],
  ["Area", "area", "check", (row) => areas.get(responsibilityOf(checkOf(row)).area).title, [["check", (id) => areas.get(responsibilityOf(checks.get(id)).area).title]]],
];

const nameOf = (heading) => heading.toLowerCase().replace(/\W+/g, "-");

/** How a query asks for findings to be sorted: the column, and whether backwards; null where it does not. */
function sortOf(query) {
  const text = query.get("sort") ?? "";
  const cell = CELLS.find(([heading]) => nameOf(heading) === text.replace(/^-/, ""));
  return cell ? { heading: cell[0], by: cell[4], backwards: text.startsWith("-") } : null;
}

/** The heading of a column, which leads to the findings sorted by it, and then backwards. */
function headingCell(place, heading, role) {
  const sort = sortOf(place.query);
  const own = sort?.heading === heading ? sort : null;
  const to = `${own && !own.backwards ? "-" : ""}${nameOf(heading)}`;
  const href = hashOf(place.view, place.id, { ...Object.fromEntries(place.query), sort: to, page: "" });
  const arrow = own ? h("span", { "aria-hidden": "true" }, own.backwards ? " ↓" : " ↑") : null;
  const way = own ? (own.backwards ? "descending" : "ascending") : null;
  return h("th", { scope: "col", class: role, "aria-sort": way }, h("a", { href, title: `Sort by ${heading.toLowerCase()}` }, heading, arrow));
}

/** A table of findings. Columns that say nothing in this report, or in this view, are left out. */
function table(place, rows, without) {
  const cells = CELLS.filter(([heading, , column]) => isUsed(column) && !without.includes(heading));
  const head = cells.map(([heading, role]) => headingCell(place, heading, role));
  const cellsOf = (row) =>
    cells.map(([heading, role, , cell]) =>
      h("td", { class: role, "data-label": role === "area" ? heading : null }, cell(row, without)),
    );
  const made = h("table", { class: "steady" }, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows.map((row) => h("tr", {}, cellsOf(row)))));
  return h("div", { class: "table" }, made);
}

/** Which page of so many findings a query asks for, from 0. */
function pageOf(query, total) {
  const last = Math.max(0, Math.ceil(total / PAGE) - 1);
  return Math.min(last, Math.max(0, (parseInt(query.get("page"), 10) || 1) - 1));
}

function pager(place, page, total) {
  const last = Math.ceil(total / PAGE) - 1;
  if (last < 1) return null;
  const to = (number, text) => {
    const href = hashOf(place.view, place.id, { ...Object.fromEntries(place.query), page: number ? number + 1 : "" });
    const reached = number >= 0 && number <= last && number !== page;
    return reached ? link(href, text) : h("span", { class: "quiet" }, text);
  };
  return h(
    "nav",
    { class: "pager", "aria-label": "Pages of findings" },
    page > 0 ? to(0, "First") : null,
    to(page - 1, "Previous"),
    h("span", {}, `Page ${number(page + 1)} of ${number(last + 1)}`),
    to(page + 1, "Next"),
    page < last ? to(last, "Last") : null,
  );
}

/** How many findings there are, and which of them are shown. */
function counted(page, total, all = total) {
  const shown = total > PAGE ? `, ${number(page * PAGE + 1)} to ${number(Math.min(total, (page + 1) * PAGE))} shown` : "";
  const of = all > total ? ` of ${number(all)}` : "";
  return `${number(total)}${of} ${all === 1 ? "finding" : "findings"}${shown}`;
}

/** The filters in words: on paper there is no form to read them from. */
function asked(query) {
  return [...query].filter(([name, value]) => !["page", "sort"].includes(name) && value).map(([name, value]) => `${name}: ${value}`).join("; ");
}

const MORE = Object.values(data.more).reduce((sum, more) => sum + more, 0);

/** How many findings this file does not hold, of the check that is shown or in all; null where it holds them. */
function notHeld(place) {
  const id = place.view === "check" ? place.id : place.query.get("check");
  const [more, of] = id ? [data.more[id] ?? 0, "this check"] : [MORE, "each check"];
  if (!more) return null;
  return h("p", { class: "notice is-muted" }, `${number(more)} more are not in this file, which holds ${number(data.most)} of ${of}: `, h("code", {}, "demarcate report DIR --format csv"), " lists all. Counts are of all.");
}

/** Fill a place with the page of findings that the query asks for, and say how many there are. */
function listFindings(into, place, rows, { without = [], all = rows.length } = {}) {
  const page = pageOf(place.query, rows.length);
  const text = counted(page, rows.length, all);
  const sort = sortOf(place.query);
  const ordered = sort ? sorted(rows, sort.by, sort.backwards) : rows;
  into.replaceChildren(
    h("p", { class: "counted", tabindex: "-1" }, text),
    h("p", { class: "printed" }, asked(place.query)),
    ...[notHeld(place)].filter(Boolean),
    rows.length ? table(place, ordered.slice(page * PAGE, (page + 1) * PAGE), without) : h("p", {}, "Nothing is like this."),
    ...[pager(place, page, rows.length)].filter(Boolean),
  );
  return text;
}

const LABELS = {
  verdict: "Verdict",
  waived: "Waived",
  kind: "Unknown for",
  severity: "Severity",
  area: "Area",
  service: "Service",
  check: "Check",
  framework: "Framework",
  account: "Account",
  region: "Region",
};
const ANSWERS = { yes: "Yes", no: "No" };

/** What the values of a filter are called, where that is not what they are. */
const WORDS = {
  area: (id) => areas.get(id)?.title,
  service: (id) => services.get(id),
  check: (id) => checks.get(id)?.title,
  framework: (id) => frameworks.get(id),
  kind: (id) => kinds.get(id),
  waived: (answer) => ANSWERS[answer],
  verdict: (verdict) => SIGNS[verdict]?.[1],
  region: (region) => (region === "global" ? "In no region (global)" : null),
};

/** A field below its label, which is not around it: what may be chosen is no part of its name. */
const labelled = (text, field) => h("div", { class: "field" }, h("label", { for: field.id }, text), field);

/** A choice of one value of a filter; null where there is nothing to choose. */
function choice(name, query) {
  const present = valuesOf(name);
  const values = ORDER[name] ? ORDER[name].filter((value) => present.includes(value)) : present;
  const wanted = query.get(name) ?? "";
  if (wanted && !values.includes(wanted)) values.push(wanted);
  if (!values.length || (name === "waived" && !isUsed("waived"))) return null;
  const word = (value) => WORDS[name]?.(value) ?? value;
  if (["service", "check", "framework"].includes(name)) values.sort((a, b) => word(a).localeCompare(word(b), "en"));
  const options = values.map((value) => h("option", { value, selected: value === wanted }, word(value)));
  return labelled(LABELS[name], h("select", { name, id: `by-${name}` }, h("option", { value: "" }, "All"), options));
}

const OFFERED_TAGS = 500;

/** The field for a tag: `key=value`, or how one begins; null where no finding has any. */
function tagField(query) {
  const { pairs } = columns.tags;
  if (!pairs.length && !query.get("tag")) return null;
  const field = h("input", { name: "tag", id: "by-tag", list: "tags", autocomplete: "off", spellcheck: "false", placeholder: "key=value", value: query.get("tag") ?? "" });
  const offered = [...pairs].sort().slice(0, OFFERED_TAGS);
  return [labelled("Tag", field), h("datalist", { id: "tags" }, offered.map((value) => h("option", { value })))];
}

/** The filters that a link sets and the form has no field for: each can be taken away. */
function chips(place) {
  return ["responsibility", "resource", "file", "waiver"]
    .filter((name) => place.query.get(name))
    .map((name) => {
      const value = place.query.get(name);
      const rest = { ...Object.fromEntries(place.query), [name]: "", page: "" };
      const title = name === "responsibility" ? responsibilities.get(value)?.title : null;
      const text = `${name}: ${title ?? value}`;
      return h("p", { class: "chip" }, text, " ", link(hashOf("findings", "", rest), "Remove"));
    });
}

/** The view of all findings with its filters. */
function findingsView(place) {
  const words = h("input", { type: "search", name: "q", autocomplete: "off", spellcheck: "false", value: place.query.get("q") ?? "" });
  const form = h(
    "form",
    { class: "filters", "aria-label": "Filter findings" },
    h("label", {}, "Words ", words),
    Object.keys(LABELS).map((name) => choice(name, place.query)),
    tagField(place.query),
    h("button", { type: "reset" }, "Clear"),
  );
  const list = h("div", {});
  const show = (at) => listFindings(list, at, matching(at.query), { all: COUNT });
  const changed = () => {
    const fields = Object.fromEntries(new FormData(form));
    say(show(refine(placeOf(location.hash), { ...fields, page: "" })));
  };
  form.addEventListener("input", changed);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    for (const field of form.elements) if (field.name) field.value = "";
    changed();
  });
  show(place);
  return [h("h2", { "data-heading": true }, "Findings"), h("p", { class: "quiet" }, PASSES), form, ...chips(place), list];
}

const LEFT_OUT = data.left_out ? ` ${number(data.left_out)} more that pass are counted with their checks alone: CSV, JSON and Parquet have all.` : "";

const PASSES = data.passes
  ? `What fails, what is unknown and what passes, worst first.${LEFT_OUT}`
  : "What fails and what is unknown, worst first. What passes is counted with its check.";

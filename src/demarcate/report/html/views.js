// Views that are made from data: a check, a resource, the search; and the list of responsibilities.

const definitions = (...pairs) =>
  h("dl", {}, pairs.filter(([, value]) => value && value.length !== 0).map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));

const trail = (...links) => h("p", { class: "trail" }, links.map((one) => [one, " "]));

const upTo = (responsibility) => [
  link("#summary", "Summary"),
  link(hashOf("area", responsibility.area), areas.get(responsibility.area).title),
  link(hashOf("responsibility", responsibility.id), responsibility.title),
];

/** A check: what it asks, how it went, and its findings. */
function checkView(place) {
  const check = checks.get(place.id);
  if (!check) return lost(place);
  const [passed, failed, unknown] = check.counts;
  const list = h("div", {});
  const rows = matching(new URLSearchParams({ check: check.id }));
  listFindings(list, place, rows, { without: ["Severity", "Area", "Check"] });
  return [
    trail(...upTo(responsibilityOf(check))),
    h("h2", { "data-heading": true }, check.title),
    h("p", {}, severity(check.severity), ` ${number(failed)} fail, ${number(unknown)} unknown, ${number(passed)} pass${check.waived ? `, ${number(check.waived)} waived` : ""} `, h("code", {}, check.id)),
    check.remedy ? h("p", { class: "remedy" }, check.remedy) : null,
    h("h3", {}, "What it asks"),
    definitions(
      ["Passes where", h("code", {}, check.predicate)],
      ["Of rows where", check.condition ? h("code", {}, check.condition) : ""],
      ["Of the table", h("code", {}, check.table)],
      ["Also known as", Object.entries(check.refs).map(([name, refs]) => h("p", {}, `${name}: ${refs.join(", ")}`))],
      ["Related", Object.entries(check.related).flatMap(([name, whys]) => Object.entries(whys).map(([ref, why]) => h("p", {}, `${name}: ${ref}: ${why}`)))],
      ["Why this severity", check.severity_why],
    ),
    h("h3", {}, "Findings"),
    list,
  ];
}

/** A resource: where it is declared, and all that was found of it. */
function resourceView(place) {
  const filters = new URLSearchParams({ resource: place.id });
  for (const name of ["account", "region", "file"]) filters.set(name, place.query.get(name) ?? "");
  const rows = matching(filters);
  if (!rows.length) return lost(place);
  const of = (name) => [...new Set(rows.map((row) => told(name, row)).filter((value) => value !== null))].join(", ");
  const tables = [...new Set(rows.map((row) => checkOf(row).table))].join(", ");
  const files = [...new Set(rows.map(fileOf).filter((file) => file !== null))].join(", ");
  return [
    trail(link("#summary", "Summary"), link("#findings", "Findings")),
    h("h2", { class: "path", "data-heading": true }, place.id),
    definitions(
      ["Declared in", files && h("span", { class: "path" }, files)],
      ["Account", of("account")],
      ["Region", of("region")],
      ["Table", h("code", {}, tables)],
    ),
    h("h3", {}, "Findings"),
    h("p", { class: "quiet" }, PASSES),
    h("ol", { class: "first" }, rows.map(resourceFinding)),
  ];
}

function resourceFinding(row) {
  const check = checkOf(row);
  const responsibility = responsibilityOf(check);
  return h(
    "li",
    {},
    h("p", {}, verdictCell(row), h("br"), severity(check.severity)),
    h(
      "div",
      {},
      h("p", { class: "reason" }, told("reason", row)),
      waivedLine(row),
      h("p", {}, link(hashOf("check", check.id), check.title)),
      h("p", { class: "quiet" }, "It is yours: ", link(hashOf("responsibility", responsibility.id), responsibility.title)),
      told("verdict", row) === "pass" ? null : h("p", { class: "quiet" }, "The finding’s id: ", h("code", {}, columns.id[row])),
    ),
    h("p", { class: "remedy" }, check.remedy),
  );
}

const FEW = 20;

/** Which of some things hold all words in their text. */
function having(things, words, text) {
  return things.filter((thing) => {
    const whole = text(thing).toLowerCase();
    return words.every((word) => whole.includes(word));
  });
}

/** One finding of each resource whose name holds all words. */
function resourcesHaving(words) {
  const flags = smallTexts("resource").map((text) => text !== "" && words.every((word) => text.includes(word)));
  const found = new Map();
  for (let row = 0; row < COUNT; row++) {
    if (flags[columns.resource.index[row]]) {
      const hash = resourceHash(row);
      if (!found.has(hash)) found.set(hash, row);
    }
  }
  return [...found.values()];
}

function results(title, found, item, more = null) {
  if (!found.length) return null;
  return [
    h("h3", {}, `${title} (${number(found.length)})`),
    h("ul", { class: "plain results" }, found.slice(0, FEW).map((one) => h("li", {}, item(one)))),
    found.length > FEW ? h("p", {}, more ?? `and ${number(found.length - FEW)} more: add a word`) : null,
  ];
}

/** Everything that holds the words of the search. */
function searchView(place) {
  const words = wordsOf(place.query.get("q"));
  const heading = h("h2", { "data-heading": true }, "Search");
  if (!words.length) return [heading, h("p", {}, "Write what you look for: a resource, a setting, a service, an id.")];
  const rows = matching(new URLSearchParams({ q: words.join(" ") }));
  const all = link(hashOf("findings", "", { q: words.join(" ") }), `All ${number(rows.length)} findings, with filters`);
  const sections = [
    results("Responsibilities", having(data.responsibilities, words, (one) => `${one.id} ${one.title} ${one.text}`), (one) => [
      sign(one.state),
      " ",
      link(hashOf("responsibility", one.id), one.title),
    ]),
    results("Checks", having(data.checks, words, (one) => `${one.id} ${one.title} ${one.table}`), (one) => [
      severity(one.severity),
      " ",
      link(hashOf("check", one.id), one.title),
    ]),
    results("Resources", resourcesHaving(words), (row) => [
      h("span", { class: "path" }, link(resourceHash(row), told("resource", row))),
      h("span", { class: "quiet path" }, ` ${fileOf(row) ?? told("region", row) ?? ""}`),
    ]),
    results("Findings", rows, (row) => [
      sign(told("verdict", row)),
      " ",
      told("resource", row) === null ? told("reason", row) : link(resourceHash(row), told("reason", row)),
    ], all),
  ].filter(Boolean);
  return [heading, sections.length ? sections : h("p", {}, "Nothing in this report has all of these words.")];
}

function lost(place) {
  return [
    h("h2", { "data-heading": true }, "Nothing has this address"),
    h("p", {}, "This report has nothing that is called ", h("code", {}, `${place.view}/${place.id}`), ". It may be mended since the link was made."),
    h("p", {}, link("#summary", "To the summary")),
  ];
}

/** Show the responsibilities that the filters ask for, and say how many. */
function listResponsibilities(query) {
  const words = wordsOf(query.get("q"));
  const wanted = ["state", "party", "area", "asked"].filter((name) => query.get(name));
  let shown = 0;
  for (const row of byId("responsibility-rows").rows) {
    const one = responsibilities.get(row.dataset.id);
    const exact = wanted.every((name) => one[name] === query.get(name));
    const fits = exact && having([one], words, (of) => `${of.id} ${of.title} ${of.text}`).length === 1;
    row.hidden = !fits;
    shown += fits ? 1 : 0;
  }
  const text = `${number(shown)} of ${plural(responsibilities.size, "responsibility", "responsibilities")}`;
  byId("responsibilities-counted").textContent = text;
  return text;
}

// The data: findings as columns, in which each text stands once.

const data = JSON.parse(byId("data").textContent);
const columns = data.findings;
const COUNT = columns.line.length;

const checks = new Map(data.checks.map((check) => [check.id, check]));
const responsibilities = new Map(data.responsibilities.map((one) => [one.id, one]));
const areas = new Map(data.areas.map((area) => [area.id, area]));
const services = new Map(data.services.map((service) => [service.id, service.title]));
const frameworks = new Map(data.frameworks.map((one) => [one.id, one.title]));
const kinds = new Map(data.kinds.map((kind) => [kind.id, kind.label]));

/** The text of a column in one finding, or null. */
const told = (column, row) => columns[column].values[columns[column].index[row]];

/** Whether any finding has a value there: a report of templates has no accounts. */
const isUsed = (column) => columns[column].values.some((value) => value !== null);

/** By which waiver a finding is accepted, or null. */
const waiverOf = (row) => (told("waived", row) === null ? null : data.waivers[told("waived", row)]);

const checkOf = (row) => checks.get(told("check", row));
const responsibilityOf = (check) => responsibilities.get(check.responsibility);

/** For each key, the ids of what names it: the services of a table, the frameworks of a check. */
function named(things, keys) {
  const ids = new Map();
  for (const thing of things) for (const key of keys(thing)) ids.set(key, [...(ids.get(key) ?? []), thing.id]);
  return (key) => ids.get(key) ?? [];
}
const servicesOf = named(data.services, (service) => service.tables);
const frameworksOf = named(data.frameworks, (one) => one.checks.map((number) => data.checks[number].id));

/** What an exact filter compares: a column, or what follows from the check; of several, one must be it. */
const FIELDS = {
  verdict: ["verdict", (value) => value],
  kind: ["kind", (value) => value],
  severity: ["check", (id) => checks.get(id).severity],
  area: ["check", (id) => responsibilityOf(checks.get(id)).area],
  account: ["account", (value) => value],
  region: ["region", (value) => value],
  service: ["check", (id) => servicesOf(checks.get(id).table)],
  framework: ["check", (id) => frameworksOf(id)],
  responsibility: ["check", (id) => checks.get(id).responsibility],
  check: ["check", (id) => id],
  resource: ["resource", (value) => value],
  file: ["file", (value) => value],
  waived: ["waived", (value) => (value === null ? "no" : "yes")],
  waiver: ["waived", (value) => value],
};

/** The texts in which words are looked for, made small once, when they are first needed. */
const small = new Map();
function smallTexts(column) {
  if (!small.has(column)) {
    const whole = (id) => {
      const check = checks.get(id);
      return `${id} ${check.title} ${check.responsibility} ${responsibilityOf(check).title}`;
    };
    const text = column === "check" ? whole : (value) => value ?? "";
    small.set(column, columns[column].values.map((value) => text(value).toLowerCase()));
  }
  return small.get(column);
}

const SEARCHED = ["check", "account", "region", "resource", "file", "reason"];

const wordsOf = (text) => (text ?? "").toLowerCase().split(/\s+/).filter(Boolean);

/** For each column, which of its values pass a test, as a test of one finding. */
function anyColumn(names, passes) {
  const flags = names.map((name) => [columns[name].index, passes(name)]);
  return (row) => flags.some(([index, flag]) => flag[index[row]]);
}

/** Of each set of tags, whether it has one: `key=value` itself or, where no tag is that, one that begins so. */
function tagged(text) {
  const { pairs, values } = columns.tags;
  const exact = pairs.indexOf(text);
  const begins = pairs.map((pair, number) => (exact < 0 ? pair.toLowerCase().startsWith(text.toLowerCase()) : number === exact));
  return values.map((set) => (set ?? []).some((number) => begins[number]));
}

/** The findings that meet all filters of a query, as row numbers in their order: worst first. */
function matching(query) {
  const tests = [];
  for (const [name, [column, value]] of Object.entries(FIELDS)) {
    const wanted = query.get(name);
    if (wanted) tests.push(anyColumn([column], () => columns[column].values.map((one) => [value(one)].flat().includes(wanted))));
  }
  if (query.get("tag")) tests.push(anyColumn(["tags"], () => tagged(query.get("tag"))));
  for (const word of wordsOf(query.get("q"))) {
    tests.push(anyColumn(SEARCHED, (name) => smallTexts(name).map((text) => text.includes(word))));
  }
  const rows = [];
  for (let row = 0; row < COUNT; row++) if (tests.every((test) => test(row))) rows.push(row);
  return rows;
}

/** The different values of a filter, sorted. */
function valuesOf(name) {
  const [column, value] = FIELDS[name];
  return [...new Set(columns[column].values.flatMap(value))].filter((one) => one !== null).sort();
}

/** For each value of a column its place among them: by number or text, what is null last. */
function placesOf(column, key) {
  const keys = columns[column].values.map((value) => (value === null ? null : key(value)));
  const order = [...new Set(keys)].filter((one) => one !== null).sort((a, b) => (a < b ? -1 : 1));
  const places = new Map(order.map((one, place) => [one, place]));
  return keys.map((one) => places.get(one) ?? order.length);
}

/** Rows in the order of what is read from columns, `[column, key]` each; equals stay as they were. */
function sorted(rows, by, backwards) {
  const read = by.map(([column, key]) => [columns[column].index, placesOf(column, key)]);
  const sign = backwards ? -1 : 1;
  const compare = (a, b) => {
    for (const [index, places] of read) {
      const less = places[index[a]] - places[index[b]];
      if (less) return sign * less;
    }
    return 0;
  };
  return [...rows].sort(compare);
}

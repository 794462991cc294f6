// The data: findings as columns, in which each text stands once.

const data = JSON.parse(byId("data").textContent);
const columns = data.findings;
const COUNT = columns.line.length;

const checks = new Map(data.checks.map((check) => [check.id, check]));
const responsibilities = new Map(data.responsibilities.map((one) => [one.id, one]));
const areas = new Map(data.areas.map((area) => [area.id, area]));
const kinds = new Map(data.kinds.map((kind) => [kind.id, kind.label]));

/** The text of a column in one finding, or null. */
const told = (column, row) => columns[column].values[columns[column].index[row]];

/** Whether any finding has a value there: a report of templates has no accounts. */
const isUsed = (column) => columns[column].values.some((value) => value !== null);

/** By which waiver a finding is accepted, or null. */
const waiverOf = (row) => (told("waived", row) === null ? null : data.waivers[told("waived", row)]);

const checkOf = (row) => checks.get(told("check", row));
const responsibilityOf = (check) => responsibilities.get(check.responsibility);

/** What an exact filter compares: a column, or what follows from the check. */
const FIELDS = {
  verdict: ["verdict", (value) => value],
  kind: ["kind", (value) => value],
  severity: ["check", (id) => checks.get(id).severity],
  area: ["check", (id) => responsibilityOf(checks.get(id)).area],
  account: ["account", (value) => value],
  region: ["region", (value) => value],
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

/** The findings that meet all filters of a query, as row numbers in their order: worst first. */
function matching(query) {
  const tests = [];
  for (const [name, [column, value]] of Object.entries(FIELDS)) {
    const wanted = query.get(name);
    if (wanted) tests.push(anyColumn([column], () => columns[column].values.map((one) => value(one) === wanted)));
  }
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
  return [...new Set(columns[column].values.map(value))].filter((one) => one !== null).sort();
}

// The record of an exam: the lines that an evidence folder takes. Nothing is sent from here, and saved on request alone.

/** A CSV cell: quoted where it must be, and never a formula for a spreadsheet. */
function cell(text) {
  const line = text.trim().replace(/\s+/g, " ");
  const safe = /^'*[=+\-@\uff1d\uff0b\uff0d\uff20]/.test(line) ? `'${line}` : line;
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The header and the row of a result, for the columns that evidence has. */
function recordLines(columns, values) {
  const row = columns.map((name) => cell(values[name] ?? ""));
  return `${columns.join(",")}\n${row.join(",")}\n`;
}

/** A file for each person and day, so that none takes the place of another in the folder. */
function fileName(person, day) {
  const name = person.normalize("NFKC").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
  return `quiz-${day}${name ? `-${name.slice(0, 60)}` : ""}.csv`;
}

/** Hand a text to the reader's own downloads. */
function save(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

const today = () => new Date().toISOString().slice(0, 10);

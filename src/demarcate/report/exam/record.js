// The record of an exam: the lines that an evidence folder takes. Nothing is written or sent from here.

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

const today = () => new Date().toISOString().slice(0, 10);

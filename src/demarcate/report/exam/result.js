// The outcome: how many are right, what was wrong and why, and what to take away.

/** How it went. Only whole questions count, so no rounding makes a pass. */
function outcome(data, given) {
  const wrong = given.map((choice, at) => (choice === data.answers[at] ? null : at)).filter((at) => at !== null);
  const right = given.length - wrong.length;
  return { right, of: given.length, wrong, passed: 100 * right >= data.passMark * given.length };
}

function showResult(data, given) {
  const result = outcome(data, given);
  const percent = Math.floor((100 * result.right) / result.of);
  byId("verdict").textContent = result.passed ? "Passed" : "Not passed";
  byId("score").textContent = `${result.right} of ${result.of} right: ${percent}%, and ${data.passMark}% passes.`;
  byId("wrong").replaceChildren(...wrongAnswers(result.wrong, given));
  byId("takeaways").replaceChildren(...takeaways(data, result.wrong));
  return result;
}

function wrongAnswers(wrong, given) {
  if (!wrong.length) return [];
  return [h("h3", {}, "To look at again"), h("ul", { class: "again-list" }, wrong.map((at) => wrongAnswer(at, given[at])))];
}

function wrongAnswer(at, choice) {
  const question = byId(`question-${at}`);
  const said = (selector) => question.querySelector(selector).textContent;
  const chosen = question.querySelectorAll(".choice .said")[choice].textContent;
  return h(
    "li",
    {},
    h("p", { class: "asked" }, said("legend")),
    h("p", {}, mark("×", "Your answer", "gap"), ` ${chosen}`),
    h("p", {}, mark("✓", "Right", "met"), ` ${said(".right").replace(/^\d+: /, "")}`),
    h("p", {}, said(".why")),
    h("p", { class: "quiet" }, h("code", {}, said(".answer code"))),
  );
}

function takeaways(data, wrong) {
  const areas = [...new Set(wrong.map((at) => data.areas[at]).filter((area) => area in data.takeaways))];
  if (!areas.length) return [];
  const items = areas.map((area) => h("li", {}, h("strong", {}, data.titles[area]), ` ${data.takeaways[area]}`));
  return [h("h3", {}, "To take away"), h("ul", {}, items)];
}

/** A sign with its word: never colour alone. */
function mark(glyph, word, role) {
  return h("span", { class: `sign is-${role}` }, h("span", { class: "glyph", "aria-hidden": "true" }, glyph), ` ${word}`);
}

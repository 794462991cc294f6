// The exam: one question after the other. An answer shows what is right and why, and cannot be taken back.

const data = JSON.parse(byId("data").textContent);
const questions = [...document.querySelectorAll(".question")];
const given = [];

for (const [at, question] of questions.entries()) {
  question.querySelector(".answer").open = true; // it shows once there is an answer
  question.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (given.length > at) next();
    else answer(at, Number(new FormData(event.target).get("choice")));
  });
  question.addEventListener("keydown", (event) => choose(event, question));
}

/** A digit chooses, while the focus is in the question. */
function choose(event, question) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const input = question.querySelectorAll(".choice input")[Number(event.key) - 1];
  if (input && !input.disabled) {
    input.checked = true;
    input.focus();
  }
}

function show(at) {
  questions.forEach((question, place) => question.classList.toggle("current", place === at));
  byId("result").hidden = at < questions.length;
}

function answer(at, choice) {
  given.push(choice);
  byId("progress").value = given.length;
  const question = questions[at];
  const choices = [...question.querySelectorAll(".choice")];
  const right = data.answers[at];
  choices.forEach((label) => (label.querySelector("input").disabled = true));
  choices[right].classList.add("is-met");
  choices[right].append(mark("✓", "Right", "met"));
  if (choice !== right) {
    choices[choice].classList.add("is-gap");
    choices[choice].append(mark("×", "Wrong", "gap"));
  }
  question.classList.add("answered");
  const button = question.querySelector("button");
  button.textContent = given.length < questions.length ? "Next question" : "See the result";
  button.focus();
  const why = question.querySelector(".why").textContent;
  const verdict = choice === right ? "Right." : `Wrong. Right is ${choices[right].querySelector(".said").textContent}.`;
  say(`${verdict} ${why}`);
}

function next() {
  show(given.length);
  if (given.length < questions.length) {
    questions[given.length].querySelector("h2").focus();
    return;
  }
  const result = showResult(data, given);
  showRecord(result);
  byId("verdict").focus();
}

function showRecord(result) {
  const person = byId("person");
  if (!person) return; // too short to be evidence
  const write = () => {
    byId("record").value = recordLines(data.columns, {
      ...data.record,
      person: person.value,
      completed: today(),
      score: `${result.right}/${result.of}`,
      passed: result.passed ? "yes" : "no",
    });
  };
  person.oninput = write;
  write();
}

byId("again").addEventListener("click", () => {
  given.length = 0;
  byId("progress").value = 0;
  for (const question of questions) {
    question.classList.remove("answered");
    question.querySelector("form").reset();
    question.querySelector("button").textContent = "Answer";
    for (const label of question.querySelectorAll(".choice")) {
      label.classList.remove("is-met", "is-gap");
      label.querySelector(".sign")?.remove();
      label.querySelector("input").disabled = false;
    }
  }
  show(0);
  questions[0].querySelector("h2").focus();
});

show(0);

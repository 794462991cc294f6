// The exam: one question after the other. An answer shows what is right and why, and cannot be taken back.
// A reload goes on where it was, until the exam is taken again.

const data = JSON.parse(byId("data").textContent);
const questions = [...document.querySelectorAll(".question")];
const given = [];
let day = null; // of the last answer

for (const [at, question] of questions.entries()) {
  question.querySelector(".answer").open = true; // it shows once there is an answer
  question.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (given.length > at) next();
    else answer(at, Number(new FormData(event.target).get("choice")));
  });
}

/** A digit chooses in the question that shows, wherever the focus is. */
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const input = document.querySelectorAll(".question.current .choice input")[Number(event.key) - 1];
  if (input && !input.disabled) {
    input.checked = true;
    input.focus();
  }
});

function show(at) {
  questions.forEach((question, place) => question.classList.toggle("current", place === at));
  byId("result").hidden = at < questions.length;
}

function answer(at, choice) {
  reveal(at, choice);
  day = today();
  keep(data, given, day);
  const question = questions[at];
  question.querySelector("button").focus();
  const right = data.answers[at];
  const why = question.querySelector(".why").textContent;
  const told = question.querySelectorAll(".choice .said")[right].textContent;
  say(`${choice === right ? "Right." : `Wrong. Right is ${told}.`} ${why}`);
}

/** Show an answer, whether it is right, and why. */
function reveal(at, choice) {
  given.push(choice);
  byId("progress").value = given.length;
  const question = questions[at];
  const choices = [...question.querySelectorAll(".choice")];
  const right = data.answers[at];
  choices.forEach((label, place) => {
    const input = label.querySelector("input");
    input.checked = place === choice;
    input.disabled = true;
  });
  choices[right].classList.add("is-met");
  choices[right].append(mark("✓", "Right", "met"));
  if (choice !== right) {
    choices[choice].classList.add("is-gap");
    choices[choice].append(mark("×", "Wrong", "gap"));
  }
  question.classList.add("answered");
  const button = question.querySelector("button");
  button.textContent = given.length < questions.length ? "Next question" : "See the result";
}

function next() {
  goOn();
  (given.length < questions.length ? questions[given.length].querySelector("h2") : byId("verdict")).focus();
}

/** Show the question that comes next, or the result. */
function goOn() {
  show(given.length);
  if (given.length === questions.length) showRecord(showResult(data, given));
}

function showRecord(result) {
  const person = byId("person");
  if (!person) return; // too short to be evidence
  const write = () => {
    byId("save").disabled = !person.value.trim();
    byId("record").value = recordLines(data.columns, {
      ...data.record,
      person: person.value,
      completed: day,
      score: `${result.right}/${result.of}`,
      passed: result.passed ? "yes" : "no",
    });
  };
  person.oninput = write;
  byId("save").onclick = () => save(fileName(person.value, day), byId("record").value);
  write();
}

byId("again").addEventListener("click", () => {
  given.length = 0;
  keep(data, given, day);
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

const before = kept(data);
day = before.day;
before.answers.forEach((choice, at) => reveal(at, choice));
goOn();

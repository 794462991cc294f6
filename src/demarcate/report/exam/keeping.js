// The answers so far, kept for the tab: a reload goes on where the exam was. They leave it for nowhere.

/** The answers that were kept of an exam, and the day of the last one; none where they are not of its questions. */
function kept(exam) {
  try {
    const { answers, day } = JSON.parse(sessionStorage.getItem(exam.id));
    const fits = answers.every((choice, at) => Number.isInteger(choice) && 0 <= choice && choice < exam.choices[at]);
    return fits ? { answers, day } : { answers: [], day: null };
  } catch {
    return { answers: [], day: null }; // nothing was kept, or storage is blocked
  }
}

function keep(exam, answers, day) {
  try {
    sessionStorage.setItem(exam.id, JSON.stringify({ answers, day }));
  } catch {
    // they last as long as the page
  }
}

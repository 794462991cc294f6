// Shows the view that the address names, keeps focus and scrolling where a reader expects them.

const MADE = { findings: findingsView, check: checkView, resource: resourceView, search: searchView };

const NAME = document.title;
const made = byId("made");
const searched = byId("search-text");
const scrolled = new Map();
let shown = null;
let step = 0;

/** The heading of a place: of a view of the document, of a part of one, or of the view that is made from data. */
function headingOf(place) {
  const path = place.id ? `${place.view}/${place.id}` : place.view;
  const section = Object.hasOwn(MADE, place.view) ? null : byId(path);
  if (section?.closest(".view:not(#made)")) {
    const heading = section.querySelector("[data-heading]");
    if (heading) return heading;
  }
  const make = Object.hasOwn(MADE, place.view) ? MADE[place.view] : lost;
  made.replaceChildren(...make(place).flat(Infinity).filter(Boolean));
  return made.querySelector("[data-heading]");
}

/** Whether a heading is that of a part, which may stand far below the top of its view. */
const isPart = (heading) => heading.dataset.heading === "part";

function show(place) {
  const heading = headingOf(place);
  const section = heading.closest(".view");
  if (section !== made) made.replaceChildren();
  for (const current of document.querySelectorAll(".view.current")) current.classList.remove("current");
  section.classList.add("current");
  document.title = `${heading.textContent} – ${NAME}`;
  for (const tab of document.querySelectorAll(".top nav a")) {
    if (tab.hash === `#${place.view}`) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  if (place.view !== "search") searched.value = "";
  else if (document.activeElement !== searched) searched.value = place.query.get("q") ?? "";
  fill(section, place);
  shown = place;
  return heading;
}

/** What a section of the document has from data: its findings, its filters. */
function fill(section, place) {
  if (section.id === "responsibilities") {
    for (const field of byId("responsibility-filters").elements) field.value = place.query.get(field.name) ?? "";
    listResponsibilities(place.query);
  }
  for (const list of section.querySelectorAll(".findings-of")) {
    const rows = matching(new URLSearchParams({ responsibility: list.dataset.responsibility }));
    let live = list.querySelector(".live");
    if (!live) {
      live = h("div", {});
      list.append(h("div", { class: "live screen" }, h("h3", {}, "Findings"), live));
    } else live = live.lastElementChild;
    listFindings(live, place, rows, { without: ["Area"] });
    const filtered = hashOf("findings", "", { responsibility: list.dataset.responsibility });
    live.append(h("p", {}, link(filtered, "These findings with filters")));
  }
}

const samePath = (one, other) => one && one.view === other.view && one.id === other.id;

/** Put focus and scrolling where the reader expects them: at the top of a new view, at a part, at the place left before. */
function settle(heading, stayed) {
  const before = history.state?.step;
  if (before === undefined) history.replaceState({ step: ++step }, "");
  const target = (stayed && document.querySelector(".view.current .counted[tabindex]")) || heading;
  target.tabIndex = -1;
  target.focus({ preventScroll: true });
  if (before !== undefined) scrollTo(0, scrolled.get(before) ?? 0);
  else if (stayed || isPart(heading)) target.scrollIntoView();
  else scrollTo(0, 0);
}

addEventListener("scroll", () => {
  if (history.state?.step !== undefined) scrolled.set(history.state.step, scrollY);
}, { passive: true });

addEventListener("hashchange", () => {
  const place = placeOf(location.hash);
  const stayed = samePath(shown, place);
  const heading = show(place);
  if (document.activeElement !== searched) settle(heading, stayed);
  const total = document.querySelector(".view.current .counted");
  if (total) say(total.textContent);
});

byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("content").focus();
});

searched.addEventListener("input", () => {
  const hash = hashOf("search", "", { q: searched.value });
  if (shown.view !== "search") {
    location.hash = hash;
    return;
  }
  history.replaceState(history.state, "", hash);
  show(placeOf(hash));
  say(made.querySelectorAll("li").length ? `Results for ${searched.value}` : "Nothing found");
});

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const hash = hashOf("search", "", { q: searched.value });
  if (location.hash === hash) settle(made.querySelector("[data-heading]"), false);
  else location.hash = hash;
});

byId("responsibility-filters").addEventListener("input", (event) => {
  const fields = Object.fromEntries(new FormData(event.currentTarget));
  say(listResponsibilities(refine(placeOf(location.hash), fields).query));
});
byId("responsibility-filters").addEventListener("submit", (event) => event.preventDefault());

history.scrollRestoration = "manual";
if (history.state?.step === undefined) history.replaceState({ step: ++step }, "");
else step = history.state.step;
const first = show(placeOf(location.hash));
if (isPart(first)) first.scrollIntoView();
else scrollTo(0, scrolled.get(history.state.step) ?? 0);

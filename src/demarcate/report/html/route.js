// Where the reader is: `#view`, `#view/id`, each with `?filters`. All of it is in the address, so it can be shared.

/** The place that a hash names. An id may hold anything, since it is encoded. */
function placeOf(hash) {
  const [path, query = ""] = split(hash.replace(/^#/, ""), "?");
  const [view, id = ""] = split(path, "/");
  return { view: view || "summary", id: decoded(id), query: new URLSearchParams(query) };
}

function split(text, at) {
  const found = text.indexOf(at);
  return found < 0 ? [text] : [text.slice(0, found), text.slice(found + 1)];
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray %: nothing has that name, and the page says so
  }
}

/** The hash of a place; filters that say nothing are left out. */
function hashOf(view, id = "", filters = {}) {
  const said = Object.entries(filters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(said).toString();
  return `#${view}${id ? `/${encodeURIComponent(id)}` : ""}${query ? `?${query}` : ""}`;
}

/** Change the filters of the place without leaving it: no new step for the back button. */
function refine(place, changes) {
  const filters = { ...Object.fromEntries(place.query), ...changes };
  history.replaceState(history.state, "", hashOf(place.view, place.id, filters));
  return placeOf(location.hash);
}

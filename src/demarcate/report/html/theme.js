// Runs before anything is shown: says that there are scripts, and puts on the theme that the reader chose.

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

root.classList.add("js");
// A script that fails must not leave an empty page: without the class the whole document shows.
addEventListener("error", () => root.classList.remove("js"));

function chosenTheme() {
  try {
    return localStorage.getItem("demarcate-theme");
  } catch {
    return null; // storage may be blocked; then the reader's system decides
  }
}

function rememberTheme(theme) {
  try {
    localStorage.setItem("demarcate-theme", theme);
  } catch {
    // it lasts as long as the page
  }
}

function isDark() {
  return root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
}

function showTheme(button) {
  button.textContent = isDark() ? "Light theme" : "Dark theme";
}

const chosen = chosenTheme();
if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;

addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  showTheme(button);
  dark.addEventListener("change", () => showTheme(button));
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    rememberTheme(root.dataset.theme);
    showTheme(button);
  });
});

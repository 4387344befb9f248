// Keys: one table says what each does, and is the help too.

const isTyping = (element) => element.matches("input:not([type=checkbox], [type=range], [type=file]), textarea");

/** Keys that a control under the focus takes for itself. */
const CONTROL_KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown", "Enter", " "];

let before = ""; // what a field held before a person typed

/** Act on keys: a table of { keys, words, run }. Nothing happens while a person types. */
function bindKeys(table) {
  const actions = new Map(table.flatMap((entry) => entry.keys.map((key) => [key, entry.run])));
  document.addEventListener("focusin", ({ target }) => { before = target.value; });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target)) leaveField(event);
    else if (!isTaken(event)) {
      event.preventDefault();
      actions.get(event.key)?.(event);
    }
  });
  fillHelp(table);

  function isTaken({ key, target }) {
    if (!actions.has(key) || document.querySelector("dialog[open]:not([data-keys])")) return true;
    if (target.matches("select, input[type=range]")) return CONTROL_KEYS.includes(key);
    return key === "Enter" && target.matches("button, a, summary");
  }
}

/** Enter ends typing, Escape takes it back too. */
function leaveField({ key, target }) {
  if (key === "Escape") {
    target.value = before;
    target.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (key === "Escape" || (key === "Enter" && target.matches("input"))) target.blur();
}

function fillHelp(table) {
  const names = { " ": "space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };
  const rows = table.map(({ keys, words }) => {
    const row = document.createElement("tr");
    const cell = document.createElement("td");
    keys.forEach((key) => cell.append(make("kbd", names[key] ?? key), " "));
    row.append(cell, make("td", words));
    return row;
  });
  document.getElementById("keys").replaceChildren(...rows);
}

/** Return an element that holds a text, never markup. */
function make(name, text = "", attributes = {}) {
  const element = document.createElement(name);
  element.textContent = text;
  Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  return element;
}

/** Say something to eyes and screen readers alike. */
function say(text) {
  document.getElementById("status").textContent = text;
}

/** Tiles in a row of a grid: those as high as the first. */
function rowLength(tiles) {
  return Math.max(tiles.filter((tile) => tile.offsetTop === tiles[0].offsetTop).length, 1);
}

/** Bind buttons to what they do, by their ids; dialogs close by a button of their own. */
function bindClicks(runs) {
  Object.entries(runs).forEach(([id, run]) => document.getElementById(id).addEventListener("click", run));
  document.getElementById("help").addEventListener("click", showKeys);
  document.getElementById("keys-close").addEventListener("click", () => document.getElementById("keys-dialog").close());
}

function showKeys() {
  document.getElementById("keys-dialog").showModal();
}

// Keys: one table says what each does, and is the help too.

const isTyping = (element) => element.matches("input:not([type=checkbox], [type=range], [type=file]), textarea, select");

/** Act on keys: a table of { keys, words, run }. Nothing happens while a person types. */
function bindKeys(table) {
  const actions = new Map(table.flatMap((entry) => entry.keys.map((key) => [key, entry.run])));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target)) {
      if (event.key === "Escape" || (event.key === "Enter" && event.target.matches("input"))) event.target.blur();
      return;
    }
    if (event.key === "Enter" && event.target.matches("button, a, summary")) return;
    const run = actions.get(event.key);
    if (!run) return;
    event.preventDefault();
    run(event);
  });
  fillHelp(table);
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

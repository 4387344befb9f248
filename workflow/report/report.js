// Tables sort by a click or a key on a heading and are searched; folded parts open when a link
// leads into them or the page is printed. Without this script the page says the same.
"use strict";

function numberOf(text) {
  const found = text.replace(/,/g, "").match(/^\s*([-+]?\d*\.?\d+(?:e[-+]?\d+)?)/i);
  return found ? Number(found[1]) : NaN;
}

function cellText(row, column) {
  return row.cells[column] ? row.cells[column].textContent.trim() : "";
}

function compared(column, rows) {
  const texts = rows.map((row) => cellText(row, column)).filter((text) => text !== "");
  const numeric = texts.length > 0 && texts.every((text) => !Number.isNaN(numberOf(text)));
  return (first, second) => {
    const [a, b] = [cellText(first, column), cellText(second, column)];
    if (a === "" || b === "") return (a === "") - (b === "");
    return numeric ? numberOf(a) - numberOf(b) : a.localeCompare(b, undefined, {numeric: true});
  };
}

function makeSortable(table, header, rows) {
  [...header.cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const upward = heading.getAttribute("aria-sort") !== "ascending";
      for (const other of header.cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", upward ? "ascending" : "descending");
      const compare = compared(column, rows);
      rows.sort((a, b) => (upward ? compare(a, b) : compare(b, a)));
      rows[0].parentNode.append(...rows);
    });
  });
}

function makeSearchable(table, rows, number) {
  const box = document.createElement("p");
  box.className = "search";
  const label = document.createElement("label");
  const field = document.createElement("input");
  const count = document.createElement("span");
  field.type = "search";
  field.id = `search-${number}`;
  label.htmlFor = field.id;
  label.textContent = "Search ";
  count.setAttribute("role", "status");
  box.append(label, field, " ", count);
  table.closest(".wide").before(box);
  field.addEventListener("input", () => {
    const wanted = field.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      shown += !row.hidden;
    }
    count.textContent = wanted ? `${shown} of ${rows.length}` : "";
  });
}

const ENOUGH_TO_SEARCH = 8;

document.querySelectorAll("table.sorts").forEach((table, number) => {
  const [header, ...rows] = table.rows;
  if (rows.length > 1) makeSortable(table, header, rows);
  if (rows.length >= ENOUGH_TO_SEARCH) makeSearchable(table, rows, number);
});

function unfold() {
  const id = decodeURIComponent(location.hash.slice(1));
  let place = id && document.getElementById(id);
  if (place && place.tagName === "DETAILS") place.open = true;
  for (; place; place = place.parentElement) {
    if (place.tagName === "DETAILS") place.open = true;
  }
}

addEventListener("hashchange", unfold);
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
unfold();
document.body.dataset.shown = "yes";

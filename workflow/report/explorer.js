// What goes with the map that Bokeh draws: colours, look-alikes, and a selection to take away.
// Whatever comes from the data is put into the page as text.
"use strict";

const neighbours = JSON.parse(document.getElementById("neighbours").textContent);
const at = (id) => document.getElementById(id);

function card(data, row) {
  const item = document.createElement("li");
  const picture = document.createElement("img");
  const button = document.createElement("button");
  const words = document.createElement("span");
  picture.src = data.picture[row];
  picture.alt = `cutout of ${data.id[row]}`;
  picture.width = picture.height = 72;
  button.type = "button";
  button.textContent = data.id[row];
  button.addEventListener("click", () => select(row));
  words.className = "small";
  words.textContent = (data.p ? `p ${data.p[row].toFixed(3)}, ` : "") + `cluster ${data.cluster[row]}`;
  item.append(picture, button, words);
  return item;
}

let source;
let select = () => {};

function showLookAlikes(row) {
  const data = source.data;
  at("said").textContent = `${data.id[row]} first, then what looks most like it:`;
  at("alike").replaceChildren(...[row, ...neighbours[row]].map((each) => card(data, each)));
}

const MOST_CARDS = 60;

function showSelection(rows) {
  const { data } = source;
  const best = [...rows].sort((a, b) => data.rank[a] - data.rank[b]).slice(0, MOST_CARDS);
  const order = data.p ? "the most probable first" : "unusual ones first";
  at("said").textContent = (best.length < rows.length ? `The first ${best.length} of the selection` : "The selection") + `, ${order}:`;
  at("alike").replaceChildren(...best.map((row) => card(data, row)));
}

function quoted(text) {
  return /[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}

function save() {
  const rows = [...source.selected.indices].sort((a, b) => a - b);
  const text = ["id", ...rows.map((row) => quoted(source.data.id[row]))].join("\n") + "\n";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type: "text/csv"}));
  link.download = "selection.csv";
  link.click();
  URL.revokeObjectURL(link.href);
}

function ready(document_) {
  source = document_.get_model_by_name("objects");
  const points = document_.get_model_by_name("points");
  select = (row) => {
    source.selected.indices = [row];
  };
  source.selected.properties.indices.change.connect(() => {
    const rows = source.selected.indices;
    at("chosen").textContent = rows.length ? `${rows.length} selected` : "nothing is selected";
    if (rows.length === 1) showLookAlikes(rows[0]);
    else if (rows.length) showSelection(rows);
  });
  at("colour").addEventListener("change", (event) => {
    for (const glyph of [points.glyph, points.selection_glyph, points.nonselection_glyph]) {
      glyph.fill_color = {field: event.target.value};
    }
  });
  at("ids").append(...source.data.id.map((id) => new Option("", id)));
  at("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const row = source.data.id.indexOf(at("wanted").value.trim());
    if (row < 0) at("said").textContent = `There is no object ${at("wanted").value} on this page.`;
    else select(row);
  });
  at("save").addEventListener("click", save);
  document.body.dataset.shown = "yes";
}

(function wait() {
  const [first] = window.Bokeh ? Bokeh.documents : [];
  if (first && first.get_model_by_name("objects")) ready(first);
  else requestAnimationFrame(wait);
})();

// The grading page: a mosaic to mark in, one object at a time to grade, a table of both.

const data = JSON.parse(document.getElementById("data").textContent);
const fluxOf = levelFlux(data.encoding);
const byId = (id) => document.getElementById(id);
const PER_PAGE = 48;
const GRADE_KEYS = { A: ["q", "A", "3"], B: ["w", "b", "B", "2"], C: ["e", "c", "C", "1"], X: ["r", "x", "X", "0"] };
const SUB_CLASS_KEYS = ["a", "s", "d", "f", "g", "h", "j"];
const WORDS = { [data.marks.lens]: "lens", [data.marks.interesting]: "interesting", [data.marks.no_lens]: "not a lens" };
const START = { who: "", graded: {}, notes: {}, place: 0, isSingle: false };

const name = `lensflow grade ${data.experiment} ${data.dataset}`;
const store = openStore(name, START, {
  changed: refresh,
  taken() {
    shuffle();
    draw();
  },
  warn: () => say("This browser keeps nothing: save your file before you leave."),
});
const { look, keys: lookKeys, read: readLook } = lookControls(() => images && draw(), "t");

let images = null;
let order = []; // numbers of the objects as this grader sees them

// --- order ----------------------------------------------------------------------------------------

/** Return a source of numbers in [0, 1) that depends on a text alone (FNV-1a, then mulberry32). */
function randomOf(text) {
  let state = 2166136261;
  for (const sign of text) state = Math.imul(state ^ sign.codePointAt(0), 16777619);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Shuffle the objects by the grader's name (Fisher and Yates). */
function shuffle() {
  const random = randomOf(store.state.who.trim().toLowerCase());
  order = data.objects.map((_, number) => number);
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
}

// --- what was said --------------------------------------------------------------------------------

const current = () => data.objects[order[store.state.place]];
const gradeOf = (object) => store.state.graded[object.id];
const isSingle = () => store.state.isSingle;

function give(object, grade, subClass = "") {
  store.change((state) => {
    if (grade) state.graded[object.id] = { grade, sub_class: subClass, when: now() };
    else delete state.graded[object.id];
  });
}

function gradeCurrent(grade, subClass) {
  if (!isSingle() || order.length === 0) return;
  give(current(), grade, subClass);
  step(1);
}

/** The mark that a click in the mosaic gives: lens, worth another look, none. */
function turnMark(object, isShifted) {
  const marks = [undefined, data.marks.lens, data.marks.interesting];
  const old = marks.indexOf(gradeOf(object)?.grade);
  if (isShifted) give(object, old === 2 ? undefined : data.marks.interesting);
  else give(object, marks[(old + 1) % 3]);
}

function gradeRest() {
  const rest = onPage().map((number) => data.objects[number]).filter((object) => !gradeOf(object));
  store.change((state) => rest.forEach(({ id }) => { state.graded[id] = { grade: data.marks.no_lens, sub_class: "", when: now() }; }));
}

// --- moving ---------------------------------------------------------------------------------------

const pageOf = (place) => Math.floor(place / PER_PAGE);
const onPage = () => order.slice(pageOf(store.state.place) * PER_PAGE, (pageOf(store.state.place) + 1) * PER_PAGE);

function goTo(place) {
  const last = Math.max(order.length - 1, 0);
  store.change((state) => { state.place = Math.min(Math.max(place, 0), last); }, true);
  draw();
  if (!isSingle()) document.querySelector(`[data-number="${order[store.state.place]}"]`)?.focus();
}

const step = (by) => goTo(store.state.place + by);
const turnPage = (by) => {
  if (isSingle()) step(by);
  else if (pageOf(store.state.place) + by >= 0 && (pageOf(store.state.place) + by) * PER_PAGE < order.length) {
    goTo((pageOf(store.state.place) + by) * PER_PAGE);
  }
};

function nextUngraded() {
  const places = order.map((_, place) => place).filter((place) => !gradeOf(data.objects[order[place]]));
  const found = places.find((place) => place > store.state.place) ?? places[0];
  if (found === undefined) say("Everything is graded.");
  else goTo(found);
}

function turnMode() {
  store.change((state) => { state.isSingle = !state.isSingle; }, true);
  draw();
}

// --- showing --------------------------------------------------------------------------------------

function draw() {
  byId("mosaic").hidden = isSingle();
  byId("single").hidden = !isSingle();
  if (order.length && isSingle()) drawSingle();
  else if (order.length) drawMosaic();
  refresh();
}

function drawMosaic() {
  const tiles = onPage().map((number) => {
    const object = data.objects[number];
    const [button, canvas] = [make("button", "", { type: "button", class: "tile" }), make("canvas", "", { "aria-hidden": "true" })];
    images.draw(canvas, number, byId("views").value, look);
    button.dataset.number = number;
    button.append(canvas, make("span", "", { class: "mark" }));
    button.addEventListener("click", (event) => turnMark(object, event.shiftKey));
    button.addEventListener("focus", () => store.change((state) => { state.place = order.indexOf(number); }, true));
    return button;
  });
  byId("tiles").replaceChildren(...tiles);
}

function drawSingle() {
  const number = order[store.state.place];
  const figures = images.views.map((view) => {
    const [figure, canvas] = [make("figure"), make("canvas", "", { role: "img", "aria-label": VIEWS[view] })];
    images.draw(canvas, number, view, look);
    figure.append(canvas, make("figcaption", VIEWS[view]));
    return figure;
  });
  byId("large").replaceChildren(...figures);
  byId("links").replaceChildren(...linksTo(current()));
}

/** Links to what other surveys saw at the place of an object, where that is known. */
function linksTo({ ra, dec }) {
  if (ra === undefined) return [];
  const place = encodeURIComponent(`${ra} ${dec}`);
  const links = {
    ESASky: `https://sky.esa.int/esasky/?target=${place}&fov=0.01`,
    "Legacy Survey": `https://www.legacysurvey.org/viewer?ra=${ra}&dec=${dec}&layer=ls-dr10&zoom=16`,
    Aladin: `https://aladin.cds.unistra.fr/AladinLite/?target=${place}&fov=0.01`,
  };
  const parts = Object.entries(links).flatMap(([text, href]) => [make("a", text, { href, target: "_blank", rel: "noreferrer" }), " "]);
  return [`RA ${ra.toFixed(5)}, Dec ${dec.toFixed(5)}: `, ...parts];
}

function refresh() {
  const done = data.objects.filter(gradeOf).length;
  byId("progress").max = Math.max(data.objects.length, 1);
  byId("progress").value = done;
  byId("done").textContent = `${done} of ${data.objects.length} objects graded`;
  byId("mode").setAttribute("aria-pressed", isSingle());
  if (document.activeElement !== byId("who")) byId("who").value = store.state.who;
  byId("page").textContent = `page ${pageOf(store.state.place) + 1} of ${Math.max(pageOf(order.length - 1) + 1, 1)}`;
  document.querySelectorAll(".tile").forEach(refreshTile);
  if (order.length) refreshSingle();
}

function refreshTile(button) {
  const object = data.objects[button.dataset.number];
  const given = gradeOf(object)?.grade;
  const kind = Object.keys(data.marks).find((mark) => data.marks[mark] === given) ?? (given ? "lens" : "");
  const text = given ? `${given}: ${WORDS[given] ?? "lens"}` : "";
  button.className = `tile ${kind}`;
  button.title = object.id;
  button.setAttribute("aria-label", `${object.id}: ${text || "no mark"}`);
  button.querySelector(".mark").textContent = text;
}

function refreshSingle() {
  const object = current();
  const given = gradeOf(object);
  byId("heading").textContent = `${store.state.place + 1} of ${order.length}: ${object.id}`;
  document.querySelectorAll("[data-grade]").forEach((button) => button.setAttribute("aria-pressed", given?.grade === button.dataset.grade));
  document.querySelectorAll("[data-sub]").forEach((button) => button.setAttribute("aria-pressed", given?.sub_class === button.dataset.sub));
  if (document.activeElement !== byId("note")) byId("note").value = store.state.notes[object.id] ?? "";
}

// --- files ----------------------------------------------------------------------------------------

const fileName = () => `grades_${data.dataset}_${store.state.who.trim()}.csv`.replaceAll(/[^\w.-]/g, "_");

function save() {
  if (!store.state.who.trim()) {
    byId("who").focus();
    say("Say who you are first: your name goes into the file.");
    return;
  }
  const rows = order.map((number) => data.objects[number]).filter(gradeOf).map((object) => ({
    id: object.id, dataset: data.dataset, who: store.state.who.trim(), note: store.state.notes[object.id] ?? "", ...gradeOf(object),
  }));
  download(fileName(), formatCsv(GRADE_COLUMNS, rows));
  say(`Saved ${rows.length} grades. Name ${fileName()} under grades of the experiment, then run the workflow again.`);
}

function load(file, text) {
  try {
    const rows = parseCsv(text);
    if (rows.some((row) => !(row.grade in data.grades))) throw new Error("it holds no grades A, B, C or X");
    const known = new Set(data.objects.map(({ id }) => id));
    const own = rows.filter((row) => known.has(row.id));
    if (!own.length) throw new Error("it grades none of the objects of this page");
    store.change((state) => {
      own.forEach((row) => {
        state.graded[row.id] = { grade: row.grade, sub_class: row.sub_class ?? "", when: row.when ?? "" };
        if (row.note) state.notes[row.id] = row.note;
      });
      state.who ||= own[0].who ?? "";
    });
    say(`${file}: ${own.length} grades are read.`);
  } catch (error) {
    say(`${file} cannot be used: ${error.message}.`);
  }
}

// --- keys and buttons -----------------------------------------------------------------------------

const KEYS = [
  ...Object.entries(GRADE_KEYS).map(([grade, keys]) => ({ keys, words: `${grade}: ${data.grades[grade]} (one by one)`, run: () => gradeCurrent(grade) })),
  ...data.sub_classes.map((sub, i) => ({ keys: [SUB_CLASS_KEYS[i]], words: `not a lens but: ${sub.replace("_", "-")}`, run: () => gradeCurrent(data.marks.no_lens, sub) })),
  { keys: ["m"], words: "mosaic, or one by one", run: turnMode },
  { keys: ["n"], words: "next object without a grade", run: nextUngraded },
  { keys: ["ArrowRight"], words: "next object", run: () => step(1) },
  { keys: ["ArrowLeft"], words: "object before", run: () => step(-1) },
  { keys: [".", "PageDown"], words: "next page, or object", run: () => turnPage(1) },
  { keys: [",", "PageUp"], words: "page before, or object", run: () => turnPage(-1) },
  ...lookKeys,
  { keys: ["k"], words: "write a note, then Enter", run: () => isSingle() && byId("note").focus() },
  { keys: ["u"], words: "undo", run: undo },
  { keys: ["y"], words: "save the file", run: save },
  { keys: ["?"], words: "these keys", run: () => byId("keys-dialog").showModal() },
];

function undo() {
  if (store.undo()) draw();
  else say("There is nothing to undo.");
}

function gradeButton(text, key, attribute, value, run) {
  const button = make("button", `${text} `, { type: "button", [attribute]: value });
  button.append(make("kbd", key));
  button.addEventListener("click", run);
  return button;
}

async function start() {
  byId("export").querySelector("kbd").textContent = "y";
  byId("grades").append(...Object.entries(data.grades).map(([grade, words]) =>
    gradeButton(`${grade}: ${words}`, GRADE_KEYS[grade][0], "data-grade", grade, () => gradeCurrent(grade))));
  byId("sub-classes").append(...data.sub_classes.map((sub, i) =>
    gradeButton(sub.replace("_", "-"), SUB_CLASS_KEYS[i], "data-sub", sub, () => gradeCurrent(data.marks.no_lens, sub))));
  const clicks = { mode: turnMode, undo, rest: gradeRest, before: () => turnPage(-1), after: () => turnPage(1), export: save };
  Object.entries(clicks).forEach(([id, run]) => byId(id).addEventListener("click", run));
  byId("help").addEventListener("click", () => byId("keys-dialog").showModal());
  byId("keys-close").addEventListener("click", () => byId("keys-dialog").close());
  byId("who").addEventListener("change", () => {
    store.change((state) => { state.who = byId("who").value; state.place = 0; }, true);
    shuffle();
    draw();
  });
  byId("note").addEventListener("input", () => store.change((state) => { state.notes[current().id] = byId("note").value; }, true));
  onFiles(byId("load"), load);
  bindKeys(KEYS);
  if (data.images) images = await openImages(data.images, fluxOf);
  byId("views").append(...(images?.views ?? []).map((view) => make("option", VIEWS[view], { value: view })));
  byId("views").addEventListener("change", draw);
  shuffle();
  readLook();
  draw();
  document.body.dataset.shown = "all";
}

start();

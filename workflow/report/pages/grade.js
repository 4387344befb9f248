// The grading page: a mosaic to mark in, one object at a time to grade, a table of both.

const data = JSON.parse(document.getElementById("data").textContent);
const fluxOf = levelFlux(data.encoding);
const byId = (id) => document.getElementById(id);
const PER_PAGE = 48;
const GRADE_KEYS = { A: ["q", "A", "3"], B: ["w", "b", "B", "2"], C: ["e", "c", "C", "1"], X: ["r", "x", "X", "0"] };
const SUB_CLASS_KEYS = ["a", "s", "d", "f", "g", "h", "j"];
const PAGE_KEYS = { d: -1, f: 1 }; // in the mosaic, where no sub-classes are given
const WORDS = { [data.marks.lens]: "lens", [data.marks.interesting]: "interesting", [data.marks.no_lens]: "not a lens" };
const START = { graded: {}, notes: {}, place: 0, isSingle: false };

const name = `lensflow grade ${data.experiment} ${data.dataset} ${data.images_hash.slice(0, 16)}`;
const store = openStore(name, START, {
  count: ({ graded }) => Object.keys(graded).length,
  lasting: ["notes", "isSingle"],
  changed: refresh,
  taken: reshuffle,
  kept: showKept,
});
const { look, keys: lookKeys, read: readLook } = lookControls(data.colours, () => images && draw(), "t");

let images = null;
let order = []; // numbers of the objects as this grader sees them
let drawnPage = -1; // of the mosaic

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
  const random = randomOf(keyOf(store.who));
  order = data.objects.map((_, number) => number);
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
}

function reshuffle() {
  shuffle();
  draw();
}

// --- what was said --------------------------------------------------------------------------------

const place = () => Math.max(Math.min(store.state.place, order.length - 1), 0);
const current = () => data.objects[order[place()]];
const gradeOf = (object) => store.state.graded[object.id];
const isSingle = () => store.state.isSingle;

function give(object, grade, subClass = "") {
  store.change((state) => {
    if (grade) state.graded[object.id] = { grade, sub_class: subClass, when: now() };
    else delete state.graded[object.id];
  });
}

function gradeCurrent(grade, subClass) {
  if (order.length === 0) return;
  give(current(), grade, subClass);
  step(1);
}

/** Mark an object in the mosaic, or take the same mark away. */
function turnMark(object, isShifted) {
  const mark = isShifted ? data.marks.interesting : data.marks.lens;
  give(object, gradeOf(object)?.grade === mark ? undefined : mark);
}

/** Grade what bears no mark on a page, and go on. */
function finishPage() {
  if (isSingle()) return;
  const rest = onPage().map((number) => data.objects[number]).filter((object) => !gradeOf(object));
  store.change((state) => rest.forEach(({ id }) => { state.graded[id] = { grade: data.marks.no_lens, sub_class: "", when: now() }; }));
  turnPage(1);
}

// --- moving ---------------------------------------------------------------------------------------

const pageOf = (at) => Math.floor(at / PER_PAGE);
const onPage = () => order.slice(pageOf(place()) * PER_PAGE, (pageOf(place()) + 1) * PER_PAGE);
const tiles = () => [...document.querySelectorAll(".tile")];

function goTo(at) {
  store.change((state) => { state.place = Math.min(Math.max(at, 0), Math.max(order.length - 1, 0)); }, true);
  if (isSingle() || pageOf(place()) !== drawnPage) draw();
  if (!isSingle()) document.querySelector(`[data-number="${order[place()]}"]`)?.focus();
}

const step = (by) => goTo(place() + by);
const stepRow = (by) => step(isSingle() ? 0 : by * rowLength(tiles()));
const turnPage = (by) => {
  if (isSingle()) step(by);
  else if (pageOf(place()) + by >= 0 && (pageOf(place()) + by) * PER_PAGE < order.length) {
    goTo((pageOf(place()) + by) * PER_PAGE);
  }
};

/** Go to an object by its identifier, or by its number in this grader's order. */
function goToNamed() {
  const wanted = byId("wanted").value.trim();
  const byName = order.findIndex((number) => data.objects[number].id === wanted);
  const number = Number(wanted) - 1;
  if (byName >= 0) goTo(byName);
  else if (wanted && number in order) goTo(number);
  else say(`There is no object ${wanted} here: give an id, or a number up to ${order.length}.`);
}

function nextUngraded() {
  const places = order.map((_, at) => at).filter((at) => !gradeOf(data.objects[order[at]]));
  const found = places.find((at) => at > place()) ?? places[0];
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
    const comeHere = () => store.change((state) => { state.place = order.indexOf(number); }, true);
    button.addEventListener("click", (event) => {
      comeHere(); // not every browser moves the focus to what is clicked
      turnMark(object, event.shiftKey);
    });
    button.addEventListener("focus", comeHere);
    return button;
  });
  byId("tiles").replaceChildren(...tiles);
  drawnPage = pageOf(place());
}

function drawSingle() {
  const number = order[place()];
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
function linksTo({ place: where, links }) {
  if (!links) return [];
  return [`${where}: `, ...links.flatMap(([text, href]) => [make("a", text, { href, target: "_blank", rel: "noreferrer" }), " "])];
}

function refresh() {
  const done = data.objects.filter(gradeOf).length;
  byId("progress").max = Math.max(data.objects.length, 1);
  byId("progress").value = done;
  byId("done").textContent = `${done} of ${data.objects.length} objects graded`;
  byId("mode").setAttribute("aria-pressed", isSingle());
  refreshWho(store);
  const unit = isSingle() ? "object" : "page";
  byId("page").textContent = isSingle() ? "" : `page ${pageOf(place()) + 1} of ${Math.max(pageOf(order.length - 1) + 1, 1)}`;
  byId("before").querySelector("span").textContent = `${unit} before`;
  byId("after").querySelector("span").textContent = `next ${unit}`;
  byId("rest").hidden = isSingle();
  tiles().forEach(refreshTile);
  if (order.length) refreshSingle();
}

function refreshTile(button) {
  const object = data.objects[button.dataset.number];
  const given = gradeOf(object)?.grade;
  const kind = Object.keys(data.marks).find((mark) => data.marks[mark] === given) ?? (given ? "lens" : "");
  const text = given ? `${given}: ${WORDS[given] ?? "lens"}` : "";
  button.className = `tile ${kind}`;
  button.toggleAttribute("data-current", object === current());
  button.title = object.id;
  button.setAttribute("aria-label", `${object.id}: ${text || "no mark"}`);
  button.querySelector(".mark").textContent = text;
}

function refreshSingle() {
  const object = current();
  const given = gradeOf(object);
  byId("heading").textContent = `${place() + 1} of ${order.length}: ${object.id}`;
  document.querySelectorAll("[data-grade]").forEach((button) => button.setAttribute("aria-pressed", given?.grade === button.dataset.grade));
  document.querySelectorAll("[data-sub]").forEach((button) => button.setAttribute("aria-pressed", given?.sub_class === button.dataset.sub));
  if (document.activeElement !== byId("note")) byId("note").value = store.state.notes[object.id] ?? "";
}

// --- files ----------------------------------------------------------------------------------------

const fileName = () => `grades_${data.dataset}_${inFileName(store.who)}.csv`;

/** Return what this grader said: of the objects in order, then of those that are no longer here. */
function gradeRows() {
  const here = order.map((number) => data.objects[number].id);
  const ids = new Set([...here.filter((id) => store.state.graded[id]), ...Object.keys(store.state.graded)]);
  return [...ids].map((id) => ({
    id, dataset: data.dataset, who: store.who, note: store.state.notes[id] ?? "", ...store.state.graded[id],
  }));
}

function save() {
  if (!hasName(store)) return;
  const rows = gradeRows();
  if (!rows.length) {
    say("Nothing is graded yet.");
    return;
  }
  download(fileName(), formatCsv(GRADE_COLUMNS, rows));
  say(`Saved ${rows.length} grades. Put ${fileName()} into the folder of config.yaml, name it under grades of the experiment, and run the same command again.`);
}

/** Take what a saved file says, of objects that have left the page too; return what was taken. */
function load(rows) {
  if (!rows.length || rows.some(({ grade }) => !Object.hasOwn(data.grades, grade))) throw new Error("it holds no grades A, B, C or X alone");
  const own = rows.filter((row) => ["", data.dataset].includes(row.dataset ?? ""));
  const here = new Set(data.objects.map(({ id }) => id));
  if (!own.some(({ id }) => here.has(id))) throw new Error("it grades none of the objects of this page");
  const who = ownerOf(own) || store.who;
  if (keyOf(who) !== keyOf(store.who)) store.become(who);
  store.change((state) => own.forEach(({ id, grade, sub_class, when, note }) => {
    state.graded[id] = { grade, sub_class: sub_class ?? "", when: when ?? "" };
    if (note) state.notes[id] = note;
  }));
  reshuffle();
  return `${own.length} grades are read`;
}

// --- keys and buttons -----------------------------------------------------------------------------

const forSubClass = (sub, key) => ({
  keys: [key],
  words: `not a lens but: ${inWords(sub)}${key in PAGE_KEYS ? `; in the mosaic: ${PAGE_KEYS[key] < 0 ? "page before" : "next page"}` : ""}`,
  run() {
    if (isSingle()) gradeCurrent(data.marks.no_lens, sub);
    else if (key in PAGE_KEYS) turnPage(PAGE_KEYS[key]);
  },
});

const inWords = (sub) => sub.replace("_", "-");

const KEYS = [
  ...Object.entries(GRADE_KEYS).map(([grade, keys]) => ({ keys, words: `${grade}: ${data.grades[grade]}`, run: () => gradeCurrent(grade) })),
  ...data.sub_classes.map((sub, i) => forSubClass(sub, SUB_CLASS_KEYS[i])),
  { keys: ["Backspace"], words: "take the grade away", run: () => order.length && give(current()) },
  { keys: ["m"], words: "mosaic, or one by one", run: turnMode },
  { keys: ["n"], words: "next object without a grade", run: nextUngraded },
  { keys: ["ArrowRight"], words: "next object", run: () => step(1) },
  { keys: ["ArrowLeft"], words: "object before", run: () => step(-1) },
  { keys: ["ArrowDown"], words: "object below", run: () => stepRow(1) },
  { keys: ["ArrowUp"], words: "object above", run: () => stepRow(-1) },
  { keys: [".", "PageDown"], words: "next page, or object", run: () => turnPage(1) },
  { keys: [",", "PageUp"], words: "page before, or object", run: () => turnPage(-1) },
  { keys: ["p"], words: "the rest of this page: not lenses; next page", run: finishPage },
  { keys: ["/"], words: "go to an id or a number: type it, then Enter", run: () => byId("wanted").select() },
  { keys: ["v"], words: "next kind of image in the mosaic", run: () => next(byId("views"), draw) },
  ...lookKeys,
  { keys: ["k"], words: "write a note, then Enter", run: () => isSingle() && byId("note").focus() },
  { keys: ["u"], words: "undo", run: undo },
  { keys: ["y"], words: "save the file", run: save },
  { keys: ["?"], words: "these keys", run: showKeys },
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
    gradeButton(inWords(sub), SUB_CLASS_KEYS[i], "data-sub", sub, () => gradeCurrent(data.marks.no_lens, sub))));
  bindClicks({ mode: turnMode, ungraded: nextUngraded, undo, rest: finishPage, before: () => turnPage(-1), after: () => turnPage(1), export: save });
  bindWho(store, reshuffle);
  byId("wanted").addEventListener("change", goToNamed);
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

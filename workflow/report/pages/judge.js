// The judging page: a verdict on each cluster, marks on single members, tables of both.

const data = JSON.parse(document.getElementById("data").textContent);
const fluxOf = levelFlux(data.encoding);
const byId = (id) => document.getElementById(id);
const MARKS = { lens: "lens", no_lens: "not a lens" };
const LABEL_COLUMNS = [
  "cluster", "probability", "non_lens_probability", "n_members", "n_inspected", "n_lenses", "who", "when", "note", "mixture_hash",
];
const UNDECIDED = 0.5; // what an empty cluster gets: nobody can look at it
const START = { position: 0, judged: {}, marks: {}, notes: {}, more: {}, goOn: true };
// Sheets that show something; those that a person is asked to judge come first, others follow them.
const filled = data.sheets.map((sheet, number) => number).filter((number) => data.sheets[number].n_members > 0);
const asked = filled.filter((number) => !data.sheets[number].follows);
const following = filled.filter((number) => data.sheets[number].follows);
const FOLLOWS = `from the verdicts on ${data.models[0].name}`;

const name = `lensflow judge ${data.models.map((model) => model.hash.slice(0, 16)).join(" ")}`;
const store = openStore(name, START, {
  count: ({ judged, marks }) => Object.keys(judged).length + Object.keys(marks).length,
  lasting: ["notes", "more", "goOn"],
  changed: refresh,
  taken: openSheet,
  kept: showKept,
});
const { look, keys: lookKeys, read: readLook } = lookControls(data.colours, () => images && drawAll());

let images = null; // of the cluster on show
let cursor = 0; // the member that keys act on, a place in tiles()

// --- what was said --------------------------------------------------------------------------------

const sheetAt = (number) => data.sheets[number];
/** The sheet on show: there are none of empty clusters. */
const position = () => (filled.includes(store.state.position) ? store.state.position : filled[0]);

/** The random members on show: what counts as inspected. */
function inspected(number) {
  const { random } = sheetAt(number);
  return store.state.more[number] ? random : random.slice(0, data.n_inspected);
}

const markOf = (number, member) => store.state.marks[sheetAt(number).ids[member]]?.kind;
const isLens = (number, member) => markOf(number, member) === "lens";

/** The verdict on a cluster: counted ones are those of the marks, unsaid ones follow from others. */
function verdict(number) {
  const judged = store.state.judged[number];
  if (!judged) return followed(number);
  if (!judged.counted) return judged;
  const seen = sheetAt(number).random.slice(0, judged.n_inspected);
  const n_lenses = seen.filter((member) => isLens(number, member)).length;
  return { ...judged, n_lenses, probability: n_lenses / judged.n_inspected };
}

/** The mean of what is said of a cluster's members, where each is in a cluster that is judged. */
function followed(number) {
  const parts = (sheetAt(number).follows ?? []).map(([other, share]) => [store.state.judged[other] && verdict(other), share]);
  if (!parts.length || parts.some(([judged]) => !judged)) return undefined;
  const probability = parts.reduce((sum, [judged, share]) => sum + share * judged.probability, 0);
  const when = parts.map(([judged]) => judged.when).sort().at(-1);
  return { probability: Math.min(probability, 1), isFollowed: true, n_inspected: 0, when };
}

function judge(values) {
  const number = position();
  store.change((state) => {
    state.judged[number] = { n_inspected: inspected(number).length, when: now(), ...values };
  });
  if (!store.state.goOn) return;
  if (asked.every((other) => store.state.judged[other])) say("All is judged: save the file.");
  goTo(nextUndecided());
}

function judgeValue() {
  const value = Number(byId("value").value);
  if (byId("value").value !== "" && value >= 0 && value <= 1) judge({ probability: value });
  else {
    say("A probability lies between 0 and 1.");
    showValue();
  }
}

function countMarks() {
  const number = position();
  const marked = inspected(number).filter((member) => isLens(number, member)).length;
  say(`Cluster ${label(number)}: ${marked} lenses of ${inspected(number).length}; what bears no mark counts as not a lens.`);
  judge({ counted: true });
}

function mark(member, kind) {
  const id = sheetAt(position()).ids[member];
  store.change((state) => {
    if (kind) state.marks[id] = { kind, when: now() };
    else delete state.marks[id];
  });
}

/** The mark that a click gives: lens, then not a lens, then none. */
function turnMark(member) {
  const kinds = [undefined, "lens", "no_lens"];
  mark(member, kinds[(kinds.indexOf(markOf(position(), member)) + 1) % 3]);
}

// --- moving ---------------------------------------------------------------------------------------

/** The name of a sheet: its cluster, with the number of its model where there are several. */
function label(number) {
  const [{ model, cluster }] = sheetAt(number).clusters;
  return data.models.length > 1 ? `${model}:${cluster}` : String(cluster);
}

function nextUndecided() {
  const later = [...asked.filter((number) => number > position()), ...asked];
  return later.find((number) => !store.state.judged[number]) ?? position();
}

function step(by) {
  const place = filled.indexOf(position()) + by;
  goTo(filled[(place + filled.length) % filled.length]);
}

async function goTo(number) {
  if (number !== position() || !images) {
    store.change((state) => { state.position = number; }, true);
    await openSheet();
  }
}

async function openSheet() {
  const number = position();
  const opened = await openImages(sheetAt(number), fluxOf);
  if (number !== position()) return; // the person went on meanwhile
  images = opened;
  cursor = 0;
  byId("zoom").close();
  showMembers();
  refresh();
  scrollTo({ top: 0 });
  document.body.dataset.shown = number;
}

// --- showing --------------------------------------------------------------------------------------

const tiles = () => [...document.querySelectorAll(".tile")];

function shownViews() {
  const wanted = byId("views").value;
  return wanted === "all" ? images.views : [wanted];
}

function showMembers() {
  const sheet = sheetAt(position());
  const groups = { random: inspected(position()), typical: sheet.typical, uncertain: sheet.uncertain };
  Object.entries(groups).forEach(([group, members]) => byId(group).replaceChildren(...members.map(tile)));
  byId("more").hidden = store.state.more[position()] || sheet.random.length <= data.n_inspected;
  drawAll();
}

function tile(member) {
  const button = make("button", "", { type: "button", class: "tile" });
  button.dataset.member = member;
  button.addEventListener("click", () => turnMark(member));
  button.addEventListener("focus", () => { cursor = tiles().indexOf(button); });
  return button;
}

function drawAll() {
  tiles().forEach((button) => {
    const canvases = shownViews().map((view) => {
      const canvas = make("canvas", "", { "aria-hidden": "true" });
      images.draw(canvas, Number(button.dataset.member), view, look);
      return canvas;
    });
    button.replaceChildren(...canvases, make("span", "", { class: "mark" }));
  });
  drawMean(sheetAt(position()));
  refreshMarks();
  if (byId("zoom").open) zoom();
}

function drawMean(sheet) {
  const sum = new Float32Array(sheet.side ** 2);
  sheet.random.forEach((member) => images.flux(member).forEach((flux, pixel) => { sum[pixel] += flux / sheet.random.length; }));
  drawFlux(byId("mean"), sum, sheet.side, look);
}

function refreshMarks() {
  const { ids } = sheetAt(position());
  tiles().forEach((button) => {
    const id = ids[button.dataset.member];
    const kind = store.state.marks[id]?.kind;
    button.className = `tile ${kind ?? ""}`;
    button.setAttribute("aria-label", `${id}: ${MARKS[kind] ?? "no mark"}`);
    button.title = id;
    button.querySelector(".mark").textContent = MARKS[kind] ?? "";
  });
}

function refresh() {
  const number = position();
  const sheet = sheetAt(number);
  const done = asked.filter((other) => store.state.judged[other]).length;
  byId("progress").max = asked.length;
  byId("progress").value = done;
  byId("done").textContent = `${done} of ${asked.length} clusters judged`;
  byId("heading").textContent = `Cluster ${label(number)}`;
  byId("facts").textContent = factsOf(sheet);
  byId("random-title").textContent = `${inspected(number).length} members drawn at random`;
  refreshVerdict(number);
  refreshOverview();
  refreshNearest(sheet);
  refreshWho(store);
  if (document.activeElement !== byId("note")) byId("note").value = store.state.notes[number] ?? "";
  if (images) refreshMarks();
  if (byId("zoom").open) zoom();
}

function factsOf(sheet) {
  const size = `${sheet.n_members.toLocaleString("en")} members.`;
  const others = sheet.clusters.slice(1).map((c) => `cluster ${c.cluster} of ${data.models[c.model].name} (${c.overlap.toFixed(2)})`);
  const shared = others.length ? ` This verdict also counts for ${others.join(", ")}: the share of common members is in brackets.` : "";
  const own = data.models.length > 1 ? ` Shown: ${data.models[sheet.clusters[0].model].name}.` : "";
  const follows = sheet.follows ? " It need not be judged: without a verdict of its own it gets the mean of those on its members." : "";
  return size + own + shared + follows + (sheet.truth ? ` ${sheet.truth}.` : "");
}

function words(judged) {
  if (!judged) return "not judged yet";
  const counted = judged.n_lenses === undefined ? "" : `, ${judged.n_lenses} lenses of ${judged.n_inspected}`;
  return `p = ${Number(judged.probability.toFixed(3))}${counted}${judged.isFollowed ? `, ${FOLLOWS}` : ""}`;
}

function refreshVerdict(number) {
  const judged = verdict(number);
  byId("verdict").textContent = words(judged);
  if (document.activeElement !== byId("value")) showValue();
  document.querySelectorAll("[data-verdict]").forEach((button) => {
    const pressed = judged && !judged.counted && !judged.isFollowed && judged.probability === Number(button.dataset.verdict);
    button.setAttribute("aria-pressed", Boolean(pressed));
  });
  byId("count").setAttribute("aria-pressed", Boolean(judged?.counted));
}

function showValue() {
  const judged = verdict(position());
  byId("value").value = judged ? Number(judged.probability.toFixed(3)) : "";
}

function refreshOverview() {
  byId("overview").replaceChildren(...asked.map(overviewButton));
  byId("followers").replaceChildren(...following.map(overviewButton));
}

function overviewButton(number) {
  const judged = verdict(number);
  const said = judged ? Number(judged.probability.toFixed(2)) : "?";
  const button = make("button", `${label(number)} → ${said}`, { type: "button" });
  button.setAttribute("aria-label", `cluster ${label(number)}, ${words(judged)}`);
  button.setAttribute("aria-current", number === position());
  button.addEventListener("click", () => goTo(number));
  return button;
}

function refreshNearest(sheet) {
  const buttons = sheet.nearest.map((number) => {
    const button = make("button", `${label(number)} (${words(verdict(number))})`, { type: "button" });
    button.addEventListener("click", () => goTo(number));
    return button;
  });
  byId("nearest").replaceChildren(make("span", buttons.length ? "Nearest clusters:" : ""), ...buttons);
}

// --- zoom -----------------------------------------------------------------------------------------

function zoom() {
  const member = Number(tiles()[cursor].dataset.member);
  const kind = MARKS[markOf(position(), member)];
  byId("zoom-title").textContent = sheetAt(position()).ids[member] + (kind ? `: ${kind}` : "");
  const figures = images.views.map((view) => {
    const [figure, canvas] = [make("figure"), make("canvas", "", { role: "img", "aria-label": VIEWS[view] })];
    images.draw(canvas, member, view, look);
    figure.append(canvas, make("figcaption", VIEWS[view]));
    return figure;
  });
  byId("zoom-views").replaceChildren(...figures);
  if (!byId("zoom").open) byId("zoom").showModal();
}

function moveCursor(by) {
  const all = tiles();
  cursor = Math.min(Math.max(cursor + by, 0), all.length - 1);
  if (byId("zoom").open) zoom();
  else all[cursor].focus();
}

const atCursor = (act) => () => act(Number(tiles()[cursor].dataset.member));

// --- files ----------------------------------------------------------------------------------------

/** Return the rows of the table of one model: one a cluster. */
function labelRows(model) {
  const { hash, n_members } = data.models[model];
  const rows = n_members.map((count, cluster) => ({
    cluster, n_members: count, mixture_hash: hash, who: store.who, n_inspected: 0,
    ...(count === 0 && { probability: UNDECIDED, note: "no members" }),
  }));
  filled.forEach((number) => {
    sheetAt(number).clusters.forEach((match, place) => {
      if (match.model === model) Object.assign(rows[match.cluster], labelRow(number, place));
    });
  });
  return rows;
}

/** What the verdict on a sheet says of the first of its clusters, or of one that shares its members. */
function labelRow(number, place) {
  const judged = verdict(number);
  const note = store.state.notes[number] ?? "";
  if (!judged) return { note };
  const founder = sheetAt(number).clusters[0];
  const { n_inspected, when, non_lens_probability } = judged;
  const own = { ...said(judged), non_lens_probability, n_inspected, when };
  const judgedWith = place > 0 && `judged with cluster ${founder.cluster} of ${data.models[founder.model].name}`;
  const counts = place > 0 ? sharedCounts(number, place, judged) : {};
  return { ...own, ...counts, note: [note, judgedWith, judged.isFollowed && FOLLOWS].filter(Boolean).join("; ") };
}

/** A probability, or the lenses that it was counted from: the workflow takes one of the two. */
function said({ probability, n_lenses }) {
  return n_lenses === undefined ? { probability } : { probability: undefined, n_lenses };
}

/** What was inspected of a cluster that shares members with the one that was judged. */
function sharedCounts(number, place, judged) {
  const seen = sheetAt(number).random.slice(0, judged.n_inspected).filter((member) => sheetAt(number).shared[place - 1][member]);
  const n_inspected = seen.length;
  if (!judged.counted || n_inspected === 0) return { probability: judged.probability, n_lenses: undefined, n_inspected };
  return { n_lenses: seen.filter((member) => isLens(number, member)).length, n_inspected };
}

/** Return the table as CSV; only one with counts has a column of lenses. */
function labelTable(rows) {
  const isCounted = rows.some((row) => row.n_lenses !== undefined);
  return formatCsv(isCounted ? LABEL_COLUMNS : LABEL_COLUMNS.filter((column) => column !== "n_lenses"), rows);
}

/** Return the rows of each file that the workflow looks for: of one model, or of several together. */
function tablesByPath() {
  const isFirst = ({ hash, table }, number) => data.models.findIndex((other) => other.hash === hash && other.table === table) === number;
  const tables = new Map();
  data.models.forEach((model, number) => {
    if (isFirst(model, number)) tables.set(model.table, [...(tables.get(model.table) ?? []), ...labelRows(number)]);
  });
  return tables;
}

function markRows() {
  return Object.entries(store.state.marks).map(([id, { kind, when }]) => ({
    id, dataset: data.dataset, grade: data.grades[kind], who: store.who, when, note: "marked while judging clusters",
  }));
}

function save() {
  if (!hasName(store)) return;
  const files = [...tablesByPath()].map(([path, rows]) => [path, path.replaceAll("/", "_"), labelTable(rows)]);
  files.forEach(([, file, text]) => download(file, text));
  const marks = markRows();
  const markFile = `marks_${data.dataset}_${inFileName(store.who)}.csv`;
  if (marks.length) download(markFile, formatCsv(GRADE_COLUMNS, marks));
  say([nextStep(files), marks.length ? `Marks of single members are in ${markFile}: name it under grades of the experiment, if they are to count.` : ""].join(" "));
}

/** Say what is missing, or where the saved files belong. */
function nextStep(files) {
  const missing = asked.filter((number) => !store.state.judged[number]).length;
  if (missing) return `Saved, but ${missing} clusters are not judged yet: the workflow will ask for them.`;
  const moves = files.map(([path, file]) => (path === file ? file : `${file} as ${path}`));
  return `Saved. Put ${moves.join(", ")} into the folder of config.yaml and run the same command again.`;
}

/** Take what a saved file says; return what was taken. */
function load(rows) {
  if (!rows.length) throw new Error("it has no rows");
  if (!("mixture_hash" in rows[0] || "grade" in rows[0])) throw new Error("it has neither a column mixture_hash nor grade");
  const take = "grade" in rows[0] ? takeMarks(rows) : takeLabels(rows);
  const who = ownerOf(rows) || store.who;
  if (keyOf(who) !== keyOf(store.who)) store.become(who);
  const count = take();
  openSheet();
  return count;
}

function takeMarks(rows) {
  const kinds = new Map(Object.entries(data.grades).map(([kind, grade]) => [grade, kind]));
  const own = rows.filter((row) => kinds.has(row.grade) && ["", data.dataset].includes(row.dataset ?? ""));
  if (!own.length) throw new Error(`it marks no member of ${data.dataset} as ${[...kinds.keys()].join(" or ")}`);
  return () => {
    store.change((state) => own.forEach(({ id, grade, when }) => { state.marks[id] = { kind: kinds.get(grade), when: when ?? "" }; }));
    return `${own.length} marks are read`;
  };
}

function takeLabels(rows) {
  const places = new Map(filled.map((number) => {
    const [{ model, cluster }] = sheetAt(number).clusters;
    return [`${data.models[model].hash} ${cluster}`, number];
  }));
  if (!rows.some((row) => data.models.some(({ hash }) => hash === row.mixture_hash))) throw new Error("it judges other clusters than those of this page");
  const found = rows.map((row) => ({ row, number: places.get(`${row.mixture_hash} ${Number(row.cluster)}`) })).filter(({ number }) => number !== undefined);
  const said = found.filter(({ row }) => !(row.note ?? "").endsWith(FOLLOWS));
  const verdicts = said.map(({ row, number }) => ({ number, judged: readVerdict(row), note: row.note ?? "" }));
  return () => {
    store.change((state) => verdicts.forEach(({ number, judged, note }) => {
      if (judged) state.judged[number] = judged;
      state.notes[number] = note;
    }));
    return `${verdicts.filter(({ judged }) => judged).length} judgements are read`;
  };
}

function readVerdict({ cluster, probability, non_lens_probability, n_lenses, n_inspected, when }) {
  const number = (name, text, most) => {
    const value = Number(text);
    if (text === "" || !(value >= 0 && value <= most)) throw new Error(`${name} of cluster ${cluster} is ${text || "empty"}, from 0 to ${most} was expected`);
    return value;
  };
  const rest = { n_inspected: Number(n_inspected) || 0, when: when ?? "" };
  if (probability) {
    if (non_lens_probability) rest.non_lens_probability = number("non_lens_probability", non_lens_probability, 1);
    return { probability: number("probability", probability, 1), ...rest };
  }
  if (!n_lenses) return null;
  const seen = number("n_inspected", n_inspected, Number.MAX_SAFE_INTEGER);
  const lenses = number("n_lenses", n_lenses, seen);
  return { probability: seen ? lenses / seen : UNDECIDED, n_lenses: lenses, ...rest };
}

// --- keys and buttons -----------------------------------------------------------------------------

const KEYS = [
  { keys: ["0"], words: "this cluster: no lenses", run: () => judge({ probability: 0 }) },
  { keys: ["1"], words: "uncertain: p = 0.5", run: () => judge({ probability: 0.5 }) },
  { keys: ["2"], words: "lenses: p = 1", run: () => judge({ probability: 1 }) },
  { keys: ["p"], words: "any p between 0 and 1: type it, then Enter", run: () => byId("value").select() },
  { keys: ["c"], words: "p = lenses that you marked among the random members", run: countMarks },
  { keys: ["n"], words: "next cluster that is not judged", run: () => goTo(nextUndecided()) },
  { keys: [".", "PageDown"], words: "next cluster", run: () => step(1) },
  { keys: [",", "PageUp"], words: "cluster before", run: () => step(-1) },
  { keys: ["g"], words: "go on by itself after a verdict, or stay", run: turnGoOn },
  { keys: ["ArrowRight"], words: "next member", run: () => moveCursor(1) },
  { keys: ["ArrowLeft"], words: "member before", run: () => moveCursor(-1) },
  { keys: ["ArrowDown"], words: "member below", run: () => moveCursor(rowLength(tiles())) },
  { keys: ["ArrowUp"], words: "member above", run: () => moveCursor(-rowLength(tiles())) },
  { keys: ["l"], words: "this member is a lens", run: atCursor((member) => mark(member, "lens")) },
  { keys: ["x"], words: "this member is not a lens", run: atCursor((member) => mark(member, "no_lens")) },
  { keys: ["Backspace"], words: "take its mark away", run: atCursor((member) => mark(member)) },
  { keys: ["z"], words: "look at this member closely", run: zoom },
  { keys: ["m"], words: "more random members", run: showMore },
  { keys: ["v"], words: "next view: side by side, or one kind of image", run: () => next(byId("views"), drawAll) },
  ...lookKeys,
  { keys: ["t"], words: "write a note on this cluster, then Enter", run: () => byId("note").focus() },
  { keys: ["u"], words: "undo", run: undo },
  { keys: ["e"], words: "save files", run: save },
  { keys: ["?"], words: "these keys", run: showKeys },
];

function turnGoOn() {
  store.change((state) => { state.goOn = !state.goOn; }, true);
  say(store.state.goOn ? "Goes on after a verdict." : "Stays after a verdict.");
}

function showMore() {
  if (byId("more").hidden) return;
  store.change((state) => { state.more[position()] = true; }, true);
  showMembers();
  refresh();
}

async function undo() {
  const before = position();
  if (!store.undo()) say("There is nothing to undo.");
  else if (position() !== before) await openSheet();
}

function start() {
  const views = Object.keys(VIEWS).filter((view) => data.sheets.some((sheet) => view in sheet));
  byId("views").append(...views.map((view) => make("option", VIEWS[view], { value: view })));
  byId("views").addEventListener("change", drawAll);
  byId("others").hidden = following.length === 0;
  byId("others").querySelector("summary").textContent = `${following.length} clusters of the other runs follow: each gets the mean of what is said of its members`;
  if (isNarrow) byId("views").value = "raw";
  document.querySelectorAll("[data-verdict]").forEach((button) => {
    button.addEventListener("click", () => judge({ probability: Number(button.dataset.verdict) }));
  });
  bindClicks({ count: countMarks, next: () => goTo(nextUndecided()), undo, more: showMore, export: save, "zoom-close": () => byId("zoom").close() });
  byId("value").addEventListener("change", judgeValue);
  bindWho(store, openSheet);
  byId("note").addEventListener("input", () => store.change((state) => { state.notes[position()] = byId("note").value; }, true));
  onFiles(byId("load"), load);
  bindKeys(KEYS);
  readLook();
  openSheet();
}

start();

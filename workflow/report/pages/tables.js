// Tables: CSV in and out of the page.

/** Return the rows of a CSV text, each an object by column. Raises what cannot be read. */
function parseCsv(text) {
  const lines = [[""]];
  let quoted = false;
  const signs = text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  for (let i = 0; i < signs.length; i += 1) {
    const line = lines.at(-1);
    if (quoted && signs[i] === '"' && signs[i + 1] === '"') line[line.length - 1] += signs[(i += 1)];
    else if (signs[i] === '"') quoted = !quoted;
    else if (signs[i] === "," && !quoted) line.push("");
    else if (signs[i] === "\n" && !quoted) lines.push([""]);
    else line[line.length - 1] += signs[i];
  }
  const [header, ...rows] = lines.filter((line) => line.length > 1 || line[0] !== "");
  if (!header) throw new Error("the file is empty");
  const wrong = rows.findIndex((row) => row.length !== header.length);
  if (wrong >= 0) throw new Error(`row ${wrong + 2} has ${rows[wrong].length} cells, ${header.length} were expected`);
  return rows.map((row) => Object.fromEntries(header.map((name, i) => [name.trim(), row[i]])));
}

/** Return a CSV text of rows, objects by column. */
function formatCsv(columns, rows) {
  const cell = (value) => (/[",\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const line = (values) => `${values.map((value) => cell(String(value ?? "")).replaceAll("\n", " ")).join(",")}\n`;
  return line(columns) + rows.map((row) => line(columns.map((name) => row[name]))).join("");
}

/** Offer a text as a file to save. */
function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}

/** Call back with name and text of each file that is chosen. */
function onFiles(input, read) {
  input.addEventListener("change", async () => {
    for (const file of [...input.files]) read(file.name, await file.text());
    input.value = "";
  });
}

const GRADE_COLUMNS = ["id", "dataset", "grade", "sub_class", "who", "when", "note"];

const now = () => new Date().toISOString().replace(/\.\d+Z$/, "Z");

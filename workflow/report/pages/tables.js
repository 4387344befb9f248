// Tables: CSV in and out of the page.

const SEPARATORS = [",", ";", "\t"]; // spreadsheets differ

/** Return the rows of a CSV text, each an object by column. Raises what cannot be read. */
function parseCsv(text) {
  const signs = text.replace(/^\uFEFF/, "").replace(/\r\n?/g, "\n");
  const [heading, ...rows] = cellsOf(signs).filter((line) => line.some((cell) => cell !== ""));
  if (!heading) throw new Error("the file is empty");
  const width = heading.findLastIndex((name) => name !== "") + 1;
  const wrong = rows.find((row) => row.length < width || row.slice(width).some((cell) => cell !== ""));
  if (wrong) throw new Error(`a row begins with ${wrong[0]} and has ${wrong.length} cells, ${width} were expected`);
  return rows.map((row) => Object.fromEntries(heading.slice(0, width).map((name, i) => [name, row[i]])));
}

/** Return the cells of each line, parted by what the first line has most of. */
function cellsOf(signs) {
  const [first] = signs.split("\n", 1);
  const [separator] = [...SEPARATORS].sort((a, b) => first.split(b).length - first.split(a).length);
  const lines = [[""]];
  let quoted = false;
  for (let i = 0; i < signs.length; i += 1) {
    const line = lines.at(-1);
    const sign = signs[i];
    if (quoted && sign === '"' && signs[i + 1] === '"') line[line.length - 1] += signs[(i += 1)];
    else if (sign === '"' && (quoted || line.at(-1).trim() === "")) quoted = !quoted;
    else if (sign === separator && !quoted) line.push("");
    else if (sign === "\n" && !quoted) lines.push([""]);
    else line[line.length - 1] += sign;
  }
  if (quoted) throw new Error("a quoted text does not end");
  return lines.map((line) => line.map((cell) => cell.trim()));
}

/** Return a CSV text of rows, objects by column. */
function formatCsv(columns, rows) {
  const cell = (value) => (/[",;\t\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  const line = (values) => `${values.map((value) => cell(String(value ?? ""))).join(",")}\n`;
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

/** Read each file that is chosen, by a function of its text that says what it took or raises. */
function onFiles(input, read) {
  input.addEventListener("change", async () => {
    const told = [];
    for (const file of [...input.files]) {
      try {
        told.push(`${file.name}: ${read(parseCsv(await file.text()))}.`);
      } catch (error) {
        told.push(`${file.name} cannot be used: ${error.message}.`);
      }
    }
    input.value = "";
    say(told.join(" "));
  });
}

const GRADE_COLUMNS = ["id", "dataset", "grade", "sub_class", "who", "when", "note"];

const now = () => new Date().toISOString().replace(/\.\d+Z$/, "Z");

"use strict";
const config = JSON.parse(document.getElementById("config").textContent);
const form = document.getElementById("form");
const answer = document.getElementById("answer");
const controls = () => [...form.querySelectorAll("[data-cell]")];
const most = 20;
let latest = 0;

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function mark(control, message) {
  const problem = control.closest(".cell").querySelector(".problem");
  control.toggleAttribute("aria-invalid", false);
  if (message) control.setAttribute("aria-invalid", "true");
  if (problem) { problem.textContent = message || ""; problem.hidden = !message; }
}

function encoded(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error("The file cannot be read."));
    reader.readAsDataURL(file);
  });
}

async function value(control) {
  const kind = control.dataset.cell, text = control.value;
  if (control.type === "checkbox") return control.checked;
  if (kind === "image") {
    if (!control.files.length) throw new Error("Choose an image.");
    return (await encoded(control.files[0])).replace(/^[^,]*,/, "");
  }
  if (control.validity && control.validity.badInput) throw new Error("This is not complete.");
  if (text === "" && (control.dataset.missing || control.selectedOptions?.[0]?.dataset.null)) return null;
  if (text === "") throw new Error("This cell cannot be empty.");
  if (kind === "boolean") return text === "true";
  if (kind === "number" || kind === "integer") return Number(text);
  if (kind === "list" || kind === "row") {
    try { return JSON.parse(text); } catch { throw new Error(kind === "row" ? "This is not JSON." : "This is not a list, such as [1, 2]."); }
  }
  return text;
}

async function row() {
  const found = {};
  let wrong = null;
  for (const control of controls()) {
    try {
      const cell = await value(control);
      if (control.dataset.cell === "row") return cell;
      found[control.name] = cell;
      mark(control, "");
    } catch (error) {
      mark(control, error.message);
      wrong = wrong || control;
    }
  }
  if (wrong) { wrong.focus(); return null; }
  return found;
}

function shares(outputs, given) {
  const list = element("div", undefined, "shares");
  const sorted = outputs.map((one) => [one.label || "probability", given[one.name]]);
  if (outputs.length > 1) sorted.sort((first, second) => second[1] - first[1]);
  for (const [label, share] of sorted.slice(0, most)) {
    const text = `${(100 * share).toFixed(1)}%`, bar = element("div", undefined, "bar"), filled = element("div");
    filled.style.width = `${100 * share}%`;
    bar.append(filled);
    for (const [name, value] of Object.entries({ role: "meter", "aria-label": label, "aria-valuemin": 0,
      "aria-valuemax": 1, "aria-valuenow": share, "aria-valuetext": text })) bar.setAttribute(name, value);
    list.append(element("span", label), bar, element("span", text, "number"));
  }
  return list;
}

function numbers(outputs, given) {
  const list = element("div", undefined, "shares");
  for (const one of outputs.slice(0, most)) {
    const text = typeof given[one.name] === "object" ? JSON.stringify(given[one.name]) : String(given[one.name]);
    list.append(element("span", one.label || one.what), element("span"), element("span", text, "number"));
  }
  if (outputs.length > most) list.append(element("span", `and ${outputs.length - most} more`, "faint"));
  return list;
}

function show(given) {
  answer.className = "";
  answer.replaceChildren();
  for (const target of new Set(config.outputs.map((one) => one.target))) {
    const own = config.outputs.filter((one) => one.target === target && one.name in given);
    const title = config.titles[target] || target, unit = config.units[target];
    if (title) answer.append(element("h2", title));
    const predictions = own.filter((one) => one.what === "prediction");
    if (predictions.length === 1) {
      const cell = given[predictions[0].name];
      const line = element("p", typeof cell === "object" ? JSON.stringify(cell) : String(cell), "value");
      if (unit && typeof cell === "number") line.append(element("small", ` ${unit}`));
      answer.append(line);
    } else if (predictions.length) answer.append(numbers(predictions, given));
    const likely = own.filter((one) => one.what === "probability");
    if (likely.length && likely.every((one) => typeof given[one.name] === "number")) answer.append(shares(likely, given));
    else if (likely.length) answer.append(numbers(likely, given));
    const rest = own.filter((one) => one.what !== "prediction" && one.what !== "probability");
    if (rest.length) answer.append(numbers(rest, given));
  }
}

function fail(text, errors) {
  let isShown = false;
  for (const error of errors || []) {
    const control = controls().find((one) => one.name === error.column);
    if (control) { mark(control, error.message); if (!isShown) control.focus(); isShown = true; }
  }
  answer.className = "failed";
  answer.textContent = text;
}

async function predict(event) {
  event.preventDefault();
  const given = await row(), mine = ++latest;
  if (given === null) return;
  let status, text;
  try {
    const response = await fetch("predict", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(given),
    });
    status = response.status; text = await response.text();
  } catch { fail("The server does not answer."); return; }
  if (mine !== latest) return;
  document.getElementById("raw").textContent = text;
  let found;
  try { found = JSON.parse(text); } catch { fail(`The server answered with status ${status}.`); return; }
  if (status === 200) show(found); else fail(found.detail || text, found.errors);
  answer.scrollIntoView({ block: "nearest" });
}

async function command() {
  const found = {};
  for (const control of controls()) {
    let cell;
    if (control.dataset.cell === "image") cell = "…";
    else try { cell = await value(control); } catch { cell = null; }
    if (control.dataset.cell === "row") { Object.assign(found, cell); break; }
    found[control.name] = cell;
  }
  const url = new URL("predict", location.href).href, all = controls();
  const isImage = all.length === 1 && all[0].dataset.cell === "image";
  const body = JSON.stringify(found).replaceAll("'", "'\\''");
  document.getElementById("command").textContent = isImage
    ? `curl ${url} -H 'Content-Type: image/png' --data-binary @image.png`
    : `curl ${url} --json '${body}'`;
}

function preview(control) {
  const image = control.closest(".cell").querySelector(".preview");
  if (!control.files.length) { image.hidden = true; return; }
  encoded(control.files[0]).then((url) => { image.src = url; image.hidden = false; });
}

form.noValidate = true;
form.addEventListener("submit", predict);
form.addEventListener("input", command);
form.addEventListener("change", (event) => { if (event.target.type === "file") preview(event.target); });
form.addEventListener("reset", () => setTimeout(() => {
  latest++;
  answer.className = ""; answer.replaceChildren();
  for (const control of controls()) { mark(control, ""); if (control.type === "file") preview(control); }
  command();
}));
command();

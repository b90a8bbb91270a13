"use strict";
const table = document.getElementById("trials");
const rows = [...table.tBodies[0].rows];
const headings = [...table.tHead.rows[0].cells];
const names = headings.map(cell => cell.dataset.name);
const filter = document.getElementById("filter");
const shown = document.getElementById("shown");
const tip = document.getElementById("tip");
const parts = new Map();
for (const part of document.querySelectorAll("[data-trial]")) {
  const trial = part.dataset.trial;
  if (!parts.has(trial)) parts.set(trial, []);
  parts.get(trial).push(part);
}
document.documentElement.classList.add("scripted");

function value(cell) {
  const text = cell.dataset.value ?? cell.textContent;
  return text === "" ? null : text.trim() !== "" && !isNaN(text) ? Number(text) : text;
}

// Sorting. Empty cells come last in either direction.
headings.forEach((heading, column) => heading.querySelector("button").addEventListener("click", () => {
  const down = heading.getAttribute("aria-sort") === "ascending";
  headings.forEach(other => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const known = rows.map(row => [value(row.cells[column]), row]);
  known.sort(([one], [other]) => {
    if (one === null || other === null) return (one === null) - (other === null);
    const order = typeof one === "number" && typeof other === "number" ? one - other : String(one).localeCompare(String(other));
    return down ? -order : order;
  });
  table.tBodies[0].append(...known.map(([, row]) => row));
}));

// Filtering: each word must be in the row, or be a condition such as lr>0.01.
function test(word) {
  const found = /^([^<>=!]+)(<=|>=|!=|<|>|=)(.+)$/.exec(word);
  const column = found ? names.findIndex(name => name.toLowerCase() === found[1]) : -1;
  const near = found && column < 0 ? names.findIndex(name => name.toLowerCase().split(/[./]/).pop() === found[1]) : column;
  if (near < 0) return row => row.textContent.toLowerCase().includes(word);
  const wanted = isNaN(found[3]) ? found[3] : Number(found[3]);
  return row => {
    let own = value(row.cells[near]);
    if (own === null) return false;
    if (typeof own !== "number") own = own.toLowerCase();
    return { "<": own < wanted, ">": own > wanted, "<=": own <= wanted, ">=": own >= wanted, "=": own === wanted, "!=": own !== wanted }[found[2]];
  };
}
function apply() {
  const tests = filter.value.toLowerCase().split(/\s+/).filter(Boolean).map(test);
  let count = 0;
  for (const row of rows) {
    const matches = tests.every(one => one(row));
    row.hidden = !matches;
    count += matches;
    for (const part of parts.get(row.dataset.trial)) part.classList.toggle("off", !matches);
  }
  shown.textContent = `${count} of ${rows.length}`;
}
filter.addEventListener("input", apply);
apply();

// Pointing at a trial.
let lit = null;
function light(trial) {
  if (trial === lit) return;
  for (const part of parts.get(lit) ?? []) part.classList.remove("lit");
  lit = trial;
  for (const part of parts.get(lit) ?? []) part.classList.add("lit");
  document.body.classList.toggle("lighting", lit !== null);
}
function describe(trial, event) {
  const list = document.createElement("dl");
  [...document.getElementById(`trial-${trial}`).cells].forEach((cell, index) => {
    if (cell.textContent === "") return;
    const name = document.createElement("dt"), text = document.createElement("dd");
    name.textContent = names[index];
    text.textContent = cell.textContent;
    list.append(name, text);
  });
  tip.replaceChildren(list);
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = event.clientX + 14 + width > innerWidth ? event.clientX - 14 - width : event.clientX + 14;
  tip.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
  tip.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - height - 4))}px`;
}
document.addEventListener("pointerover", event => {
  const part = event.target.closest("[data-trial]");
  light(part ? part.dataset.trial : null);
  tip.hidden = true;
  if (part && part.tagName !== "TR") describe(part.dataset.trial, event);
});
document.addEventListener("click", event => {
  const part = event.target.closest("svg [data-trial]");
  if (part) document.getElementById(`trial-${part.dataset.trial}`).scrollIntoView({ block: "center" });
});

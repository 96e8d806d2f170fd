// The Verify page: a package is dropped, checked here, and told about; one byte can be changed to see what that does.

import { check, fromBase64, tamper } from "./package.js";

const page = document.querySelector("[data-verify]");
const words = JSON.parse(document.getElementById("verify-words").textContent);
const input = page.querySelector("input[type=file]");
const known = JSON.parse(page.dataset.keys).map(fromBase64);
let chosen = null;   // the file as it was dropped; never changed
let running = 0;

const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

function part(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

const SIGNS = { true: "✓", false: "✕", null: "–" };

function row(ok, name, detail) {
  const sign = part("span", { class: "sign", "aria-hidden": "true" }, SIGNS[ok]);
  const told = part("div", {}, part("b", {}, name), part("span", { class: "unseen" }, ` ${say(`said_${ok}`)} `), part("p", { class: "quiet small" }, detail));
  return part("li", { "data-ok": String(ok) }, sign, told);
}

async function run(blob, name, change = null) {
  const mine = (running += 1);
  const out = page.querySelector("[data-outcome]");
  page.querySelector("[data-result]").hidden = false;
  page.querySelector("[data-name]").textContent = name;
  const list = page.querySelector("[data-checks]"), files = page.querySelector("[data-files]");
  list.replaceChildren();
  files.replaceChildren();
  out.className = "outcome";
  out.hidden = true;
  page.querySelector("[data-changed]").hidden = !change;
  if (change) {
    const byte = (value) => "0x" + value.toString(16).padStart(2, "0");
    page.querySelector("[data-changed] p").textContent = say("changed", { at: change.at.toLocaleString(document.documentElement.lang), name: change.name, was: byte(change.was), now: byte(change.now) });
  }
  page.querySelector("[data-tamper]").hidden = Boolean(change);
  const bar = page.querySelector("progress");
  bar.hidden = false;
  bar.value = 0;
  const result = await check(blob, [...known, ...pasted()], (_, n, total) => { bar.value = n / total; });
  if (mine !== running) return;
  bar.hidden = true;
  for (const each of result.checks) list.append(row(each.ok, say(`name_${each.name}`), say(each.say, each.with)));
  for (const file of result.files) {
    const sign = file.ok === null ? say("seal") : SIGNS[file.ok] + " " + say(`said_${file.ok}`);
    files.append(part("tr", {}, part("th", { scope: "row", class: "code" }, file.name), part("td", { class: "number" }, file.size.toLocaleString(document.documentElement.lang)), part("td", { class: file.ok === false ? "bad" : "" }, sign)));
  }
  out.hidden = false;
  out.className = `outcome ${result.state}`;
  out.dataset.state = result.state;
  for (const drawing of out.querySelectorAll("svg")) drawing.toggleAttribute("hidden", drawing.dataset.for !== result.state);
  out.querySelector("b").textContent = say(`state_${result.state}`);
  out.querySelector("p").textContent = say(`told_${result.state}`);
  page.querySelector("[data-about]").textContent = result.package ? say("about", { package: result.package, at: new Date(result.createdAt).toLocaleString(document.documentElement.lang, { dateStyle: "long", timeStyle: "medium" }), signer: result.signer }) : "";
  page.querySelector("[data-tamper]").disabled = !result.package;
  out.focus();
}

function pasted() {
  const field = page.querySelector("textarea");
  const found = [];
  for (const line of field.value.split(/\s+/).filter(Boolean)) {
    try { found.push(fromBase64(line)); } catch { field.setAttribute("aria-invalid", "true"); return found; }
  }
  field.removeAttribute("aria-invalid");
  return found;
}

if (!window.isSecureContext || !crypto.subtle) page.querySelector("[data-insecure]").hidden = false;

input.addEventListener("change", () => {
  if (!input.files.length) return;
  chosen = input.files[0];
  run(chosen, chosen.name);
});
page.querySelector("textarea").addEventListener("change", () => chosen && run(chosen, chosen.name));
page.querySelector("[data-tamper]").addEventListener("click", async () => {
  const change = await tamper(chosen);
  run(change.blob, chosen.name, change);
});
page.querySelector("[data-restore]").addEventListener("click", () => run(chosen, chosen.name));

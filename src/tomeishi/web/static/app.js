// What every page needs: single keys (WCAG 2.1.4: a switch turns them all off), what was just done with the way back, and
// files that are dropped.
//
// A key is stated where it works: data-key="y" on a button, a link or a tick box presses it. data-hint names it in the help.

import "./player.js";
import "./timeline.js";

const root = document.documentElement;
const typing = (node) => node.closest("input:not([type=checkbox], [type=radio], [type=range], [type=file]), textarea, select, [contenteditable]");

// Where the bar is wider than the window, the page that one is on stands in sight.
const here = document.querySelector(".ways [aria-current]");
if (here) here.parentElement.scrollLeft = here.offsetLeft - (here.parentElement.clientWidth - here.offsetWidth) / 2;

function shown(node) { return node.getClientRects().length > 0 && !node.disabled; }

document.addEventListener("keydown", (event) => {
  if (root.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const open = document.querySelector("dialog[open]");
  if (typing(event.target)) return;
  const key = event.key === " " ? "space" : event.key.toLowerCase();
  // A focused button keeps its own Space and Enter; anything else on the page must not take them away.
  if ((key === "space" || key === "enter") && event.target.closest("button, a, summary, input")) return;
  const scope = open ?? document;
  const found = [...scope.querySelectorAll("[data-key]")].find((node) => node.dataset.key.split(" ").includes(key) && shown(node));
  if (!found) return;
  event.preventDefault();
  found.click();
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (event.target.closest("[data-closes]")) event.target.closest("dialog")?.close();
  if (event.target.matches("dialog")) event.target.close();
  const all = event.target.closest("[data-picks]");
  if (all) {
    const boxes = [...document.querySelectorAll(all.dataset.picks)];
    const on = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = on;
    boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  }
  if (event.target.closest("[data-dismiss]")) event.target.closest(".toast, .note")?.remove();
});

// What is shared has to be named before a resemblance can be confirmed.
function needs() {
  for (const button of document.querySelectorAll("[data-needs-point]")) {
    const named = Boolean(button.form.querySelector("[name=points]:checked"));
    button.disabled = !named;
    button.form.querySelector("[data-needs-told]").hidden = named;
  }
}
document.addEventListener("change", needs);
document.addEventListener("htmx:after:swap", needs);
needs();

// A form that says data-sends sends itself when something in it changes.
document.addEventListener("change", (event) => {
  event.target.closest("form[data-sends]")?.requestSubmit();
  const counted = document.querySelector("[data-counts]");
  if (counted && event.target.matches(counted.dataset.counts)) {
    const n = document.querySelectorAll(`${counted.dataset.counts}:checked`).length;
    counted.closest("[data-shown-with]").hidden = n === 0;
    counted.textContent = n;
  }
});

// Moments in the reader's own time zone.
function localise() {
  const form = new Intl.DateTimeFormat(root.lang, { dateStyle: "medium", timeStyle: "short" });
  for (const time of document.querySelectorAll("time[datetime]:not([data-local])")) {
    time.textContent = form.format(new Date(time.dateTime));
    time.toggleAttribute("data-local", true);
  }
}
document.addEventListener("htmx:after:swap", localise);
localise();

document.addEventListener("change", (event) => {
  const told = event.target.matches("input[type=file]") && event.target.parentElement.querySelector("[data-chosen]");
  if (!told) return;
  const names = [...event.target.files].map((file) => file.name);
  told.textContent = names.length > 3 ? `${names.slice(0, 3).join(", ")} … (${names.length})` : names.join(", ");
});

// [data-drop] takes files dropped on it into the file input inside.
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    const place = event.target.closest?.("[data-drop]");
    if (!place) return;
    event.preventDefault();
    place.toggleAttribute("data-over", kind === "dragover");
    if (kind !== "drop") return;
    const input = place.querySelector("input[type=file]");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

// The dialog of keys lists what stands on the page.
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-opens=keys]")) return;
  const list = document.querySelector("#keys [data-list]");
  const seen = new Map();
  for (const node of document.querySelectorAll("[data-key][data-hint]")) seen.set(node.dataset.key, node.dataset.hint);
  list.replaceChildren(...[...seen].flatMap(([key, hint]) => {
    const name = document.createElement("dt");
    for (const each of key.split(" ")) name.appendChild(document.createElement("kbd")).textContent = each === "space" ? "Space" : each.length === 1 ? each.toUpperCase() : each;
    const what = document.createElement("dd");
    what.textContent = hint;
    return [name, what];
  }));
});

// htmx begins before its extension for events is there: what waits for events is looked at once more.
for (const node of document.querySelectorAll("[hx-sse\\:connect]")) window.htmx.process(node, true);

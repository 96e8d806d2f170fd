// A form that says data-each sends its files one by one, each in a request of its own: a film that fails costs no other.
//
// A CSV among them with a column "file" (ファイル) says provider and model of the files that it names.

const csrf = () => document.querySelector("input[name=csrf]").value;

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-each]");
  if (!form) return;
  event.preventDefault();
  const input = form.querySelector("input[type=file][name=file]");
  const told = form.querySelector("[data-told]"), bar = form.querySelector("progress"), button = form.querySelector("button:not([type=button])");
  const all = [...input.files];
  const tables = await Promise.all(all.filter((file) => /\.csv$/i.test(file.name)).map(async (file) => rows(await file.text())));
  const stated = new Map(tables.flat().map((row) => [row.file, row]));
  const files = all.filter((file) => !/\.csv$/i.test(file.name));
  button.disabled = true;
  bar.hidden = false;
  const failed = [];
  for (const [number, file] of files.entries()) {
    told.textContent = say(form, "sending", { n: number + 1, of: files.length, name: file.name });
    const why = await send(form, file, stated.get(file.name), (share) => { bar.value = (number + share) / files.length; });
    if (why) failed.push(say(form, "failed", { name: file.name, why }));
  }
  bar.hidden = true;
  button.disabled = false;
  told.textContent = failed.join("\n");
  if (failed.length < files.length || !files.length) {
    if (failed.length) await new Promise((done) => setTimeout(done, 3000));
    location.assign(form.dataset.then);
  }
});

// An import sends its sheet first, then the media folder, then shows what would happen.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-import]");
  if (!form) return;
  event.preventDefault();
  const told = form.querySelector("[data-told]"), bar = form.querySelector("progress"), button = form.querySelector("button");
  const [sheet, media] = [form.querySelector("#sheet").files[0], [...form.querySelector("#media").files]];
  button.disabled = true;
  bar.hidden = false;
  const place = {};
  const why = await send(form, sheet, null, () => {}, place);
  if (why) {
    told.textContent = say(form, "failed", { name: sheet.name, why });
    button.disabled = false;
    bar.hidden = true;
    return;
  }
  for (const [number, file] of media.entries()) {
    told.textContent = say(form, "sending", { n: number + 1, of: media.length, name: file.name });
    const refused = await send(form, file, null, (share) => { bar.value = (number + share) / media.length; }, {}, `${place.url}/media`);
    if (refused) told.textContent = say(form, "failed", { name: file.name, why: refused });
  }
  location.assign(place.url);
});

const say = (form, key, values) => form.dataset[key].replace(/\{(\w+)\}/g, (_, name) => values[name]);

// Why it was refused; null where it was taken.
function send(form, file, stated, progress, place = {}, to = form.action) {
  const words = new FormData(form);
  words.delete("csrf");
  words.delete("file");
  for (const name of ["provider", "model"]) if (stated?.[name]) words.set(name, stated[name]);
  if (file.webkitRelativePath) words.set("path", file.webkitRelativePath);
  words.append("file", file);
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", to);
    request.setRequestHeader("X-CSRF-Token", csrf());
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (event) => progress(event.loaded / event.total));
    request.addEventListener("load", () => { place.url = request.responseURL; });
    request.addEventListener("load", () => done(request.status < 400 ? null : plain(request.responseText) || String(request.status)));
    request.addEventListener("error", () => done(form.dataset.offline));
    request.send(words);
  });
}

const plain = (html) => html.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim().slice(0, 300);

// Rows of a CSV as objects, by English or Japanese headings.
function rows(text) {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/).filter(Boolean).map((line) => [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell]) => cell.replace(/^"|"$/g, "").replaceAll('""', '"').trim()));
  const names = { "ファイル": "file", "提供事業者": "provider", "モデル": "model" };
  const head = (lines.shift() ?? []).map((cell) => names[cell] ?? cell.toLowerCase());
  return lines.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i] ?? ""])));
}

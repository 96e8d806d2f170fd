// Checks an evidence package in the browser: the same rules as evidence/verify.py, step by step; nothing is sent anywhere.
//
// A package is a zip archive whose every byte is fixed by its contents, so its headers are built anew and compared.
// `check` reports each step as { name, ok, say, with }: ok is null where something could not be established, `say` names
// the sentence and `with` holds what it speaks of.

import { readStamp } from "./stamp.js";

const FORMAT = "tomeishi-evidence-1";
const INVENTORY = "inventory.json", SIGNATURE = "inventory.sig", STAMP = "inventory.tsr";
const SEAL = [INVENTORY, SIGNATURE, STAMP];
const MAX_FILES = 4096, MAX_SIZE = 0xfffffffe, MAX_JSON = 32 << 20, MAX_SEAL = 8 << 20;
const MAX_WHOLE = 1.5 * 2 ** 30;   // a digest is made of a file in one piece: more does not fit into a browser's memory
const NAME = /^[a-z0-9][a-z0-9_.-]{0,79}(\/[a-z0-9][a-z0-9_.-]{0,79}){0,3}$/;

export class NotAPackage extends Error {
  constructor(say, values = {}) { super(say); this.say = say; this.with = values; }
}

const text = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
const utf8 = (words) => new TextEncoder().encode(words);
const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const bytesOf = async (blob) => new Uint8Array(await blob.arrayBuffer());

export function fromBase64(words) {
  const bytes = Uint8Array.from(atob(words), (letter) => letter.charCodeAt(0));
  if (bytes.length !== 32) throw new Error("not a key");
  return bytes;
}

export async function keyId(key) { return "ed25519:" + hex(await sha256(key)).slice(0, 32); }

// All checks on `blob`. `trusted` are public keys of 32 bytes each; `tell` gets each file's outcome as it is known.
export async function check(blob, trusted, tell = () => {}) {
  const checks = [];
  const add = (name, ok, say, values = {}) => checks.push({ name, ok, say, with: values });
  let entries, found, inventory;
  try {
    entries = await readEntries(blob);
    found = await readFiles(blob, entries, tell);
  } catch (error) {
    if (!(error instanceof NotAPackage)) throw error;
    add("archive", false, error.say, error.with);
    return { state: "altered", checks, files: [] };
  }
  try {
    inventory = await readInventory(found);
  } catch (error) {
    add("inventory", false, "inventory_bad", { why: error.message });
    return { state: "altered", checks, files: entries.map((each) => ({ name: each.name, size: each.size, ok: null })) };
  }
  const wrong = await archiveProblem(blob, entries, found, zipStamp(inventory.created_at));
  add("archive", !wrong, wrong ? wrong.say : "archive_good", wrong ? wrong.with : { n: entries.length });
  add("inventory", true, "inventory_good", { n: inventory.files.length });
  const files = compareFiles(inventory, entries, found, add);
  contentsCheck(inventory, found, add);
  const id = inventory.signer.key_id;
  await signatureChecks(inventory, found, trusted, add);
  await stampCheck(inventory, found, add);
  const held = new Set(checks.filter((each) => each.ok).map((each) => each.name));
  const whole = ["archive", "inventory", "files", "contents", "signature", "signer"].every((name) => held.has(name));
  const state = checks.some((each) => each.ok === false) ? "altered" : whole ? "intact" : "unknown_signer";
  return { state, checks, files, package: inventory.package, createdAt: inventory.created_at, keyId: id, signer: inventory.signer.name };
}

// The same file with one bit of one byte in the middle of one entry changed; where, and from what to what.
export async function tamper(blob) {
  const entries = await readEntries(blob);
  const chosen = entries.find((each) => each.name.endsWith(".png")) ?? entries[0];
  const at = chosen.at + Math.floor(chosen.size / 2);
  const [was] = await bytesOf(blob.slice(at, at + 1));
  const now = was ^ 1;
  return { blob: new Blob([blob.slice(0, at), new Uint8Array([now]), blob.slice(at + 1)]), at, name: chosen.name, was, now };
}

async function readEntries(blob) {
  const size = blob.size;
  if (size < 22 || size > MAX_SIZE) throw new NotAPackage("archive_size", { n: size });
  const end = new DataView(await blob.slice(size - 22).arrayBuffer());
  if (end.getUint32(0) !== 0x504b0506 || end.getUint16(20, true)) throw new NotAPackage("archive_not_zip");
  const count = end.getUint16(10, true), length = end.getUint32(12, true), start = end.getUint32(16, true);
  if (end.getUint32(4) !== 0 || end.getUint16(8, true) !== count || !(count > 0 && count <= MAX_FILES)) throw new NotAPackage("archive_count", { n: count });
  if (start + length + 22 !== size) throw new NotAPackage("archive_bytes_before");
  const data = new DataView(await blob.slice(start, start + length).arrayBuffer());
  const entries = [];
  let at = 0, offset = 0;
  for (let n = 1; n <= count; n += 1) {
    if (at + 46 > length || data.getUint32(at) !== 0x504b0102) throw new NotAPackage("archive_directory", { n });
    const u16 = (where) => data.getUint16(at + where, true), u32 = (where) => data.getUint32(at + where, true);
    const nameLength = u16(28);
    if (at + 46 + nameLength > length) throw new NotAPackage("archive_directory", { n });
    const name = String.fromCharCode(...new Uint8Array(data.buffer, at + 46, nameLength));
    if (!NAME.test(name)) throw new NotAPackage("archive_name", { n });
    const packed = u32(20), plain = u32(24);
    const odd = (u16(8) & 1) || u16(10) || packed !== plain || u16(30) || u16(32) || ![0, 8].includes(u32(38) >>> 28);
    if (odd) throw new NotAPackage("archive_entry", { name });
    offset += 30 + nameLength;
    entries.push({ name, size: plain, crc: u32(16), at: offset });
    offset += plain;
    at += 46 + nameLength;
    if (offset > start) throw new NotAPackage("archive_overlap", { name });
  }
  if (offset !== start || at !== length) throw new NotAPackage("archive_between");
  if (new Set(entries.map((each) => each.name)).size !== count) throw new NotAPackage("archive_twice");
  return entries;
}

async function readFiles(blob, entries, tell) {
  const found = new Map();
  for (const entry of entries) {
    const sealed = SEAL.includes(entry.name), json = entry.name.endsWith(".json");
    if ((sealed && entry.size > MAX_SEAL) || (json && entry.size > MAX_JSON)) throw new NotAPackage("archive_large", { name: entry.name });
    if (entry.size > MAX_WHOLE) throw new NotAPackage("archive_browser", { name: entry.name });
    const bytes = await bytesOf(blob.slice(entry.at, entry.at + entry.size));
    found.set(entry.name, { digest: "sha256:" + hex(await sha256(bytes)), crc: crc32(bytes), data: sealed || json ? bytes : null });
    tell(entry, found.size, entries.length);
  }
  return found;
}

async function archiveProblem(blob, entries, found, stamp) {
  for (const entry of entries) {
    const expected = localHeader(entry, stamp);
    const there = await bytesOf(blob.slice(entry.at - expected.length, entry.at));
    if (!same(there, expected)) return { say: "archive_header", with: { name: entry.name } };
    if (found.get(entry.name).crc !== entry.crc) return { say: "archive_crc", with: { name: entry.name } };
  }
  const last = entries.at(-1);
  const expected = directory(entries, stamp);
  return same(await bytesOf(blob.slice(last.at + last.size)), expected) ? null : { say: "archive_directory_changed", with: {} };
}

async function readInventory(found) {
  const data = found.get(INVENTORY)?.data;
  if (!data) throw new Error("there is no inventory.json");
  const words = strictJson(data);
  if (words === null || typeof words !== "object" || words.format !== FORMAT) throw new Error(`not of the format ${FORMAT}`);
  if (!same(utf8(canonical(words)), data)) throw new Error("not canonical JSON");
  shape(words, { format: "string", package: "string", created_at: "string", signer: "object", time_stamped: "boolean", files: "array" });
  shape(words.signer, { name: "string", key_id: "string", public_key: "string" });
  for (const row of words.files) shape(row, { name: "string", size: "number", digest: "string" });
  const names = words.files.map((row) => row.name);
  if (names.some((name, i) => i && !(names[i - 1] < name))) throw new Error("lists a file twice, or not in order");
  if (names.some((name) => SEAL.includes(name) || !NAME.test(name))) throw new Error("lists a file that a package cannot have");
  if ((await keyId(fromBase64(words.signer.public_key))) !== words.signer.key_id) throw new Error("the key id does not belong to the key");
  if (!/(Z|[+-]\d\d:\d\d)$/.test(words.created_at) || Number.isNaN(Date.parse(words.created_at))) throw new Error("created_at is not a moment with a time zone");
  return words;
}

function shape(words, types) {
  const kind = (value) => (Array.isArray(value) ? "array" : value === null ? "null" : typeof value);
  const keys = words && kind(words) === "object" ? Object.keys(words).sort().join() : "";
  if (keys !== Object.keys(types).sort().join()) throw new Error(`expected exactly ${Object.keys(types).join(", ")}`);
  for (const [key, wanted] of Object.entries(types)) {
    if (kind(words[key]) !== wanted || (wanted === "number" && !Number.isSafeInteger(words[key]))) throw new Error(`${key} has the wrong type`);
  }
}

function compareFiles(inventory, entries, found, add) {
  const listed = new Map(inventory.files.map((row) => [row.name, row]));
  const expected = [...listed.keys(), INVENTORY, SIGNATURE, ...(inventory.time_stamped ? [STAMP] : [])];
  const names = entries.map((each) => each.name);
  const problems = [];
  const files = entries.map((entry) => {
    const row = listed.get(entry.name);
    const ok = SEAL.includes(entry.name) ? null : Boolean(row) && row.size === entry.size && row.digest === found.get(entry.name).digest;
    if (row && !ok) problems.push(["files_digest", { name: entry.name }]);
    return { name: entry.name, size: entry.size, digest: found.get(entry.name).digest, ok };
  });
  for (const name of expected) if (!found.has(name)) problems.unshift(["files_missing", { name }]);
  for (const name of names) if (!expected.includes(name)) problems.push(["files_added", { name }]);
  if (!problems.length && names.join() !== expected.join()) problems.push(["files_order", {}]);
  if (!problems.length) add("files", true, "files_good", { n: listed.size });
  for (const [say, values] of problems.slice(0, 20)) add("files", false, say, values);
  return files;
}

function contentsCheck(inventory, found, add) {
  const digests = new Map(inventory.files.map((row) => [row.name, row.digest]));
  const parsed = {};
  let at = "";
  try {
    for (const [name, read] of found) if (name.endsWith(".json")) { at = name; parsed[name] = strictJson(read.data); }
    at = "screening.json";
    const screened = parsed[at].digest;
    at = "frame-pairs/pairs.json";
    const pictures = parsed[at].flatMap((pair) => [pair.query, pair.reference]);
    const wrong = pictures.filter((side) => digests.get(side.file) !== side.digest).map((side) => side.file);
    const queries = [...digests].filter(([name]) => name.startsWith("query/"));
    wrong.push(...queries.filter(([, digest]) => digest !== screened).map(([name]) => name));
    if (wrong.length) return add("contents", false, "contents_wrong", { name: String(wrong[0]).slice(0, 120) });
    add("contents", true, queries.length ? "contents_good" : "contents_good_unsealed", { n: pictures.length });
  } catch {
    add("contents", false, "contents_bad", { name: at });
  }
}

async function signatureChecks(inventory, found, trusted, add) {
  const raw = fromBase64(inventory.signer.public_key), id = inventory.signer.key_id, name = inventory.signer.name;
  const message = found.get(INVENTORY).data, signature = found.get(SIGNATURE)?.data ?? new Uint8Array();
  let holds;
  try {
    const key = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    holds = await crypto.subtle.verify("Ed25519", key, signature, message);
  } catch (error) {
    const unable = error.name === "NotSupportedError" || error.name === "SyntaxError";
    add("signature", unable ? null : false, unable ? "signature_unable" : "signature_bad", { id });
    return add("signer", null, "signer_open", { id, name });
  }
  if (!holds) return add("signature", false, "signature_bad", { id });
  add("signature", true, "signature_good", { id });
  const known = trusted.some((key) => same(key, raw));
  add("signer", known ? true : null, known ? "signer_good" : "signer_unknown", { id, name });
}

async function stampCheck(inventory, found, add) {
  const token = found.get(STAMP)?.data;
  if (!inventory.time_stamped || !token || !found.has(SIGNATURE)) return add("time_stamp", null, "stamp_none");
  const [a, b] = [found.get(INVENTORY).data, found.get(SIGNATURE).data];
  const stamped = new Uint8Array(a.length + b.length);
  stamped.set(a);
  stamped.set(b, a.length);
  try {
    const stamp = await readStamp(token, await sha256(stamped));
    if (!stamp.imprint) return add("time_stamp", false, "stamp_other");
    if (!stamp.holds) return add("time_stamp", false, "stamp_broken");
    add("time_stamp", null, "stamp_holds", { at: stamp.at, authority: stamp.authority });
  } catch {
    add("time_stamp", false, "stamp_unreadable");
  }
}

// JSON without doubled keys, byte order mark or bytes that are not UTF-8.
function strictJson(bytes) {
  const words = text(bytes);
  if (words.startsWith("\ufeff")) throw new Error("starts with a byte order mark");
  const value = JSON.parse(words);
  const open = [];
  let last = null;
  for (const [token] of words.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === "{") open.push(new Set());
    else if (token === "[") open.push(null);
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      const key = JSON.parse(last);
      if (open.at(-1).has(key)) throw new Error("a key stands twice in one object");
      open.at(-1).add(key);
    } else last = token;
  }
  return value;
}

// RFC 8785 for what an inventory holds: ASCII keys, text, whole numbers, truth values.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

function zipStamp(moment) {
  const at = new Date(moment);
  const time = (at.getUTCHours() << 11) | (at.getUTCMinutes() << 5) | (at.getUTCSeconds() >> 1);
  return [time, ((at.getUTCFullYear() - 1980) << 9) | ((at.getUTCMonth() + 1) << 5) | at.getUTCDate()];
}

// [value, bytes] pairs, little-endian, then text.
function packed(fields, tail = "") {
  const out = [];
  for (const [value, width] of fields) for (let i = 0; i < width; i += 1) out.push(Math.floor(value / 2 ** (8 * i)) & 255);
  return Uint8Array.from([...out, ...utf8(tail)]);
}

function localHeader(entry, [time, date]) {
  return packed([[0x04034b50, 4], [20, 2], [0, 2], [0, 2], [time, 2], [date, 2], [entry.crc, 4], [entry.size, 4], [entry.size, 4], [entry.name.length, 2], [0, 2]], entry.name);
}

function directory(entries, [time, date]) {
  const rows = entries.map((entry) => packed(
    [[0x02014b50, 4], [0x0314, 2], [20, 2], [0, 2], [0, 2], [time, 2], [date, 2], [entry.crc, 4], [entry.size, 4], [entry.size, 4], [entry.name.length, 2],
      [0, 2], [0, 2], [0, 2], [0, 2], [0o100644 * 65536, 4], [entry.at - 30 - entry.name.length, 4]], entry.name));
  const length = rows.reduce((sum, row) => sum + row.length, 0);
  const last = entries.at(-1);
  const end = packed([[0x06054b50, 4], [0, 2], [0, 2], [entries.length, 2], [entries.length, 2], [length, 4], [last.at + last.size, 4], [0, 2]]);
  return Uint8Array.from([...rows, end].flatMap((row) => [...row]));
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k += 1) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i += 1) crc = CRC_TABLE[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

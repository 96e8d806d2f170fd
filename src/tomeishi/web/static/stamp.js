// Reads an RFC 3161 time stamp: for what it was made, when, and whether its signature holds under the certificate it carries.
// Whether that certificate deserves trust is not told here: a browser gives pages no list of time-stamp authorities.

const SIGNED_DATA = "1.2.840.113549.1.7.2", SHA256 = "2.16.840.1.101.3.4.2.1";
const DIGESTS = { [SHA256]: "SHA-256", "2.16.840.1.101.3.4.2.2": "SHA-384", "2.16.840.1.101.3.4.2.3": "SHA-512" };
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const RSA = "1.2.840.113549.1.1.1", EC = "1.2.840.10045.2.1", ED25519 = "1.3.101.112", COMMON_NAME = "2.5.4.3";
const CURVES = { "1.2.840.10045.3.1.7": ["P-256", 32], "1.3.132.0.34": ["P-384", 48], "1.3.132.0.35": ["P-521", 66] };

const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

// `digest`: SHA-256 of what should have been stamped.
export async function readStamp(bytes, digest) {
  const [status, token] = parts(node(bytes));
  if (number(parts(status)[0]) > 1 || !token) throw new Error("not granted");
  const [type, wrapped] = parts(token);
  if (oid(type) !== SIGNED_DATA) throw new Error("not signed data");
  const signed = parts(parts(wrapped)[0]);
  const content = parts(parts(signed[2])[1])[0].value;
  const info = parts(node(content));
  const [algorithm, imprint] = parts(info[2]);
  const at = generalized(info[4]);
  const certificates = signed.filter((each) => each.tag === 0xa0).flatMap(parts).filter((each) => each.tag === 0x30);
  const signer = parts(parts(signed.at(-1))[0]);
  const { holds, authority } = await signature(signer, content, certificates);
  return { at, authority, holds, imprint: oid(parts(algorithm)[0]) === SHA256 && same(imprint.value, digest) };
}

async function signature(signer, content, certificates) {
  const [issuer, serial] = parts(signer[1]);
  const certificate = certificates.map((each) => parts(parts(each)[0])).map((tbs) => (tbs[0].tag === 0xa0 ? tbs.slice(1) : tbs))
    .find((tbs) => same(tbs[2].whole, issuer.whole) && same(tbs[0].value, serial.value));
  if (!certificate) throw new Error("no certificate");
  const name = DIGESTS[oid(parts(signer[2])[0])];
  const attributes = signer.find((each) => each.tag === 0xa0);
  const proof = signer.find((each) => each.tag === 0x04).value;
  const stated = parts(attributes).map(parts).find(([type]) => oid(type) === MESSAGE_DIGEST);
  const made = new Uint8Array(await crypto.subtle.digest(name, content));
  const message = attributes.whole.slice();
  message[0] = 0x31;   // signed as a SET, written as [0]: RFC 5652, 5.4
  const key = certificate[5];
  const holds = same(parts(stated[1])[0].value, made) && (await verifies(key, name, proof, message));
  return { holds, authority: commonName(certificate[4]) };
}

async function verifies(spki, hash, proof, message) {
  const [kind, curve] = parts(parts(spki)[0]);
  const scheme = { [RSA]: { name: "RSASSA-PKCS1-v1_5", hash }, [ED25519]: { name: "Ed25519" } }[oid(kind)];
  if (scheme) {
    const key = await crypto.subtle.importKey("spki", spki.whole, scheme, false, ["verify"]);
    return crypto.subtle.verify(scheme.name, key, proof, message);
  }
  if (oid(kind) !== EC) throw new Error("unknown kind of key");
  const [namedCurve, width] = CURVES[oid(curve)];
  const key = await crypto.subtle.importKey("spki", spki.whole, { name: "ECDSA", namedCurve }, false, ["verify"]);
  const raw = new Uint8Array(2 * width);
  parts(node(proof)).forEach((each, i) => {
    const value = each.value[0] === 0 ? each.value.slice(1) : each.value;
    raw.set(value, (i + 1) * width - value.length);
  });
  return crypto.subtle.verify({ name: "ECDSA", hash }, key, raw, message);
}

function commonName(subject) {
  const found = parts(subject).flatMap(parts).map(parts).filter(([type]) => oid(type) === COMMON_NAME).at(-1);
  return found ? new TextDecoder().decode(found[1].value) : "?";
}

// One DER value: its tag, its contents, and both with the head.
function node(bytes, at = 0) {
  let length = bytes[at + 1], head = 2;
  if (length > 0x80) {
    const count = length & 0x7f;
    if (count > 4) throw new Error("too long");
    length = 0;
    for (let i = 0; i < count; i += 1) length = length * 256 + bytes[at + 2 + i];
    head += count;
  }
  if (length === 0x80 || !(at + head + length <= bytes.length)) throw new Error("cut short");
  return { tag: bytes[at], value: bytes.slice(at + head, at + head + length), whole: bytes.slice(at, at + head + length) };
}

function parts({ value }) {
  const found = [];
  for (let at = 0; at < value.length; at += found.at(-1).whole.length) found.push(node(value, at));
  return found;
}

const number = ({ value }) => value.reduce((sum, byte) => sum * 256 + byte, 0);

function oid({ value }) {
  const arcs = [Math.min(2, Math.floor(value[0] / 40))];
  arcs.push(value[0] - 40 * arcs[0]);
  let arc = 0;
  for (const byte of value.slice(1)) {
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) { arcs.push(arc); arc = 0; }
  }
  return arcs.join(".");
}

function generalized({ value }) {
  const words = new TextDecoder().decode(value);
  return words.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d+)?Z$/, "$1-$2-$3T$4:$5:$6Z");
}

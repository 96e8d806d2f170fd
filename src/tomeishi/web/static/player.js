// <x-player>: two films of one match, side by side or laid over each other, the reference following the query.
//
// On a segment [q0, q1, r0, r1] the reference stands at r0 + (t - q0) * (r1 - r0) / (q1 - q0). Outside of all segments the
// nearest one is continued. The reference is steered by its speed, which nobody hears or sees, and sought only when it
// is far off. Times are seconds from the start of the media.

const FAR_S = 0.35;        // beyond this the reference is sought, not steered
const GAIN = 2;            // share of an error that is taken back per second
const MOST = 0.25;         // change of speed at most: a jump would be seen
const FLICKER_MS = 500;

class Player extends HTMLElement {
  connectedCallback() {
    this.segments = JSON.parse(this.dataset.segments || "[]");
    this.query = this.querySelector("[data-side=query] :is(video, img)");
    this.reference = this.querySelector("[data-side=reference] :is(video, img)");
    this.films = [this.query, this.reference].filter((each) => each instanceof HTMLVideoElement);
    this.leader = this.films[0];
    this.locked = true;
    this.addEventListener("click", (event) => this.#pressed(event));
    this.addEventListener("input", (event) => this.#turned(event));
    for (const film of this.films) {
      film.addEventListener("error", () => this.#unplayable(film));
      film.addEventListener("play", () => this.#label());
      film.addEventListener("pause", () => this.#label());
      film.addEventListener("ended", () => this.pause());
      film.addEventListener("seeked", () => this.#tell());
      film.addEventListener("loadedmetadata", () => this.#start(), { once: true });
      if (film.error) this.#unplayable(film);
    }
    this.#start();
    this.mode = this.dataset.mode || "side";
    this.flicker = setInterval(() => this.mode === "flicker" && this.toggle(), FLICKER_MS);
    this.#loop();
  }

  disconnectedCallback() {
    clearInterval(this.flicker);
    cancelAnimationFrame(this.frame);
  }

  // Where the reference stands when the query stands at `t`, and how fast it runs.
  place(t) {
    const found = this.#segment(t);
    if (!found) return { at: t, slope: 1 };
    const [q0, q1, r0, r1] = found;
    const slope = (r1 - r0) / (q1 - q0);
    return { at: r0 + (t - q0) * slope, slope };
  }

  // Seconds by which the reference is ahead of where it should be; null while either end of it is reached.
  get drift() {
    if (this.films.length < 2) return null;
    const { at } = this.place(this.query.currentTime);
    if (at < 0 || at >= this.reference.duration - 0.05) return null;
    return this.reference.currentTime - at;
  }

  get time() { return this.leader ? this.leader.currentTime : 0; }
  get playing() { return Boolean(this.leader && !this.leader.paused); }

  seek(t) {
    if (!this.leader) return;
    this.leader.currentTime = Math.max(0, Math.min(t, (this.leader.duration || t) - 0.01));
    if (this.locked) this.#align();
    this.#tell();
  }

  play() {
    if (!this.leader) return;
    if (this.leader.ended || this.leader.currentTime >= this.leader.duration - 0.05) this.seek(this.#first());
    if (this.locked) this.#align();
    this.leader.play().catch(() => this.#unplayable(this.leader));
    this.#follow();
  }

  pause() {
    for (const film of this.films) film.pause();
    if (this.locked) this.#align();
  }

  get mode() { return this.dataset.mode; }
  set mode(word) {
    this.dataset.mode = word;
    for (const button of this.querySelectorAll("[data-to-mode]")) button.setAttribute("aria-pressed", String(button.dataset.toMode === word));
    for (const dial of this.querySelectorAll("[data-for-mode]")) dial.hidden = dial.dataset.forMode !== word;
    this.#pane("query").removeAttribute("data-away");
  }

  toggle() { this.#pane("query").toggleAttribute("data-away"); }

  step(frames) {
    this.pause();
    this.seek(this.time + frames / 24);
  }

  // To the start of the next segment, or of the one before.
  jump(by) {
    const starts = this.segments.map((each) => each[0]).sort((a, b) => a - b);
    const next = by > 0 ? starts.find((t) => t > this.time + 0.05) : starts.reverse().find((t) => t < this.time - 0.3);
    this.seek(next ?? starts[0] ?? 0);
  }

  #first() { return this.segments.length ? Math.min(...this.segments.map((each) => each[0])) : 0; }

  #start() {
    if (!this.begun && this.films.length && this.films.every((film) => film.readyState >= 1 || film.error)) {
      this.begun = true;
      this.seek(this.#first());
    }
  }

  #segment(t) {
    const away = ([q0, q1]) => (t < q0 ? q0 - t : t > q1 ? t - q1 : 0);
    return this.segments.reduce((best, each) => (best && away(best) <= away(each) ? best : each), null);
  }

  #align() {
    if (this.films.length < 2) return;
    const { at } = this.place(this.query.currentTime);
    this.reference.currentTime = Math.max(0, Math.min(at, (this.reference.duration || at) - 0.01));
  }

  #follow() {
    if (this.films.length < 2) return;
    const speed = Number(this.dataset.speed || 1);
    this.query.playbackRate = speed;
    if (!this.locked) return;
    const { at, slope } = this.place(this.query.currentTime);
    const out = at < 0 || at >= this.reference.duration;
    if (this.query.paused || out) return this.reference.pause();
    const late = at - this.reference.currentTime;
    if (Math.abs(late) > FAR_S) this.reference.currentTime = at;
    const nudge = Math.max(-MOST, Math.min(MOST, late * GAIN));
    this.reference.playbackRate = Math.max(0.0625, Math.min(16, speed * slope * (1 + nudge)));
    if (this.reference.paused) this.reference.play().catch(() => this.#unplayable(this.reference));
  }

  #loop() {
    this.frame = requestAnimationFrame(() => {
      if (this.playing) {
        this.#follow();
        this.#tell();
      }
      this.#loop();
    });
  }

  #tell() {
    const t = this.time;
    const r = this.reference instanceof HTMLVideoElement ? this.reference.currentTime : this.place(t).at;
    const write = (side, seconds) => {
      const place = this.querySelector(`[data-time=${side}]`);
      if (place) place.textContent = clock(seconds);
    };
    write("query", this.query instanceof HTMLVideoElement ? this.query.currentTime : 0);
    write("reference", r);
    this.dispatchEvent(new CustomEvent("x-time", { bubbles: true, detail: { query: t, reference: r } }));
  }

  #pressed(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.toMode) this.mode = button.dataset.toMode;
    if (button.dataset.do === "play") this.playing ? this.pause() : this.play();
    if (button.dataset.do === "step") this.step(Number(button.dataset.by));
    if (button.dataset.do === "jump") this.jump(Number(button.dataset.by));
    if (button.dataset.do === "toggle") { this.mode = "flicker"; this.toggle(); }
    if (button.dataset.do === "mode") {
      const words = [...this.querySelectorAll("[data-to-mode]")].map((each) => each.dataset.toMode);
      this.mode = words[(words.indexOf(this.mode) + 1) % words.length];
    }
  }

  #turned(event) {
    const dial = event.target;
    if (dial.dataset.set) this.style.setProperty(dial.dataset.set, dial.value + (dial.dataset.unit || ""));
    if (dial.name === "speed") this.dataset.speed = dial.value;
    if (dial.name === "mirror") this.toggleAttribute("data-mirror", dial.checked);
    if (dial.name === "locked") { this.locked = dial.checked; if (dial.checked) this.#align(); }
  }

  #label() {
    const button = this.querySelector("[data-do=play]");
    if (button) button.querySelector("[data-word]").textContent = this.playing ? button.dataset.pause : button.dataset.play;
  }

  #pane(side) { return this.querySelector(`.pane[data-side=${side}]`); }

  #unplayable(film) {
    film.parentElement.querySelector(".unplayable")?.removeAttribute("hidden");
    this.films = this.films.filter((each) => each !== film);
    this.leader = this.films[0];
    this.#start();
  }
}

export function clock(seconds) {
  const hundredths = Math.max(0, Math.round(seconds * 100));
  const two = (n) => String(n).padStart(2, "0");
  const minutes = Math.floor(hundredths / 6000);
  const tail = `${two(Math.floor(hundredths / 100) % 60)}.${two(hundredths % 100)}`;
  return minutes < 60 ? `${minutes}:${tail}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${tail}`;
}

customElements.define("x-player", Player);

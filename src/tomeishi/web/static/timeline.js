// <x-timeline>, <x-curve> and <x-frames>: where the player stands on the bars, the curve and the frame pairs; and the way back:
// a press on any of them takes the player there. The bars and the pairs are drawn by the server.

const player = () => document.querySelector("x-player");

class Timeline extends HTMLElement {
  connectedCallback() {
    this.queryLength = Number(this.dataset.query);
    this.referenceLength = Number(this.dataset.reference);
    this.segments = JSON.parse(this.dataset.segments || "[]");
    this.width = Number(this.dataset.width);
    this.addEventListener("click", (event) => this.#pressed(event));
    this.told = (event) => this.#move(event.detail);
    document.addEventListener("x-time", this.told);
  }

  disconnectedCallback() { document.removeEventListener("x-time", this.told); }

  #pressed(event) {
    const button = event.target.closest("[data-segment]");
    if (button) return player()?.seek(this.segments[Number(button.dataset.segment)][0]);
    const lanes = this.querySelector(".lanes");
    if (!lanes?.contains(event.target)) return;
    const box = lanes.getBoundingClientRect();
    player()?.seek(((event.clientX - box.left) / box.width) * this.queryLength);
  }

  #move({ query, reference }) {
    const put = (side, share) => {
      const line = this.querySelector(`.head-line[data-side=${side}]`);
      const x = (Math.max(0, Math.min(1, share || 0)) * this.width).toFixed(1);
      line?.setAttribute("x1", x);
      line?.setAttribute("x2", x);
    };
    put("query", query / this.queryLength);
    put("reference", reference / this.referenceLength);
    const current = this.segments.findIndex(([q0, q1]) => query >= q0 - 0.02 && query < q1);
    for (const part of this.querySelectorAll("[data-segment]")) {
      const here = Number(part.dataset.segment) === current;
      part.toggleAttribute("data-current", here);
      if (part.matches("button")) part.setAttribute("aria-pressed", String(here));
    }
  }
}

class Curve extends HTMLElement {
  connectedCallback() {
    this.told = (event) => this.#move(event.detail.query);
    document.addEventListener("x-time", this.told);
    this.sized = new ResizeObserver(() => this.#draw());
    this.sized.observe(this);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.schemed = () => this.#draw();
    this.scheme.addEventListener("change", this.schemed);
  }

  disconnectedCallback() {
    document.removeEventListener("x-time", this.told);
    this.scheme.removeEventListener("change", this.schemed);
    this.sized.disconnect();
    this.plot?.destroy();
  }

  #draw() {
    if (!window.uPlot || !this.clientWidth) return;
    const { points, limit, length } = JSON.parse(this.dataset.curve);
    const probe = (name) => {
      const mark = this.appendChild(document.createElement("i"));
      mark.style.color = `var(${name})`;
      const colour = getComputedStyle(mark).color;
      mark.remove();
      return colour;
    };
    const quiet = probe("--quiet"), line = probe("--line"), seal = probe("--seal");
    const font = `11px ${getComputedStyle(this).fontFamily}`;
    const axis = { stroke: quiet, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    this.plot?.destroy();
    this.plot = new window.uPlot({
      width: this.clientWidth, height: this.clientHeight, padding: [6, 0, 0, 0],
      legend: { show: false }, cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: { x: { time: false, range: [0, length] }, y: { range: [0, 1] } },
      axes: [
        { ...axis, size: 22, gap: 3, values: (_, ticks) => ticks.map((t) => t <= 0 || t > length * 0.985 ? "" : `${Math.floor(t / 60)}:${String(Math.round(t % 60)).padStart(2, "0")}`), incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800] },
        { ...axis, size: 0, values: () => [], splits: () => [0, 0.5, 1] },
      ],
      series: [{}, { stroke: seal, width: 1.75, points: { show: false } }, { stroke: quiet, width: 1, dash: [5, 4], points: { show: false } }],
    }, [points.map((p) => p[0]), points.map((p) => p[1]), points.map(() => limit)], this);
    this.plot.over.addEventListener("click", (event) => player()?.seek(this.plot.posToVal(event.offsetX, "x")));
  }

  #move(t) { this.plot?.setCursor({ left: this.plot.valToPos(t, "x"), top: 0 }, false); }
}

class Frames extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", (event) => {
      const pair = event.target.closest("[data-query-time]");
      if (!pair) return;
      for (const each of this.querySelectorAll("[data-query-time]")) each.setAttribute("aria-pressed", String(each === pair));
      player()?.pause();
      player()?.seek(Number(pair.dataset.queryTime));
    });
  }
}

customElements.define("x-timeline", Timeline);
customElements.define("x-curve", Curve);
customElements.define("x-frames", Frames);

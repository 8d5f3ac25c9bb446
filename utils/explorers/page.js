// What all explorers share: elements, numbers, colours, pictures, pointer and keys, the sentence for
// screen readers, and a frame that fits its content. An explorer defines explore(data); begin calls it.
"use strict";

// ---- Elements ----------------------------------------------------------------------------
// make("p", {id: "x"}, "text", another): text is never read as HTML, so names may hold anything.
const setAll = (element, attributes, children) => {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") element.style.cssText = value;
    else if (name.startsWith("aria-")) element.setAttribute(name, String(value));
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false));
  return element;
};
const make = (tag, attributes, ...children) => setAll(document.createElement(tag), attributes, children);
const draw = (tag, attributes, ...children) => setAll(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const find = (id) => document.getElementById(id);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const CLASS_MARKS = ["class0", "class1", "class2", "training", "validation", "network1", "network0"]; // colours of classes
const classColour = (i) => colour(CLASS_MARKS[i % CLASS_MARKS.length]);

// A slider with its name and value: slider({id, label, min, max, step, value, show, act}).
function slider({ id, label, min, max, step, value, show = String, act }) {
  const output = make("output", { for: id, class: "number" }, show(value));
  const input = make("input", { type: "range", id, min, max, step, value, "aria-valuetext": show(value), style: "flex:1 1 6rem;min-width:0" });
  const refresh = () => {
    output.textContent = show(+input.value);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  input.addEventListener("input", () => { refresh(); act(+input.value); });
  const element = make("label", { class: "row", for: id }, make("span", { style: "flex:0 0 auto" }, label), input, output);
  return { element, input, get value() { return +input.value; }, set value(v) { input.value = v; refresh(); } };
}

// Buttons of which one is chosen: radio({name, legend, options: [[value, label]], value, act}).
function radio({ name, legend, options, value, act }) {
  const group = make("fieldset", { class: "row" }, make("legend", { style: "float:left;margin-right:.6rem" }, legend),
    options.map(([key, label]) => make("label", {}, make("input", { type: "radio", name, value: key, checked: key === value }), " ", label)));
  group.addEventListener("change", (event) => act(event.target.value));
  return group;
}

// ---- Numbers -----------------------------------------------------------------------------
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
const number = (v, digits) => {
  const places = digits ?? (Math.abs(v) >= 100 ? 0 : Math.abs(v) >= 10 ? 1 : 2);
  return v.toFixed(places).replace(/^-(0(\.0*)?)$/, "$1").replace("-", "−");
};
const percent = (share, digits = 1) => `${number(100 * share, digits)} %`;

// ---- Packed data -------------------------------------------------------------------------
const decodeBytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const decodeFloats = (text) => new Float32Array(decodeBytes(text).buffer);
const decodeShorts = (text) => new Uint16Array(decodeBytes(text).buffer);
const decodeHalves = (text) =>
  Float32Array.from(new Uint16Array(decodeBytes(text).buffer), (half) => {
    const sign = half & 0x8000 ? -1 : 1, exponent = (half >> 10) & 31, fraction = half & 1023;
    return exponent ? sign * (1 + fraction / 1024) * 2 ** (exponent - 15) : sign * fraction * 2 ** -24;
  });

// ---- Pictures ----------------------------------------------------------------------------
// Dark violet to yellow, like viridis of Matplotlib.
const STOPS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const VIRIDIS = Array.from({ length: 256 }, (_, i) => {
  const stop = Math.min(3, Math.floor(i / 64)), t = i / 63.75 - stop;
  return STOPS[stop].map((from, c) => Math.round(from + t * (STOPS[stop + 1][c] - from)));
});
const PACKED = Uint32Array.from(VIRIDIS, ([r, g, b]) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0);
const shade = (v, [low, high]) => clamp(Math.round((255 * (v - low)) / (high - low || 1)), 0, 255);

// A picture (rows, columns, 1 or 3 channels) with values 0-255 as a canvas of that size.
function pictureCanvas(values, [height, width, channels]) {
  const canvas = make("canvas", { width, height }), image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++)
    for (let c = 0; c < 4; c++) image.data[4 * i + c] = c === 3 ? 255 : Math.round(values[i * channels + (channels === 3 ? c : 0)]);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

// Show `source` at the full width of `canvas`, with boxes [left, top, width, height, colour, line].
function showCanvas(canvas, source, boxes = [], least = 0) {
  const ratio = window.devicePixelRatio || 1, wide = Math.round((canvas.clientWidth || 80) * ratio), scale = wide / source.width;
  canvas.width = wide;
  canvas.height = Math.round(source.height * scale);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = scale < 1;
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  for (const [left, top, w, h, stroke, line = 2.5] of boxes) {
    const grow = Math.max(0, least * ratio - w * scale) / 2; // a box of a pixel should still be seen
    for (const [thick, style] of [[line + 2.5, "#000"], [line, stroke]]) {
      context.lineWidth = thick * ratio;
      context.strokeStyle = style;
      context.strokeRect(left * scale - grow, top * scale - grow, w * scale + 2 * grow, h * scale + 2 * grow);
    }
  }
}

// The place of a pointer on an element, in units of `columns` across it.
function pointerPlace(event, element, columns) {
  const box = element.getBoundingClientRect(), scale = columns / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
}

// ---- Curves ------------------------------------------------------------------------------
// Round numbers from low to high, about `count` of them.
function ticks(low, high, count = 5) {
  const rough = (high - low || 1) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough), from = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.max(0, Math.floor(high / step + 1e-9) - from + 1) }, (_, i) => (from + i) * step);
}

// Axes in an SVG of `width` and `height` pixels; x and y are [low, high]. Returns the SVG and scales.
function axes({ width, height, x, y, xName, yName, xShow = String, yShow = String, label, below = 46, before = 54, right = 14 }) {
  const top = 12;
  const px = (v) => before + ((v - x[0]) / (x[1] - x[0] || 1)) * (width - before - right);
  const py = (v) => height - below - ((v - y[0]) / (y[1] - y[0] || 1)) * (height - below - top);
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label },
    ticks(...x, width < 400 ? 4 : 7).map((v) => [draw("text", { x: px(v), y: height - below + 18, "text-anchor": "middle" }, xShow(v)),
      draw("line", { x1: px(v), x2: px(v), y1: height - below, y2: height - below + 5, stroke: "var(--soft)" })]),
    ticks(...y).map((v) => [draw("line", { x1: before, x2: width - right, y1: py(v), y2: py(v), stroke: "var(--line)", "stroke-width": 0.7 }),
      draw("text", { x: before - 7, y: py(v) + 4, "text-anchor": "end" }, yShow(v))]),
    draw("line", { x1: before, x2: width - right, y1: height - below, y2: height - below, stroke: "var(--soft)" }),
    draw("text", { x: (before + width - right) / 2, y: height - 8, "text-anchor": "middle" }, xName),
    draw("text", { transform: `translate(14 ${(height - below + top) / 2}) rotate(-90)`, "text-anchor": "middle" }, yName));
  return { svg, px, py };
}
const path = (points) => points.map(([x, y], i) => `${i ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

// ---- The page ----------------------------------------------------------------------------
// A sentence that follows the state, seen and read aloud; at most one a while, since screen readers
// queue them.
let saying;
function say(sentence) {
  document.documentElement.dataset.state = sentence; // at once, for tests
  clearTimeout(saying);
  saying = setTimeout(() => (find("status").textContent = sentence), 200);
}
const statusLine = () => make("p", { id: "status", role: "status", "aria-live": "polite" });

// Do something once before the next frame, however often it is asked for.
function onceAFrame(act) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; act(); });
  };
}

// Arrow keys and others: keys(element, {ArrowLeft: act, ...}).
function keys(element, acts) {
  element.addEventListener("keydown", (event) => {
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation(); // so that the notebook does not take it, too
    act(event);
  });
}

// Build the explorer; call what it returns whenever the width or the colours have changed.
function begin(explore) {
  document.documentElement.classList.add("live");
  const redraw = explore(JSON.parse(find("data").textContent)) || (() => {});
  const fit = () => {
    try {
      frameElement.style.height = `${Math.ceil(document.body.getBoundingClientRect().height)}px`;
      frameElement.previousElementSibling.style.visibility = "hidden";
    } catch { /* opened on its own, or sandboxed: then it scrolls */ }
  };
  let width = 0;
  new ResizeObserver(() => {
    if (innerWidth !== width && innerWidth > 0) { width = innerWidth; redraw(); }
    fit();
  }).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  for (const event of ["keydown", "keyup", "keypress"]) document.addEventListener(event, (e) => e.stopPropagation());
}

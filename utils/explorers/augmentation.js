// explore.augmentation: twelve variants of a picture, and the Keras layers that make such.
"use strict";

const NUMBER = 12, FILLS = ["reflect", "constant", "nearest", "wrap"];

// Random numbers from -1 to 1, the same from a seed (mulberry32).
function drawNumbers(seed, count) {
  return Array.from({ length: count }, () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return 2 * (((t ^ (t >>> 14)) >>> 0) / 4294967296) - 1;
  });
}

// Where the pixels come from: output (x, y) is read at (a x + b y + c, d x + e y + f). As in
// utils.pipelines: measured from the middle, the last step of the augmentation is undone first.
function affineMatrix({ mirror, angle, down, right, scale }, [height, width]) {
  const middleX = (width - 1) / 2, middleY = (height - 1) / 2, cos = Math.cos(angle), sin = Math.sin(angle);
  const [xx, xy, yx, yy] = [mirror * cos, -mirror * sin, sin, cos];
  return [scale * xx, scale * xy, middleX - xx * (scale * middleX + right) - xy * (scale * middleY + down),
    scale * yx, scale * yy, middleY - yx * (scale * middleX + right) - yy * (scale * middleY + down)];
}

// The place that stands for one outside the frame; -1 where there is none.
const INSIDE = {
  reflect: (at, size) => { const period = 2 * size, p = at - period * Math.floor(at / period); return Math.min(p, period - 1 - p); },
  wrap: (at, size) => at - size * Math.floor(at / size),
  nearest: (at, size) => clamp(at, 0, size - 1),
  constant: (at, size) => (at < 0 || at >= size ? -1 : at),
};

// Read all output pixels, mixed from their four neighbours.
function resample(source, [height, width, channels], [a, b, c, d, e, f], fill) {
  const out = new Float32Array(source.length), inside = INSIDE[fill];
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++, to += channels) {
      const fromX = a * x + b * y + c, fromY = d * x + e * y + f, left = Math.floor(fromX), top = Math.floor(fromY);
      for (const [row, alongY] of [[top, 1 - fromY + top], [top + 1, fromY - top]])
        for (const [column, alongX] of [[left, 1 - fromX + left], [left + 1, fromX - left]]) {
          const r = inside(row, height), k = inside(column, width);
          if (r < 0 || k < 0) continue; // constant: black
          for (let n = 0, at = (r * width + k) * channels; n < channels; n++) out[to + n] += alongX * alongY * source[at + n];
        }
    }
  return out;
}

// Move all values away from their mean, or towards it, as RandomContrast does.
function changeContrast(values, channels, factor) {
  const means = new Float64Array(channels);
  values.forEach((v, i) => (means[i % channels] += (v * channels) / values.length));
  return values.map((v, i) => clamp(means[i % channels] + (v - means[i % channels]) * factor, 0, 255));
}

function explore(data) {
  const picture = Float32Array.from(decodeBytes(data.picture)), size = data.shape, [height, width, channels] = size;
  const state = { seed: 1, flip: true, fill: "reflect", rotation: 0.05, translation: 0.1, zoom: 0.15, contrast: 0 };
  const untrue = new Set();

  // What each of the variants does; a slider stretches the same drawn numbers.
  const changes = () => Array.from({ length: NUMBER }, (_, i) => {
    const [side, angle, down, right, scale, strength] = drawNumbers(state.seed * 1000 + i, 6);
    return { mirror: state.flip && side < 0 ? -1 : 1, angle: angle * state.rotation * 2 * Math.PI, down: down * state.translation * height,
      right: right * state.translation * width, scale: 1 + scale * state.zoom, contrast: 1 + strength * state.contrast };
  });

  let variants = [];
  function update() {
    const all = changes();
    variants = all.map((change) => {
      const values = resample(picture, size, affineMatrix(change, size), state.fill);
      return state.contrast ? changeContrast(values, channels, change.contrast) : values;
    });
    variants.forEach((values, i) => showCanvas(tiles[i].canvas, pictureCanvas(values, size)));
    find("code").textContent = layers();
    Object.assign(document.documentElement.dataset, { changes: JSON.stringify(all.map((change) => [affineMatrix(change, size), change.contrast])), fill: state.fill });
    tell();
  }

  function tell() {
    tiles.forEach(({ button }, i) => {
      button.setAttribute("aria-pressed", untrue.has(i));
      button.setAttribute("aria-label", `Variant ${i + 1}: the label is ${untrue.has(i) ? "no longer" : "still"} true`);
    });
    const done = [state.flip && "mirrored or not", state.rotation && `turned by up to ${number(360 * state.rotation, 0)}°`, state.translation && `shifted by up to ${percent(state.translation, 0)}`,
      state.zoom && `zoomed by up to ${percent(state.zoom, 0)}`, state.contrast && `contrast changed by up to ${percent(state.contrast, 0)}`].filter(Boolean);
    find("verdict").textContent = `Is the label still true? In your eyes for ${NUMBER - untrue.size} of ${NUMBER}.`;
    say(`${done.length ? `Twelve variants: ${done.join(", ")}.` : "Nothing is changed: all twelve are the picture itself."} In your eyes the label is still true for ${NUMBER - untrue.size} of ${NUMBER}.`);
    document.documentElement.dataset.untrue = [...untrue].join(" ");
  }

  // The same as Keras layers. One number for RandomContrast would only ever raise the contrast.
  function layers() {
    const fill = state.fill === "reflect" ? "" : `, fill_mode="${state.fill}"`, f = (v) => String(+v.toFixed(2));
    const lines = [state.flip && 'RandomFlip("horizontal")', state.rotation && `RandomRotation(${f(state.rotation)}${fill})`,
      state.translation && `RandomTranslation(${f(state.translation)}, ${f(state.translation)}${fill})`, state.zoom && `RandomZoom(${f(state.zoom)}${fill})`,
      state.contrast && `RandomContrast((${f(state.contrast)}, ${f(state.contrast)}))`].filter(Boolean);
    return lines.length ? `keras.Sequential([\n${lines.map((line) => `    keras.layers.${line},\n`).join("")}])` : "# no layer at all";
  }

  // ---- Build ----
  const dial = (id, label, max, show) => slider({ id, label, min: 0, max, step: 0.01, value: state[id], show, act: (v) => change(id, v) });
  const redraw = onceAFrame(update);
  const change = (id, value) => { state[id] = value; untrue.clear(); redraw(); }; // they are other pictures now
  const tiles = Array.from({ length: NUMBER }, (_, i) => {
    const canvas = make("canvas");
    const button = make("button", { class: "tile", onclick: () => { if (!untrue.delete(i)) untrue.add(i); tell(); } }, canvas, make("span", { class: "cross", "aria-hidden": "true" }, "✕"));
    return { canvas, button };
  });
  const original = make("canvas", { role: "img", "aria-label": "The picture as it is", style: "width:100%" });
  document.head.append(make("style", {}, `
    #grid { display: grid; grid-template: "left right" "code right" 1fr "said said" / minmax(0, 23.5rem) minmax(0, 1fr); gap: .8rem 1.6rem }
    @media (max-width: 44rem) { #grid { grid-template: "left" "right" "code" "said" / minmax(0, 1fr) } }
    #status { grid-area: said }
    #left { grid-area: left; display: grid; gap: .35rem; align-content: start } #left figure { margin: 0; max-width: 9rem }
    #tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(max(22%, 4.6rem), 1fr)); gap: .5rem; max-width: ${(46 * width) / Math.max(width, height)}rem }
    .tile { position: relative; padding: 0; border: 3px solid var(--line); overflow: hidden; background: none } .tile canvas { width: 100% }
    .tile .cross { display: none; position: absolute; inset: 0; place-items: center; font-size: 3rem; font-weight: 700; color: #fff; background: #0008; text-shadow: 0 0 6px #000 }
    .tile[aria-pressed=true] { border-color: var(--network1); box-shadow: none } .tile[aria-pressed=true] .cross { display: grid }
    #code { margin: .3rem 0; padding: .5rem .6rem; background: var(--raised); border: 1px solid var(--line); border-radius: .3rem; overflow-x: auto; user-select: all; font-size: .8125rem; min-height: 9.6em } @media (max-width: 30rem) { #code { font-size: .6875rem } }
    #verdict { font-weight: 650 } #left .row { font-size: .9375rem }`));
  const copy = make("button", { onclick: () => {
    getSelection().selectAllChildren(find("code"));
    document.execCommand("copy"); // navigator.clipboard is closed to frames
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  } }, "Copy");
  document.body.append(make("main", {}, make("div", { id: "grid" },
    make("section", { id: "left", "aria-label": "Changes" }, make("figure", {}, original, make("figcaption", { class: "small" }, "the picture as it is")),
      make("label", {}, make("input", { type: "checkbox", id: "flip", checked: true, onchange: (event) => change("flip", event.target.checked) }), " Mirror every other one"),
      dial("rotation", "Rotation", 0.5, (v) => `±${number(360 * v, 0)}°`).element, dial("translation", "Translation", 0.5, (v) => `±${percent(v, 0)}`).element,
      dial("zoom", "Zoom", 0.7, (v) => `±${percent(v, 0)}`).element, dial("contrast", "Contrast", 0.9, (v) => `±${percent(v, 0)}`).element,
      radio({ name: "fill", legend: "Fill", options: FILLS.map((fill) => [fill, fill]), value: "reflect", act: (fill) => change("fill", fill) })),
    make("section", { "aria-label": "Twelve variants", style: "grid-area:right;min-width:0" },
      make("div", { class: "row", style: "margin-bottom:.5rem" }, make("button", { id: "roll", onclick: () => { state.seed++; untrue.clear(); update(); } }, "Roll again"), make("span", { id: "verdict" })),
      make("div", { id: "tiles" }, tiles.map(({ button }) => button)),
      make("p", { class: "small" }, "Click each picture whose label is no longer true, or that nobody would ever take.")),
    make("section", { "aria-label": "Keras layers", style: "grid-area:code;min-width:0" }, make("div", { class: "row" }, make("h2", { style: "margin:0" }, "In Keras"), copy), make("pre", { id: "code", tabindex: 0 })),
    statusLine())));
  const all = () => { showCanvas(original, pictureCanvas(picture, size)); update(); };
  all();
  return all;
}

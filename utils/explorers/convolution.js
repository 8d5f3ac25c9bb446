// explore.convolution: the learner's own network. Point at a value of a map and see what it was
// computed from; change the picture and everything follows.
"use strict";

const GREYS = { grey: 127, black: 0, white: 255 };

function explore(data) {
  const layers = buildNetwork(data.network, decodeHalves(data.network.kernels), decodeFloats(data.network.vectors));
  const original = decodeBytes(data.picture), size = data.network.shape, [height, width, channels] = size;
  const edited = Uint8Array.from(original), names = data.class_names;
  const at = { layer: 0, map: 0, y: 0, x: 0 }, brush = { y: height >> 1, x: width >> 1, colour: "grey" };
  const MARK = colour("mark"), BRUSH = "#fff";
  let values, ranges, untouched, milliseconds, held = false, field, atlasShown;

  const shapeOf = (i) => (i < 0 ? size : layers[i].shape); // -1: the picture
  const valueAt = (i, y, x, map) => values[i + 1][(y * shapeOf(i)[1] + x) * shapeOf(i)[2] + map];
  const isVector = (i) => shapeOf(i)[0] * shapeOf(i)[1] === 1;
  const sizeText = (shape) => (shape[0] * shape[1] === 1 ? `${shape[2]}` : shape.join(" × "));
  const unit = (i) => (isVector(i) ? "unit" : "map");
  const mapName = (i, map) => (i <= 0 && channels === 3 && shapeOf(i)[2] === 3 ? ["red", "green", "blue"][map] : `${unit(i)} ${map + 1}`);

  // ---- Compute ----
  function compute() {
    const began = performance.now();
    values = forward(layers, edited);
    milliseconds = performance.now() - began;
    document.documentElement.dataset.milliseconds = milliseconds.toFixed(1);
    if (!ranges) { // of the untouched picture, so that colours keep their meaning
      ranges = values.map((v, i) => rangeOfEachMap(v, shapeOf(i - 1)));
      untouched = answers();
    }
  }

  // What dark and yellow stand for in each map: 0 (or the smallest value) and the largest, but not
  // less than a tenth of the layer's largest, so that faint maps look faint.
  function rangeOfEachMap(all, [rows, columns, maps]) {
    let lowest = 0, highest = 0;
    const low = new Float32Array(maps), high = new Float32Array(maps);
    all.forEach((v, i) => {
      lowest = Math.min(lowest, v); highest = Math.max(highest, v);
      low[i % maps] = Math.min(low[i % maps], v); high[i % maps] = Math.max(high[i % maps], v);
    });
    const single = rows * columns === 1, faint = (highest - lowest) / 10 || 1;
    return Array.from(low, (l, map) => (single ? [lowest, Math.max(highest, maps === 1 ? 1 : 0)] : [l, Math.max(high[map], l + faint)]));
  }

  // Probabilities of the classes.
  function answers() {
    let last = values[values.length - 1];
    if (data.final) last = ACTIVATIONS[data.final](last, last.length);
    return last.length === 1 ? [1 - last[0], last[0]] : [...last];
  }

  // ---- Draw ----
  // Some maps of layer i side by side.
  function tiles(i, chosen, columns, gap) {
    const [rows, wide, maps] = shapeOf(i);
    const canvas = make("canvas", { width: columns * (wide + gap) - gap, height: Math.ceil(chosen.length / columns) * (rows + gap) - gap });
    const context = canvas.getContext("2d"), image = context.createImageData(canvas.width, canvas.height);
    const pixels = new Uint32Array(image.data.buffer);
    chosen.forEach((map, n) => {
      const left = (n % columns) * (wide + gap), top = Math.floor(n / columns) * (rows + gap);
      for (let y = 0; y < rows; y++)
        for (let x = 0; x < wide; x++)
          pixels[(top + y) * canvas.width + left + x] = PACKED[shade(values[i + 1][(y * wide + x) * maps + map], ranges[i + 1][map])];
    });
    context.putImageData(image, 0, 0);
    return canvas;
  }

  function atlas(i, wide) { // all maps of a layer, in a grid about `wide` times as broad as high
    const [, columns, maps] = shapeOf(i), across = Math.min(maps, 2 ** Math.round(Math.log2(Math.sqrt(wide * maps))));
    const gap = Math.ceil(columns / 24);
    return { canvas: tiles(i, [...Array(maps).keys()], across, gap), across, gap };
  }

  function drawThumbnails() {
    layers.forEach((_, i) => showCanvas(find(`thumb${i}`), atlas(i, 1).canvas));
  }

  function drawAll() {
    const layer = layers[at.layer], [rows, columns, maps] = layer.shape;
    if (!atlasShown || atlasShown.values !== values || atlasShown.layer !== at.layer)
      atlasShown = { ...atlas(at.layer, find("right").clientWidth > 500 ? 4 : 1.5), values, layer: at.layer };
    const { canvas, across, gap } = atlasShown, line = held ? 4 : 2.5;
    find("maps").style.width = `${Math.min(100, (100 * across * 190) / find("right").clientWidth)}%`;
    const left = (at.map % across) * (columns + gap), top = Math.floor(at.map / across) * (rows + gap);
    showCanvas(find("maps"), canvas, [[left, top, columns, rows, "#fff", line - 1], [left + at.x, top + at.y, 1, 1, MARK, line]], 8);
    showCanvas(find("map"), tiles(at.layer, [at.map], 1, 0), [[at.x, at.y, 1, 1, MARK, line]], 8);

    const whole = boxBelow(layer, { top: at.y, left: at.x, rows: 1, columns: 1, map: at.map }), box = clip(whole, layer.below);
    const sum = explain(layer, whole, box);
    find("sum").replaceChildren(...sum.elements);
    showCanvas(find("below"), at.layer ? tiles(at.layer - 1, [sum.from], 1, 0) : pictureCanvas(values[0], size), [[box.left, box.top, box.columns, box.rows, MARK, line]], 8);
    find("belowName").textContent = at.layer ? `below: ${layers[at.layer - 1].kind}, ${mapName(at.layer - 1, sum.from)}` : "below: the picture";
    find("mapName").textContent = `${layer.kind}, ${mapName(at.layer, at.map)} of ${maps}`;

    field = whole;
    for (let i = at.layer - 1; i >= 0; i--) field = boxBelow(layers[i], field);
    field = clip(field, size);
    drawPicture();
    drawAnswer();
    const place = isVector(at.layer) ? "" : `, row ${at.y + 1}, column ${at.x + 1}`;
    find("title").textContent = `Layer ${at.layer + 1}, ${layer.kind}: ${mapName(at.layer, at.map)}${place}`;
    find("panel").classList.toggle("held", held);
    find("letGo").hidden = !held;
    const value = valueAt(at.layer, at.y, at.x, at.map), best = answers();
    const subject = mapName(at.layer, at.map);
    say(`${subject[0].toUpperCase()}${subject.slice(1)} of layer ${at.layer + 1} (${layer.kind})${place}: ${number(value)}. It sees ${field.rows} × ${field.columns} of ` +
      `${height} × ${width} pixels. The network says ${names[best.indexOf(Math.max(...best))]}, ${percent(Math.max(...best))}.${held ? " Held." : ""}`);
    Object.assign(document.documentElement.dataset, { at: [at.layer, at.y, at.x, at.map], value, sum: sum.total, answer: best.join(" "), field: `${field.rows}x${field.columns}`, held });
  }

  function drawPicture() {
    const boxes = [[field.left, field.top, field.columns, field.rows, MARK, held ? 4 : 2.5]], side = brushSize.value;
    if (brush.shown) boxes.push([brush.x - side / 2, brush.y - side / 2, side, side, BRUSH, 1.5]);
    showCanvas(find("picture"), pictureCanvas(values[0], size), boxes, 8);
  }

  function drawAnswer() {
    const now = answers(), best = now.indexOf(Math.max(...now)), last = layers[layers.length - 1];
    const sums = data.final ? values[values.length - 1] : last.sums, ending = data.final || last.activation;
    find("answer").replaceChildren(
      make("p", { style: "font-size:1.125rem;margin:0" }, make("b", {}, `${names[best]} ${percent(now[best])}`)),
      ...now.map((share, i) => make("div", {},
        make("div", { class: "small", style: "display:flex;justify-content:space-between" }, make("span", {}, `${names[i]} ${percent(share)}`), make("span", {}, `untouched ${percent(untouched[i])}`)),
        make("div", { class: "bar" }, make("i", { style: `width:${100 * share}%;background:${classColour(i)}` }),
          make("i", { class: "before", style: `left:${clamp(100 * untouched[i], 0.6, 99.4)}%` })))),
      make("p", { class: "small" }, `Sum in front of the ${ending}: `, make("b", { class: "number", id: "logit" }, [...sums].map((v) => number(v)).join(", ")), ``));
  }

  // ---- The arithmetic ----
  const INK = (light) => (light > 0.18 ? "#000" : "#fff");
  function paintValue(i, map) {
    return (v) => {
      const rgb = VIRIDIS[shade(v, ranges[i + 1][map])], [r, g, b] = rgb.map((c) => (c / 255) ** 2.2);
      return `background:rgb(${rgb});color:${INK(0.21 * r + 0.72 * g + 0.07 * b)}`;
    };
  }
  const grid = (title, rows, columns, of, paint, bold = () => false) => make("table", { class: "grid" }, make("caption", {}, title),
    Array.from({ length: rows }, (_, r) => make("tr", {}, Array.from({ length: columns }, (_, c) =>
      make("td", { style: paint(of(r, c)) + (bold(r, c) ? ";outline:3px solid var(--mark);outline-offset:-3px;font-weight:700" : "") }, number(of(r, c)))))));
  const line = (...parts) => make("div", { class: "line" }, ...parts);
  const result = (v) => make("b", { class: "result number" }, number(v));

  function explain(layer, whole, box) {
    const below = values[at.layer], [rowsBelow, columnsBelow, maps] = layer.below, value = valueAt(at.layer, at.y, at.x, at.map);
    const read = (map) => (r, c) => {
      const y = whole.top + r, x = whole.left + c;
      return y < 0 || x < 0 || y >= rowsBelow || x >= columnsBelow ? 0 : below[(y * columnsBelow + x) * maps + map];
    };
    const single = read(whole.map ?? at.map)(0, 0), of = `${rowsBelow * columnsBelow === 1 ? "unit" : "map"} ${(whole.map ?? 0) + 1}`;
    if (layer.kernel) return explainSum(layer, whole, read, value);
    if (layer.kind.includes("Pooling")) {
      const inside = (r, c) => read(whole.map)(box.top - whole.top + r, box.left - whole.left + c);
      const all = Array.from({ length: box.rows * box.columns }, (_, n) => inside(Math.floor(n / box.columns), n % box.columns));
      const largest = all.indexOf(Math.max(...all)), isMax = layer.kind.includes("Max");
      return { from: whole.map, total: value, elements: [
        all.length <= 36 && line(grid(`${mapName(at.layer - 1, whole.map)}, the window`, box.rows, box.columns, inside, paintValue(at.layer - 1, whole.map), (r, c) => isMax && r * box.columns + c === largest)),
        line(isMax ? `The largest of ${all.length} values:` : `The average of ${all.length} values:`, result(value))].filter(Boolean) };
    }
    if (layer.scale) {
      const n = layer.scale.length, scale = layer.scale[at.map % n], shift = layer.shift[at.map % n];
      const times = layer.kind === "Rescaling" && Math.abs(scale) < 1 ? `÷ ${number(1 / scale, 0)}` : `× ${number(scale, 3)}`;
      return { from: whole.map, total: value, elements: [
        layer.kind === "BatchNormalization" && line("Measured while training, this map is brought to mean 0 and spread 1, then stretched and shifted:"),
        line(result(single), times, shift ? `+ ${number(shift)}` : "", "=", result(value))].filter(Boolean) };
    }
    if (layer.kind === "Flatten") return { from: whole.map, total: value, elements: [line(`Copied from ${of}, row ${box.top + 1}, column ${box.left + 1}:`, result(value))] };
    if (layer.kind === "ReLU") return { from: whole.map, total: value, elements: [line(result(single), "→", single < 0 ? (layer.slope ? `negative: × ${layer.slope}` : "negative becomes 0") : "stays", "→", result(value))] };
    const from = whole.map ?? at.map, score = read(from)(0, 0);
    return { from, total: value, elements: [line(result(score), `→ ${layer.activation} →`, result(value))] };
  }

  // What a convolution or a dense layer adds up: the maps below that matter most, then the rest.
  function explainSum(layer, whole, read, value) {
    const [, , maps] = layer.below, filters = layer.shape[2], [rows, columns] = layer.size;
    const weight = (map) => (r, c) => layer.kernel[((r * columns + c) * maps + map) * filters + at.map];
    const terms = Array.from({ length: maps }, (_, map) => {
      let sum = 0;
      for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) sum += read(map)(r, c) * weight(map)(r, c);
      return { map, sum };
    });
    if (maps > 3) terms.sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
    const one = rows * columns === 1, shown = one ? 6 : 3, rest = terms.slice(shown).reduce((total, term) => total + term.sum, 0);
    const bias = layer.bias[at.map], total = terms.reduce((all, term) => all + term.sum, bias);
    let most = 0;
    for (const { map } of terms.slice(0, shown)) for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) most = Math.max(most, Math.abs(weight(map)(r, c)));
    const paintWeight = (v) => { // as show_filters draws them: mid-grey is zero
      const grey = Math.round(127.5 + (127.5 * v) / (most || 1));
      return `background:rgb(${grey},${grey},${grey});color:${grey < 118 ? "#fff" : "#000"}`;
    };
    const first = terms.slice(0, shown).map(({ map, sum }, i) => {
      const name = mapName(at.layer - 1, map);
      return one ? line(i ? "+" : "", `${name}:`, make("span", { class: "number" }, `${number(read(map)(0, 0))} × ${number(weight(map)(0, 0), 3)} =`), result(sum))
        : line(make("span", { class: "plus" }, i ? "+" : ""), grid(name, rows, columns, read(map), paintValue(at.layer - 1, map)), "×", grid("weights", rows, columns, weight(map), paintWeight), "=", result(sum));
    });
    const others = terms.length - shown, plain = (layer.activation || "linear") === "linear";
    return { from: terms[0].map, total, elements: [
      make("div", { class: one ? "" : "terms" }, first),
      others > 0 && line("+", result(rest), `from the other ${others} ${one ? "units" : "maps"}`),
      line("+", result(bias), "bias =", result(total), !plain && `→ ${layer.activation === "relu" ? "ReLU" : layer.activation} →`, !plain && result(value)),
      layer.activation === "relu" && line(make("small", {}, total < 0 ? "ReLU: a negative sum becomes 0." : "ReLU: a positive sum stays as it is."))].filter(Boolean) };
  }

  // ---- Change the state ----
  function choose(change) {
    Object.assign(at, change);
    const [rows, columns, maps] = layers[at.layer].shape;
    Object.assign(at, { y: clamp(at.y, 0, rows - 1), x: clamp(at.x, 0, columns - 1), map: clamp(at.map, 0, maps - 1) });
    if ("layer" in change) {
      document.querySelector(`input[name=layer][value="${at.layer}"]`).checked = true;
      find("sum").style.minHeight = "";
    }
    drawAll();
    const box = find("sum"); // may grow, never shrink: what lies below keeps its place under the pointer
    box.style.minHeight = `${Math.max(parseFloat(box.style.minHeight) || 0, box.scrollHeight)}px`;
  }

  // The value of a layer that stands out most from its map, rather near the middle: there is
  // something to see there.
  function strongest(i) {
    const [rows, columns, maps] = shapeOf(i), all = values[i + 1], means = new Float64Array(maps);
    if (!isVector(i)) all.forEach((v, n) => (means[n % maps] += v / (rows * columns)));
    const far = (n, count) => (count > 1 ? (2 * n) / (count - 1) - 1 : 0) ** 2; // from the middle: 0 to 1
    let best = { score: -Infinity };
    for (let y = 0, n = 0; y < rows; y++) for (let x = 0; x < columns; x++) for (let map = 0; map < maps; map++, n++) {
      const score = (all[n] - means[map]) * (1 - 0.5 * (far(y, rows) + far(x, columns)));
      if (score > best.score) best = { score, y, x, map };
    }
    return { layer: i, y: best.y, x: best.x, map: best.map };
  }

  const recompute = onceAFrame(() => { compute(); drawThumbnails(); drawAll(); });
  function paint() {
    const side = brushSize.value, from = (v) => Math.max(0, Math.round(v - side / 2));
    for (let y = from(brush.y); y < Math.min(height, brush.y + side / 2); y++)
      edited.fill(GREYS[brush.colour], channels * (y * width + from(brush.x)), channels * (y * width + Math.min(width, Math.round(brush.x + side / 2))));
    recompute();
  }
  function shift(right, down) { // pixels that leave are gone; the edge is repeated
    const before = Uint8Array.from(edited);
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
      const from = channels * (clamp(y - down, 0, height - 1) * width + clamp(x - right, 0, width - 1));
      edited.set(before.subarray(from, from + channels), channels * (y * width + x));
    }
    recompute();
  }
  const restore = () => { edited.set(original); recompute(); };
  const setHeld = (now) => { held = now; drawAll(); };

  // ---- Build ----
  const brushSize = slider({ id: "brush", label: "Brush", min: 2, max: Math.round(width / 2), step: 1, value: Math.round(width / 5), show: (v) => `${v} px`, act: () => drawPicture() });
  const step = Math.max(1, Math.round(width / 24)), arrow = (label, text, right, down) => make("button", { "aria-label": `Shift the picture ${label} by ${step} pixels`, onclick: () => shift(right * step, down * step) }, text);
  document.head.append(make("style", {}, `
    #grid { display: grid; grid-template-columns: minmax(0, 17.5rem) minmax(0, 1fr); gap: 1rem 1.4rem }
    @media (max-width: 44rem) { #grid { grid-template-columns: minmax(0, 1fr) } }
    #left { display: grid; gap: .5rem; align-content: start } #picture { width: 100%; touch-action: none; cursor: crosshair }
    #left .row { gap: .25rem .5rem; font-size: .875rem } #left button { padding: .1rem .5rem } #answer .bar { margin: 0 0 .3rem } #answer .before { position: absolute; top: 0; width: 3px; margin-left: -1px; background: var(--ink) }
    #layers { display: flex; flex-wrap: wrap; gap: .3rem; padding: 3px; margin-bottom: .5rem }
    #layers label { position: relative; flex: 1 0 4.4rem; max-width: 5.2rem; padding: .2rem; border: 2px solid var(--line); border-radius: .3rem; font-size: .6875rem; line-height: 1.25; cursor: pointer; overflow-wrap: anywhere }
    #layers label:has(:checked) { border-color: var(--accent); background: var(--tint) } #layers input { position: absolute; opacity: 0; width: 1px; height: 1px }
    #layers canvas { width: 100%; margin-bottom: .2rem }
    #panel { display: grid; grid-template-columns: minmax(6rem, 13rem) minmax(20.5rem, 1fr) minmax(6rem, 13rem); gap: .5rem 1rem; align-items: start; padding: .6rem; border: 2px solid var(--line); border-radius: .4rem; margin-bottom: .6rem }
    #panel.held { background: var(--held); border-color: var(--mark) } #panel h2 { grid-column: 1 / -1; margin: 0; min-height: 2rem }
    #letGo { margin-left: .6rem; background: var(--mark); border-color: var(--mark); color: #000; font-weight: 650 }
    #panel canvas, #maps { width: 100% } #maps { touch-action: pan-y; cursor: crosshair } #map { cursor: crosshair; touch-action: pan-y }
    #sum { min-width: 0; overflow-x: auto } .line { display: flex; flex-wrap: wrap; align-items: center; gap: .2rem .45rem; margin-bottom: .25rem } .plus { width: .7rem }
    .terms .line { flex-wrap: nowrap } .grid { flex: 0 0 auto } .grid caption { font-size: .6875rem; text-align: left; color: var(--soft); line-height: 1.2; white-space: nowrap }
    .grid td { font: .6875rem ui-monospace, "DejaVu Sans Mono", monospace; padding: .15rem .2rem; text-align: right; min-width: 2.15rem; border: 1px solid var(--paper) }
    .result { font-weight: 700 }
    @media (max-width: 60rem) { #panel { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr) } #panel figure:first-of-type { order: 1 } #panel figure:last-of-type { order: 2 } #sum { grid-column: 1 / -1; order: 3 } }
    @media (max-width: 30rem) { .grid td { min-width: 1.75rem; padding: .15rem .08rem } .line { gap: .2rem .3rem } .plus { width: .5rem } #panel { padding: .4rem } }
    figure { margin: 0 }`));
  const maps = make("canvas", { id: "maps", tabindex: 0, role: "application", "aria-label": "All maps of the layer. Arrow keys move over the values, Page Up and Page Down change the map, Enter holds the value." });
  const map = make("canvas", { id: "map", role: "img", "aria-label": "The chosen map" });
  const picture = make("canvas", { id: "picture", tabindex: 0, role: "application", "aria-label": "The picture, and a brush. Arrow keys move the brush, Space paints, Delete restores the picture." });
  document.body.append(make("main", { id: "grid" },
    make("section", { id: "left", "aria-label": "Picture and answer" }, picture,
      radio({ name: "paint", legend: "Paint", options: Object.keys(GREYS).map((key) => [key, key]), value: "grey", act: (key) => (brush.colour = key) }),
      brushSize.element,
      make("div", { class: "row" }, make("span", {}, "Shift"), arrow("left", "←", -1, 0), arrow("up", "↑", 0, -1), arrow("down", "↓", 0, 1), arrow("right", "→", 1, 0),
        make("button", { id: "restore", onclick: restore }, "Restore")),
      make("div", { id: "answer" })),
    make("section", { id: "right", "aria-label": "Layers", style: "min-width:0" },
      make("fieldset", { id: "layers", "aria-label": "Layer" }, layers.map((layer, i) =>
        make("label", {}, make("input", { type: "radio", name: "layer", value: i, "aria-label": `Layer ${i + 1}, ${layer.kind}, ${sizeText(layer.shape)}` }), make("canvas", { id: `thumb${i}` }),
          layer.kind.replace(/(?!^)(Average|Max|Pooling|Normal|ization|2D)/g, "\u200b$1").replace("Conv\u200b", "Conv"), make("br"), sizeText(layer.shape)))),
      make("div", { id: "panel" },
        make("h2", {}, make("span", { id: "title" }), make("button", { id: "letGo", hidden: true, onclick: () => setHeld(false) }, "held: let go")),
        make("figure", {}, make("canvas", { id: "below", role: "img", "aria-label": "The layer below, with the window" }), make("figcaption", { class: "small", id: "belowName" })),
        make("div", { id: "sum" }),
        make("figure", {}, map, make("figcaption", { class: "small", id: "mapName" }))),
      maps, make("p", { class: "small" }, "Point at a value; a click holds it. Keys: arrows, Page Up, Page Down, Enter. On the picture: drag to paint; keys: arrows, Space, Delete."),
      statusLine())));

  // ---- Pointer and keys ----
  const overMaps = (event) => {
    const [rows, columns, count] = layers[at.layer].shape, { canvas, across, gap } = atlasShown;
    const [x, y] = pointerPlace(event, maps, canvas.width).map(Math.floor), column = Math.floor(x / (columns + gap)), row = Math.floor(y / (rows + gap));
    const chosen = row * across + column;
    if (chosen >= 0 && chosen < count && column < across) choose({ map: chosen, x: x - column * (columns + gap), y: y - row * (rows + gap) });
  };
  const overMap = (event) => { const [x, y] = pointerPlace(event, map, layers[at.layer].shape[1]).map(Math.floor); choose({ x, y }); };
  for (const [canvas, act] of [[maps, overMaps], [map, overMap]]) {
    canvas.addEventListener("pointermove", (event) => { if (!held || event.pointerType !== "mouse") act(event); });
    canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse") { held = !held; if (held) act(event); else drawAll(); } else act(event);
      event.preventDefault(); // the keys go on from here, whichever map was clicked
      maps.focus({ preventScroll: true });
    });
  }
  const across = (n) => (isVector(at.layer) ? { map: at.map + n } : { x: at.x + n });
  const down = (n) => (isVector(at.layer) ? { map: at.map + n * atlasShown.across } : { y: at.y + n });
  keys(maps, {
    ArrowLeft: () => choose(across(-1)), ArrowRight: () => choose(across(1)), ArrowUp: () => choose(down(-1)), ArrowDown: () => choose(down(1)),
    PageUp: () => choose({ map: at.map - 1 }), PageDown: () => choose({ map: at.map + 1 }), Enter: () => setHeld(!held), Escape: () => setHeld(false),
  });
  picture.addEventListener("pointerdown", (event) => picture.setPointerCapture(event.pointerId));
  for (const type of ["pointerdown", "pointermove"]) picture.addEventListener(type, (event) => {
    [brush.x, brush.y] = pointerPlace(event, picture, width);
    brush.shown = true;
    if (event.buttons & 1) paint(); else drawPicture();
  });
  const hideBrush = () => { brush.shown = document.activeElement === picture && picture.matches(":focus-visible"); drawPicture(); };
  for (const type of ["pointerleave", "focus", "blur"]) picture.addEventListener(type, hideBrush);
  const move = (right, below) => (event) => {
    const pixels = event.shiftKey ? 1 : 4;
    Object.assign(brush, { x: clamp(brush.x + right * pixels, 0, width), y: clamp(brush.y + below * pixels, 0, height), shown: true });
    drawPicture();
  };
  keys(picture, { ArrowLeft: move(-1, 0), ArrowRight: move(1, 0), ArrowUp: move(0, -1), ArrowDown: move(0, 1), " ": paint, Enter: paint, Delete: restore, Backspace: restore });
  find("layers").addEventListener("change", (event) => choose(strongest(+event.target.value)));

  compute();
  const first = Math.max(0, layers.findIndex((layer) => layer.kind === "Conv2D"));
  drawThumbnails();
  choose(strongest(first));
  return () => { drawThumbnails(); atlasShown = null; find("sum").style.minHeight = ""; choose({}); };
}

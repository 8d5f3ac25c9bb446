// explore.features: pictures as points. The map shows two directions; the neighbours are those in all.
"use strict";

function explore(data) {
  const names = data.class_names, labels = data.labels, n = labels.length, NEAR = data.near;
  const places = decodeFloats(data.places), neighbours = decodeShorts(data.neighbours), distances = decodeFloats(data.distances);
  const strongest = decodeShorts(data.strongest), strengths = decodeFloats(data.strengths); // of each picture: its features
  const brightest = decodeShorts(data.brightest), values = decodeFloats(data.values); // of each feature: its pictures
  const total = data.features, row = (packed, i, count = NEAR) => Array.from(packed.subarray(i * count, (i + 1) * count));
  const state = { picture: data.start, feature: strongest[data.start * NEAR], pictures: true };
  const sheet = new Image();

  // The map fills a square: both directions in one scale.
  const xs = places.filter((_, i) => i % 2 === 0), ys = places.filter((_, i) => i % 2 === 1);
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)], span = Math.max(right - left, high - low) || 1;
  let frame = { width: 0, height: 0, tile: 0 };
  const at = (i) => [frame.tile + ((xs[i] - left) / span) * (frame.width - 2 * frame.tile) + ((1 - (right - left) / span) / 2) * (frame.width - 2 * frame.tile),
    frame.height - frame.tile - ((ys[i] - low) / (high - low || 1)) * (frame.height - 2 * frame.tile)];

  function drawMap() {
    const canvas = find("map"), ratio = window.devicePixelRatio || 1, width = canvas.clientWidth || 320;
    frame = { width, height: Math.round(width * clamp((high - low) / span, 0.55, 1)), tile: state.pictures ? clamp(width / 22, 16, 30) : 10 };
    canvas.width = width * ratio;
    canvas.height = frame.height * ratio;
    canvas.style.aspectRatio = `${frame.width} / ${frame.height}`;
    const context = canvas.getContext("2d"), side = frame.tile;
    context.scale(ratio, ratio);
    const box = (i, size, line, paint) => { const [x, y] = at(i); context.lineWidth = line; context.strokeStyle = paint; context.strokeRect(x - size / 2, y - size / 2, size, size); };
    const one = (i, size, line) => {
      const [x, y] = at(i);
      if (state.pictures && sheet.complete && sheet.naturalWidth) {
        context.drawImage(sheet, (i % data.columns) * data.side, Math.floor(i / data.columns) * data.side, data.side, data.side, x - size / 2, y - size / 2, size, size);
        box(i, size, line, classColour(labels[i]));
      } else {
        context.beginPath();
        labels[i] % 2 ? context.rect(x - size / 4, y - size / 4, size / 2, size / 2) : context.arc(x, y, size / 3.4, 0, 7);
        context.fillStyle = classColour(labels[i]);
        context.fill();
      }
    };
    const near = row(neighbours, state.picture), lit = row(brightest, state.feature), INK = colour("ink"), MARK = colour("mark");
    for (let i = 0; i < n; i++) one(i, side, 2);
    context.globalAlpha = 0.45; // what matters stands out
    context.fillStyle = colour("paper");
    context.fillRect(0, 0, frame.width, frame.height);
    context.globalAlpha = 1;
    for (const i of near) {
      context.beginPath(); context.moveTo(...at(state.picture)); context.lineTo(...at(i));
      context.lineWidth = 2; context.strokeStyle = INK; context.stroke();
    }
    for (const i of [...lit, ...near]) one(i, side * 1.15, 3);
    for (const i of lit) { const [x, y] = at(i); context.beginPath(); context.arc(x, y, side * 0.95, 0, 7); context.lineWidth = 3; context.strokeStyle = MARK; context.stroke(); }
    one(state.picture, side * 1.8, 4);
    box(state.picture, side * 1.8 + 6, 3, INK);
  }

  const share = (chosen, k) => chosen.filter((i) => labels[i] === k).length;
  const words = (chosen) => names.map((name, k) => [name, share(chosen, k)]).filter(([, count]) => count).map(([name, count]) => `${count} ${name}`).join(", ");
  const choose = (picture) => { state.picture = picture; state.feature = strongest[picture * NEAR]; slide.value = state.feature; update(); };

  function update() {
    const near = row(neighbours, state.picture), lit = row(brightest, state.feature), label = names[labels[state.picture]];
    drawMap();
    find("chosen").replaceChildren(tile(state.picture, "large"), make("div", {}, make("b", {}, label), make("p", { class: "small" }, `picture ${state.picture + 1} of ${n}`)));
    find("nearTitle").textContent = `Nearest in all ${total.toLocaleString("en")} features: ${words(near)}`;
    find("near").replaceChildren(...near.map((i, k) => figure(i, number(distances[state.picture * NEAR + k], 1))));
    find("own").replaceChildren(...row(strongest, state.picture).map((k, i) => make("button", { class: "chip", "aria-pressed": k === state.feature, "aria-label": `Feature ${k}, ${number(strengths[state.picture * NEAR + i], 1)} spreads above its mean`,
      onclick: () => { state.feature = k; slide.value = k; update(); find("own").querySelector("[aria-pressed=true]")?.focus(); } }, `${k} `, make("span", { class: "small number" }, `+${number(strengths[state.picture * NEAR + i], 1)}`))));
    find("litTitle").textContent = `Feature ${state.feature} is brightest for: ${words(lit)}`;
    find("lit").replaceChildren(...lit.map((i, k) => figure(i, number(values[state.feature * NEAR + k], 2))));
    say(`Picture ${state.picture + 1}, ${label}. Of its ${NEAR} nearest neighbours ${share(near, labels[state.picture])} are ${label}, too. Feature ${state.feature} is brightest for ${words(lit)}.`);
    Object.assign(document.documentElement.dataset, { picture: state.picture, near: near.join(" "), feature: state.feature, lit: lit.join(" "), own: row(strongest, state.picture).join(" ") });
  }

  // ---- Build ----
  const rem = (kind) => (kind === "large" ? 6.5 : 3.6);
  function tile(i, kind) {
    const size = rem(kind);
    return make("i", { class: `thumb ${kind}`, role: "img", "aria-label": `Picture ${i + 1}, ${names[labels[i]]}`,
      style: `border-color:${classColour(labels[i])};background-size:${size * data.columns}rem auto;background-position:${-(i % data.columns) * size}rem ${-Math.floor(i / data.columns) * size}rem` });
  }
  const figure = (i, text) => make("button", { class: "pick", title: names[labels[i]], onclick: () => choose(i) }, tile(i, "small_"), make("span", { class: "small number" }, text));
  const slide = slider({ id: "feature", label: "Feature", min: 0, max: total - 1, step: 1, value: state.feature, show: (v) => `${v} of ${total.toLocaleString("en")}`, act: (v) => { state.feature = v; update(); } });
  document.head.append(make("style", {}, `
    #grid { display: grid; grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); gap: 1rem 1.6rem } #grid > * { min-width: 0 } @media (max-width: 50rem) { #grid { grid-template-columns: minmax(0, 1fr) } }
    #map { width: 100%; cursor: pointer; touch-action: pan-y; border: 1px solid var(--line); border-radius: .3rem }
    .thumb { display: block; border: 3px solid; border-radius: .2rem; background-image: url(data:image/jpeg;base64,${data.sheet}); background-origin: border-box }
    .small_ { width: 3.6rem; height: 3.6rem } .large { width: 6.5rem; height: 6.5rem } .strip { display: flex; flex-wrap: wrap; gap: .3rem; margin-bottom: .7rem }
    .pick { padding: 0; border: 0; background: none; display: grid; justify-items: center; line-height: 1.3 } #chosen { display: flex; gap: .8rem; align-items: center; margin-bottom: .6rem }
    .chip { padding: .1rem .45rem } .key { display: inline-flex; align-items: center; gap: .35rem } .key i { width: .9rem; height: .9rem; border: 3px solid } .ring { border-radius: 50% } #legend { font-size: .875rem; margin-top: .3rem }`));
  const legend = () => find("legend").replaceChildren(...names.map((name, k) => make("span", { class: "key" }, make("i", { style: `border-color:${classColour(k)}` }), name)),
    make("span", { class: "key" }, make("i", { class: "ring", style: "border-color:var(--mark)" }), "lights up the feature"), make("span", {}, "— nearest neighbours"));
  const map = make("canvas", { id: "map", tabindex: 0, role: "application", "aria-label": "Map of the pictures. Arrow keys go to the next picture in that direction." });
  document.body.append(make("main", {}, make("div", { id: "grid" },
    make("section", { "aria-label": "Map" }, map, make("div", { id: "legend", class: "row" }),
      make("label", { class: "small" }, make("input", { type: "checkbox", id: "pictures", checked: true, onchange: (event) => { state.pictures = event.target.checked; update(); } }), " pictures instead of points")),
    make("section", { "aria-label": "The chosen picture" }, make("div", { id: "chosen" }), make("h2", { id: "nearTitle" }), make("div", { id: "near", class: "strip" }),
      make("h2", {}, "Features that it lights up most"), make("div", { id: "own", class: "strip" }), slide.element, make("h2", { id: "litTitle", style: "margin-top:.3rem" }), make("div", { id: "lit", class: "strip" }))),
    make("p", { class: "small" }, "Click a picture. Under the neighbours: the distance; at the features: spreads above the mean; under the bright ones: the feature's value."), statusLine()));
  map.addEventListener("pointerdown", (event) => {
    const [x, y] = pointerPlace(event, map, frame.width);
    let best = [Infinity, 0];
    for (let i = 0; i < n; i++) { const [px, py] = at(i), d = Math.hypot(px - x, py - y); if (d < best[0]) best = [d, i]; }
    choose(best[1]);
  });
  // The nearest picture in a direction, a little sideways counted double.
  const towards = (right_, down) => () => {
    const [x, y] = at(state.picture);
    let best = [Infinity, state.picture];
    for (let i = 0; i < n; i++) {
      const [px, py] = at(i), ahead = (px - x) * right_ + (py - y) * down, aside = Math.abs((px - x) * down) + Math.abs((py - y) * right_);
      if (i !== state.picture && ahead > 0 && aside <= ahead * 1.5 && ahead + 2 * aside < best[0]) best = [ahead + 2 * aside, i];
    }
    if (best[1] !== state.picture) choose(best[1]);
  };
  keys(map, { ArrowLeft: towards(-1, 0), ArrowRight: towards(1, 0), ArrowUp: towards(0, -1), ArrowDown: towards(0, 1) });
  const all = () => { legend(); update(); };
  sheet.onload = all;
  sheet.src = `data:image/jpeg;base64,${data.sheet}`;
  all();
  return all;
}

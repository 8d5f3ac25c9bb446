// explore.confusion: which class was taken for which, the pictures behind each number, and a threshold
// that trades precision for recall.
"use strict";

const MOST_SHOWN = 48;

function explore(data) {
  const names = data.class_names, n = names.length, truth = data.labels, number_ = truth.length;
  const all = decodeFloats(data.probabilities), share = (i, k) => all[i * n + k];
  const said = truth.map((_, i) => names.reduce((best, _, k) => (share(i, k) > share(i, best) ? k : best), 0));
  const counts = names.map((_, r) => names.map((_, c) => truth.filter((t, i) => t === r && said[i] === c).length));
  const state = { cell: worstCell(), group: null, class: 0, threshold: 0.5 };
  const ratio = (a, b) => (b ? `${percent(a / b, 0)}` : "–"), plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

  // The largest number beside the diagonal.
  function worstCell() {
    let best = [0, Math.min(1, n - 1)];
    counts.forEach((row, r) => row.forEach((count, c) => { if (r !== c && count > counts[best[0]][best[1]]) best = [r, c]; }));
    return best;
  }

  // One class against all others: called so when its probability is above the threshold, as in Keras.
  function judged(k, threshold) {
    const groups = { found: [], missed: [], alarms: [], rest: 0 };
    truth.forEach((t, i) => {
      const called = share(i, k) > threshold;
      if (t === k) (called ? groups.found : groups.missed).push(i);
      else if (called) groups.alarms.push(i);
      else groups.rest++;
    });
    return groups;
  }

  function update() {
    const [r, c] = state.cell, k = state.class, groups = judged(k, state.threshold);
    document.querySelectorAll("#matrix button").forEach((button) => {
      const here = state.group === null && +button.dataset.row === r && +button.dataset.column === c;
      button.setAttribute("aria-pressed", here);
      button.tabIndex = +button.dataset.row === r && +button.dataset.column === c ? 0 : -1;
    });
    for (const id of ["missed", "alarms"]) find(id).setAttribute("aria-pressed", state.group === id);
    const inCell = truth.map((_, i) => i).filter((i) => truth[i] === r && said[i] === c);
    const byShare = (chosen, of) => chosen.sort((a, b) => share(b, of) - share(a, of));
    const [title, chosen, of] = state.group === "missed" ? [`${names[k]} missed at this threshold`, byShare(groups.missed, k), k]
      : state.group === "alarms" ? [`Called ${names[k]} by mistake at this threshold`, byShare(groups.alarms, k), k]
      : [r === c ? `${names[r]}, recognised` : `${names[r]} taken for ${names[c]}`, byShare(inCell, c), c];
    find("shownTitle").textContent = `${title}: ${chosen.length}`;
    find("shown").replaceChildren(...chosen.slice(0, MOST_SHOWN).map((i) => make("figure", {}, thumbnail(i, names[truth[i]]), make("figcaption", { class: "small" }, percent(share(i, of), 0)))),
      ...(chosen.length ? [] : [make("p", { class: "small" }, "None.")]));
    find("shownNote").textContent = `Per cent: the probability of ${names[of]}, the surest first.${chosen.length > MOST_SHOWN ? ` The first ${MOST_SHOWN} of ${chosen.length}.` : ""}`;

    const { found, missed, alarms } = groups, called = found.length + alarms.length, there = found.length + missed.length;
    find("precision").textContent = `${found.length} of ${called} = ${ratio(found.length, called)}`;
    find("recall").textContent = `${found.length} of ${there} = ${ratio(found.length, there)}`;
    find("missed").textContent = `${missed.length} missed`;
    find("alarms").textContent = plural(alarms.length, "false alarm");
    drawStrip(k);
    drawTrade(k, groups);
    say(`${state.group ? `${title}: ${chosen.length}` : `${counts[r][c]} of ${counts[r].reduce((a, b) => a + b)} true ${names[r]} were called ${names[c]}`}. Called ${names[k]} above ${percent(state.threshold, 0)}: ` +
      `precision ${ratio(found.length, called)}, recall ${ratio(found.length, there)}.`);
    Object.assign(document.documentElement.dataset, { cell: state.cell.join(" "), group: state.group || "", shown: chosen.join(" "), class: k, threshold: state.threshold,
      found: found.length, missed: missed.length, alarms: alarms.length });
  }

  // Every picture by the probability of this class: those of the class above, all others below.
  function drawStrip(k) {
    const width = find("strip").clientWidth || 320, { svg, px } = axes({ width, height: 150, x: [0, 1], y: [0, 1], before: 16, right: 26, xName: `probability of ${names[k]}`, yName: "",
      xShow: (v) => percent(v, 0), yShow: () => "", label: `Pictures by the probability of ${names[k]}; the threshold is ${percent(state.threshold, 0)}.` });
    svg.querySelectorAll("line[stroke='var(--line)']").forEach((line) => line.remove());
    const t = px(state.threshold);
    svg.append(draw("rect", { x: t, y: 12, width: Math.max(0, px(1) - t), height: 92, fill: "var(--accent)", opacity: 0.13 }));
    truth.forEach((label, i) => {
      const own = label === k, wave = ((i * 0.618034) % 1) * 26;
      svg.append(draw("circle", { cx: px(share(i, k)), cy: (own ? 24 : 68) + wave, r: 4, fill: classColour(label), "fill-opacity": 0.8, stroke: "var(--ink)", "stroke-width": own === share(i, k) > state.threshold ? 0 : 1.6 }));
    });
    const text = (x, y, anchor, words) => svg.append(draw("text", { x, y, "text-anchor": anchor, style: "font-weight:650;paint-order:stroke;stroke:var(--paper);stroke-width:4px" }, words));
    text(px(0), 20, "start", `true ${names[k]}`);
    text(px(1), 66, "end", "all others");
    svg.append(draw("line", { x1: t, x2: t, y1: 8, y2: 106, stroke: "var(--ink)", "stroke-width": 2.5 }));
    find("strip").replaceChildren(svg);
  }

  function drawTrade(k, { found, missed, alarms }) {
    const width = Math.min(find("trade").clientWidth || 320, 420), { svg, px, py } = axes({ width, height: 250, x: [0, 1], y: [0, 1], xName: "recall (%)", yName: "precision (%)", xShow: (v) => number(100 * v, 0), yShow: (v) => number(100 * v, 0),
      label: `Precision against recall for ${names[k]}, over all thresholds` });
    const at = (groups) => [groups.found.length / (groups.found.length + groups.missed.length || 1), groups.found.length / (groups.found.length + groups.alarms.length || 1), groups.found.length + groups.alarms.length];
    const points = Array.from({ length: 101 }, (_, i) => at(judged(k, i / 100))).filter(([, , called]) => called).map(([recall, precision]) => [px(recall), py(precision)]);
    svg.append(draw("path", { d: path(points), fill: "none", stroke: classColour(k), "stroke-width": 3 }));
    const [recall, precision, called] = at({ found, missed, alarms });
    if (called) svg.append(draw("circle", { cx: px(recall), cy: py(precision), r: 7, fill: classColour(k), stroke: "var(--ink)", "stroke-width": 2 }));
    find("trade").replaceChildren(svg);
  }

  // ---- Build ----
  const columns = data.columns;
  const thumbnail = (i, name) => make("i", { class: "thumb", role: "img", "aria-label": `Picture ${i + 1}, ${name}`, title: name,
    style: `background-position:${-(i % columns) * 4}rem ${-Math.floor(i / columns) * 4}rem` });
  const right = names.map((_, k) => counts[k][k]), rows = counts.map((row) => row.reduce((a, b) => a + b)), sums = names.map((_, c) => counts.reduce((sum, row) => sum + row[c], 0));
  const cell = (r, c) => make("td", {}, make("button", { "data-row": r, "data-column": c, "aria-label": `${names[r]} called ${names[c]}: ${counts[r][c]}`,
    style: `background:color-mix(in srgb, var(--${r === c ? "accent" : "network1"}) ${Math.round((45 * counts[r][c]) / (rows[r] || 1) + (r !== c && counts[r][c] ? 14 : 0))}%, var(--paper))`,
    onclick: () => { Object.assign(state, { cell: [r, c], group: null }); update(); } }, String(counts[r][c])));
  const group = (id) => make("button", { id, onclick: () => { state.group = state.group === id ? null : id; update(); } });
  document.head.append(make("style", {}, `
    .thumb { display: block; width: 4rem; height: 4rem; border-radius: .2rem; background-image: url(data:image/jpeg;base64,${data.sheet}); background-size: ${4 * columns}rem auto }
    #grid { display: grid; grid-template-columns: minmax(0, max-content) minmax(0, 1fr); gap: .8rem 2rem } #grid > * { min-width: 0 } @media (max-width: 50rem) { #grid { grid-template-columns: minmax(0, 1fr) } }
    .scroll { overflow-x: auto; padding: 3px } #matrix { font-size: .875rem } #matrix td, #matrix th { padding: .12rem .25rem; text-align: center; font-weight: 500 } #matrix tbody th { text-align: right; overflow-wrap: anywhere } #matrix .margin { color: var(--soft); font-style: italic }
    #matrix button { width: 100%; min-width: 3.2rem; min-height: 2.6rem; padding: 0; font-size: 1.125rem } #matrix button[aria-pressed=true] { outline: 3px solid var(--ink); outline-offset: 0; box-shadow: none }
    #shown { display: grid; grid-template-columns: repeat(auto-fill, 4rem); gap: .4rem; align-content: start; min-height: 11rem; max-height: 17rem; overflow-y: auto } #shown figure { margin: 0; text-align: center }
    #threshold_ { border-top: 1px solid var(--line); margin-top: .8rem; padding-top: .7rem; display: grid; grid-template-columns: minmax(0, 1.7fr) minmax(0, 1fr); gap: .4rem 1.6rem } #threshold_ > * { min-width: 0 } @media (max-width: 50rem) { #threshold_ { grid-template-columns: minmax(0, 1fr) } }
    #trade { min-height: 250px } dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .8rem; margin: .4rem 0 } @media (max-width: 30rem) { dl { grid-template-columns: 1fr } } dt, dd { margin: 0 } dd { font-weight: 650 }`));
  document.body.append(make("main", {}, make("div", { id: "grid" },
    make("section", { "aria-label": "Confusion matrix" }, make("h2", {}, `${right.reduce((a, b) => a + b)} of ${number_} right`),
      make("div", { class: "scroll" }, make("table", { id: "matrix" },
        make("thead", {}, make("tr", {}, make("td", { class: "margin" }, "true ↓  called →"), names.map((name) => make("th", { scope: "col" }, name)), make("td", { class: "margin" }, "recall"))),
        make("tbody", {}, names.map((name, r) => make("tr", {}, make("th", { scope: "row" }, name), names.map((_, c) => cell(r, c)), make("td", { class: "margin" }, ratio(right[r], rows[r])))),
          make("tr", {}, make("td", { class: "margin", style: "text-align:right" }, "precision"), names.map((_, c) => make("td", { class: "margin" }, ratio(right[c], sums[c]))), make("td")))))),
    make("section", { "aria-label": "Pictures" }, make("h2", { id: "shownTitle" }), make("div", { id: "shown", tabindex: 0, role: "group", "aria-label": "Pictures of the chosen cell" }), make("p", { class: "small", id: "shownNote" }))),
    make("div", { id: "threshold_" }, make("section", { "aria-label": "Threshold" },
      make("p", { class: "small" }, "The matrix calls a picture by its largest probability. Here one class is asked for alone, and a threshold decides."),
      radio({ name: "class", legend: "One class", options: names.map((name, k) => [String(k), name]), value: "0", act: (k) => { state.class = +k; update(); } }),
      slider({ id: "threshold", label: "Call it so above", min: 0, max: 0.99, step: 0.01, value: 0.5, show: (v) => percent(v, 0), act: (v) => { state.threshold = v; update(); } }).element,
      make("div", { id: "strip" }),
      make("dl", {}, make("dt", {}, "precision: of those called so, right"), make("dd", { class: "number", id: "precision" }), make("dt", {}, "recall: of those there, found"), make("dd", { class: "number", id: "recall" })),
      make("div", { class: "row" }, "Show: ", group("missed"), group("alarms"))),
    make("section", { "aria-label": "Precision against recall" }, make("div", { id: "trade" }))),
    statusLine()));
  const move = (down, across) => () => {
    state.cell = [clamp(state.cell[0] + down, 0, n - 1), clamp(state.cell[1] + across, 0, n - 1)];
    state.group = null;
    update();
    document.querySelector(`#matrix button[data-row="${state.cell[0]}"][data-column="${state.cell[1]}"]`).focus();
  };
  keys(find("matrix"), { ArrowLeft: move(0, -1), ArrowRight: move(0, 1), ArrowUp: move(-1, 0), ArrowDown: move(1, 0) });
  update();
  return update;
}

// explore.training: recorded learning curves, and where early stopping would have stopped them.
"use strict";

function explore(data) {
  const runs = data.runs, most = data.most_epochs;
  const state = { run: 0, metric: "loss", patience: Math.min(3, most), smoothing: 0, others: true };
  const isPart = (metric) => metric.includes("acc");
  const show = (metric, v) => (isPart(metric) ? percent(v) : number(v, 3));

  // Keras' EarlyStopping("val_loss", patience): stops when `patience` epochs in a row were not lower
  // than the lowest before. Epochs count from 1.
  function stopping(losses, patience) {
    let best = Infinity, kept = 0, waited = 0;
    for (let epoch = 1; epoch <= losses.length; epoch++) {
      if (losses[epoch - 1] < best) { best = losses[epoch - 1]; kept = epoch; waited = 0; }
      else if (++waited >= patience) return { stop: epoch, kept, early: true };
    }
    return { stop: losses.length, kept: kept || losses.length, early: false };
  }

  // Exponential smoothing: each value is mixed with the smoothed one before it.
  function smooth(values, share) {
    let last = values[0];
    return values.map((v) => (last = share * last + (1 - share) * v));
  }

  function update() {
    const run = runs[state.run], losses = run.val_loss, { stop, kept, early } = stopping(losses, state.patience);
    const saved = losses.length - stop, last = losses.length;
    for (const [id, epoch] of [["kept", kept], ["stop", stop], ["end", last]]) {
      find(id).replaceChildren(make("td", {}, make("i", { class: `sign ${id}` }), { kept: "kept", stop: early ? "stop" : "no stop", end: "end" }[id]),
        make("td", { class: "number" }, String(epoch)), ...data.metrics.flatMap((metric) => [make("td", { class: "number" }, show(metric, run[metric][epoch - 1])), make("td", { class: "number" }, show(metric, run[`val_${metric}`][epoch - 1]))]));
    }
    const later = Math.min(...losses.slice(stop)) < losses[kept - 1];
    find("saved").textContent = early
      ? `Stopped after epoch ${stop} of ${last}: ${saved} epoch${saved === 1 ? "" : "s"} saved.${later ? " A lower loss would have come later." : saved ? " Nothing lower would have come." : ""}`
      : `All ${last} epochs run: it never waited ${state.patience} epochs for a lower loss.`;
    drawCurves(run, stop, kept, early);
    const gain = data.metrics.find(isPart), there = (epoch) => show(gain, run[`val_${gain}`][epoch - 1]);
    say(`${runs.length > 1 ? `${run.name}: ` : ""}${early ? `with patience ${state.patience} training stops after epoch ${stop} of ${last}` : `with patience ${state.patience} training runs to the end, epoch ${last}`}; ` +
      `epoch ${kept} is kept, validation loss ${number(losses[kept - 1], 3)}.` + (gain ? ` Validation accuracy there ${there(kept)}, at the end ${there(last)}.` : ""));
    Object.assign(document.documentElement.dataset, { stop, kept, early, run: run.name, metric: state.metric });
  }

  function drawCurves(run, stop, kept, early) {
    const metric = state.metric, width = find("curves").clientWidth || 320, others = state.others ? runs.filter((each) => each !== run) : [];
    const all = [run, ...others].flatMap((each) => [...each[metric], ...each[`val_${metric}`]]).filter(Number.isFinite);
    let low = Math.min(...all), high = Math.max(...all);
    if (!isPart(metric)) { // one wild epoch should not flatten all others
      const sorted = [...all].sort((a, b) => a - b);
      low = Math.min(low, 0);
      high = Math.min(high, Math.max(2.5 * sorted[Math.floor(0.9 * (sorted.length - 1))], run.val_loss[kept - 1] * 2.2));
    }
    const span = (high - low || 1) * 0.04, x = [1, Math.max(2, most)], y = [low - (isPart(metric) ? span : 0), high + span];
    const { svg, px, py } = axes({ width, height: Math.min(390, Math.max(270, width * 0.45)), x, y, xName: "epoch", yName: isPart(metric) ? `${metric} (%)` : metric,
      xShow: (v) => (Number.isInteger(v) ? v : ""), yShow: (v) => (isPart(metric) ? number(100 * v, 0) : number(v, high < 1 ? 2 : 1)), label: find("status")?.textContent || "Learning curves" });
    const top = py(y[1]), bottom = py(y[0]);
    const clip = (v) => clamp(v, ...y), points = (values) => values.map((v, i) => [px(i + 1), py(clip(v))]).filter(([, at]) => Number.isFinite(at));
    const curve = (values, paint, dash, thick, faint = 1) => [
      state.smoothing > 0 && faint === 1 && draw("path", { d: path(points(values)), fill: "none", stroke: paint, "stroke-width": 1.2, opacity: 0.4 }),
      draw("path", { d: path(points(smooth(values, state.smoothing))), fill: "none", stroke: paint, "stroke-width": thick, "stroke-dasharray": dash, opacity: faint })].filter(Boolean);
    if (early) svg.append(draw("rect", { x: px(stop), y: top, width: Math.max(0, px(run.val_loss.length) - px(stop)), height: bottom - top, fill: "var(--soft)", opacity: 0.16 }),
      draw("rect", { x: px(kept), y: top, width: px(stop) - px(kept), height: bottom - top, fill: "var(--mark)", opacity: 0.14 }));
    for (const each of others) svg.append(...curve(each[`val_${metric}`], networkColour(each), "7 5", 2, 0.85));
    svg.append(...curve(run[metric], "var(--training)", "none", 3), ...curve(run[`val_${metric}`], "var(--validation)", "8 5", 3));
    const at = clip(smooth(run[`val_${metric}`], state.smoothing)[kept - 1]);
    svg.append(draw("line", { x1: px(kept), x2: px(kept), y1: top, y2: bottom, stroke: "var(--ink)", "stroke-width": 1.5, "stroke-dasharray": "2 3" }),
      draw("circle", { cx: px(kept), cy: py(at), r: 7, fill: "var(--validation)", stroke: "var(--ink)", "stroke-width": 2 }));
    const label = (epoch, text, dy) => {
      const end = px(epoch) > width - 150;
      svg.append(draw("text", { x: px(epoch) + (end ? -8 : 8), y: top + dy, "text-anchor": end ? "end" : "start", style: "font-weight:650;paint-order:stroke;stroke:var(--paper);stroke-width:4px" }, text));
    };
    label(kept, `kept: epoch ${kept}`, 14);
    if (early) {
      svg.append(draw("line", { x1: px(stop), x2: px(stop), y1: top, y2: bottom, stroke: "var(--ink)", "stroke-width": 2.5 }));
      label(stop, `stop: epoch ${stop}`, 34);
    }
    find("curves").replaceChildren(svg);
  }
  const networkColour = (run) => `var(--network${runs.indexOf(run) % 3})`;

  // ---- Build ----
  const patience = slider({ id: "patience", label: "Patience", min: 1, max: Math.max(2, most), step: 1, value: state.patience, show: (v) => `${v} epoch${v === 1 ? "" : "s"}`, act: (v) => { state.patience = v; update(); } });
  const smoothing = slider({ id: "smoothing", label: "Smoothing", min: 0, max: 0.9, step: 0.05, value: 0, show: (v) => number(v, 2), act: (v) => { state.smoothing = v; update(); } });
  const controls = [patience.element, smoothing.element,
    data.metrics.length > 1 && radio({ name: "metric", legend: "Show", options: data.metrics.map((metric) => [metric, metric]), value: "loss", act: (metric) => { state.metric = metric; update(); } })];
  if (runs.length > 1) controls.unshift(radio({ name: "run", legend: "Run", options: runs.map((run, i) => [String(i), run.name]), value: "0", act: (i) => { state.run = +i; all(); } }));
  document.head.append(make("style", {}, `
    #controls { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: .3rem 1.6rem; margin-bottom: .5rem }
    #legend { gap: .2rem 1.2rem; font-size: .875rem } #legend svg { display: inline-block; vertical-align: middle; margin-right: .35rem }
    .scroll { overflow-x: auto } #numbers { margin: .6rem 0; font-size: .875rem } #numbers td, #numbers th { padding: .2rem clamp(.2rem, 1vw, .6rem); text-align: right; border-top: 1px solid var(--line) } #numbers td:first-child, #numbers th:first-child { text-align: left }
    .sign { display: inline-block; width: .9rem; height: .9rem; margin-right: .4rem; vertical-align: -.1rem } .sign.kept { border-radius: 50%; background: var(--validation); border: 2px solid var(--ink) } .sign.stop { border-left: 3px solid var(--ink); margin-left: .35rem; width: .55rem }
    #numbers td:first-child { white-space: nowrap } @media (max-width: 30rem) { #numbers { font-size: .75rem } #numbers :is(td, th) { padding: .2rem .15rem } #numbers .sign { margin-right: .2rem } #numbers .number { font-size: .8125rem } }
    #saved { font-weight: 650 }`));
  const key = (paint, dash, text) => make("span", {}, draw("svg", { width: 34, height: 10, "aria-hidden": "true" }, draw("line", { x1: 0, x2: 34, y1: 5, y2: 5, stroke: paint, "stroke-width": 3, "stroke-dasharray": dash })), text);
  const legend = () => find("legend").replaceChildren(key("var(--training)", "none", "training"), key("var(--validation)", "8 5", "validation"),
    ...(runs.length > 1 ? runs.filter((_, i) => i !== state.run).map((run) => key(networkColour(run), "7 5", `${run.name}: validation`)) : []));
  document.body.append(make("main", {},
    make("div", { id: "controls" }, controls.filter(Boolean)),
    make("div", { id: "legend", class: "row" }), make("div", { id: "curves" }),
    make("p", { id: "saved" }),
    make("div", { class: "scroll" }, make("table", { id: "numbers" },
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, ""), make("th", { scope: "col" }, "epoch"), data.metrics.flatMap((metric) => [make("th", { scope: "col" }, metric), make("th", { scope: "col" }, "val_", make("wbr"), metric)]))),
      make("tbody", {}, make("tr", { id: "kept" }), make("tr", { id: "stop" }), make("tr", { id: "end" })))),
    statusLine()));
  const all = () => { legend(); update(); };
  all();
  return all;
}

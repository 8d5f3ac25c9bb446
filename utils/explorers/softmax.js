// explore.softmax: logits in, probabilities out. The classes compete; sigmoids do not. What a wrong
// belief costs, and which way its slope points.
"use strict";

const MARKS = { clip: 1e-7 }; // what Keras replaces smaller probabilities by
const big = (v) => (v < 1e5 && v >= 0.001 ? number(v, v < 0.1 ? 3 : v < 1000 ? 2 : 0) : inPowersOfTen(v));
const inPowersOfTen = (v) => {
  const [digits, exponent] = v.toExponential(1).split("e");
  return `${digits}·10${[...exponent.replace("+", "")].map((letter) => (letter === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[letter])).join("")}`;
};
const share = (p) => (p > 0 && p < 1e-6 ? `${(100 * p).toExponential(0).replace("-", "−")} %` : percent(p, p > 0 && p < 0.001 ? 4 : 1));

function explore(data) {
  const names = data.class_names, n = names.length;
  const state = { truth: 0, add: 0, temperature: 1 };

  // Everything that follows from the sliders.
  function compute() {
    const scaled = sliders.map((each) => (each.value + state.add) / state.temperature), top = Math.max(...scaled);
    const powers = scaled.map((z) => Math.exp(z - top)), total = powers.reduce((a, b) => a + b);
    const shares = powers.map((power) => power / total), sigmoids = scaled.map((z) => 1 / (1 + Math.exp(-z)));
    const others = powers.reduce((sum, power, i) => (i === state.truth ? sum : sum + power), 0);
    const margin = scaled[state.truth] - top - Math.log(others); // ahead of all others together: the log odds
    return { scaled, shares, sigmoids, margin, powers: scaled.map(Math.exp), price: fromLogits(margin), clipped: fromClipped(margin),
      slopes: shares.map((p, i) => p - (i === state.truth)) };
  }
  const fromLogits = (margin) => Math.max(0, -margin) + Math.log1p(Math.exp(-Math.abs(margin))); // ln(1 + e^-margin)
  const fromClipped = (margin) => -Math.log(Math.max(MARKS.clip, Math.min(1 - MARKS.clip, 1 / (1 + Math.exp(-margin)))));
  const isFlat = ({ margin }) => Math.abs(margin) > -Math.log(MARKS.clip);

  function update() {
    const now = compute(), sum = (list) => list.reduce((a, b) => a + b);
    rows.forEach((row, i) => {
      row.logit.textContent = number(now.scaled[i], 1);
      row.power.textContent = big(now.powers[i]);
      for (const [key, values] of [["softmax", now.shares], ["sigmoid", now.sigmoids]]) {
        row[key].bar.style.width = `${100 * values[i]}%`;
        row[key].text.textContent = share(values[i]);
      }
      const slope = now.slopes[i];
      row.slope.bar.style.cssText = `width:${50 * Math.abs(slope)}%;${slope < 0 ? "right" : "left"}:50%;position:absolute;top:0;background:var(--soft)`;
      row.slope.text.textContent = number(slope, 3);
      row.element.classList.toggle("truth", i === state.truth);
    });
    find("powers").textContent = big(sum(now.powers));
    find("softmaxes").textContent = percent(sum(now.shares));
    find("sigmoids").textContent = percent(sum(now.sigmoids));
    find("slopes").textContent = number(sum(now.slopes), 3);
    find("price").replaceChildren("−ln ", make("b", { class: "number" }, share(now.shares[state.truth])), " = ", make("b", { class: "number" }, number(now.price, 3)),
      make("span", { class: "small" }, `  (guessing among ${n}: ${number(Math.log(n), 3)})`));
    const slope = number(now.slopes[state.truth], 3);
    find("fromLogits").textContent = `${number(now.price, 3)}, slope ${slope}`;
    find("fromClipped").textContent = `${number(now.clipped, 3)}, slope ${isFlat(now) ? "0.000: nothing is learnt" : slope}`;
    drawPrices(now);
    const best = now.shares.indexOf(Math.max(...now.shares));
    say(`Softmax gives ${names[best]} ${share(now.shares[best])}; the sigmoids add up to ${percent(sum(now.sigmoids), 0)}. ` +
      `The truth is ${names[state.truth]}: price ${number(now.price, 2)}, slope ${number(now.slopes[state.truth], 2)}.` +
      (isFlat(now) ? ` From clipped probabilities the slope is 0: nothing is learnt.` : ""));
    Object.assign(document.documentElement.dataset, { logits: now.scaled.join(" "), softmax: now.shares.join(" "), sigmoid: now.sigmoids.join(" "),
      slopes: now.slopes.join(" "), price: now.price, clipped: now.clipped });
  }

  function drawPrices(now) {
    const width = Math.min(find("prices").clientWidth || 320, 620), x = [-30, 10], y = [0, 30];
    const { svg, px, py } = axes({ width, height: 250, x, y, xName: "margin of the true class", yName: "price", xShow: (v) => number(v, 0),
      label: `Price against margin. From logits ${number(now.price, 2)}, from clipped probabilities ${number(now.clipped, 2)}.` });
    const margins = Array.from({ length: 161 }, (_, i) => x[0] + i / 4), at = clamp(now.margin, ...x);
    svg.append(
      draw("path", { d: path(margins.map((m) => [px(m), py(fromClipped(m))])), fill: "none", stroke: "var(--network0)", "stroke-width": 3, "stroke-dasharray": "7 5" }),
      draw("path", { d: path(margins.map((m) => [px(m), py(fromLogits(m))])), fill: "none", stroke: "var(--network1)", "stroke-width": 3 }),
      draw("text", { x: px(-21), y: py(25.4), style: "font-weight:600" }, "from logits"), draw("text", { x: px(-29.5), y: py(13.2), style: "font-weight:600" }, "clipped: flat"),
      draw("line", { x1: px(at), x2: px(at), y1: py(0), y2: py(30), stroke: "var(--soft)", "stroke-dasharray": "2 3" }),
      draw("circle", { cx: px(at), cy: py(clamp(now.clipped, ...y)), r: 6, fill: "var(--network0)", stroke: "var(--paper)", "stroke-width": 2 }),
      draw("circle", { cx: px(at), cy: py(clamp(now.price, ...y)), r: 7, fill: "var(--network1)", stroke: "var(--paper)", "stroke-width": 2 }));
    find("prices").replaceChildren(svg);
  }

  // ---- Build ----
  const sliders = names.map((name, i) => slider({ id: `logit${i}`, label: "", min: -15, max: 15, step: 0.1, value: data.logits[i], show: (v) => number(v, 1), act: update }));
  sliders.forEach((each, i) => each.input.setAttribute("aria-label", `Logit of ${names[i]}`));
  const cell = (colour) => { const bar = make("i", { style: `background:${colour}` }), text = make("span", { class: "number" }); return { bar, text, element: make("td", {}, make("div", { class: "bar" }, bar), text) }; };
  const rows = names.map((name, i) => {
    const row = { logit: make("td", { class: "number" }), power: make("td", { class: "number" }), softmax: cell(classColour(i)), sigmoid: cell(classColour(i)), slope: cell("var(--soft)") };
    const truth = make("input", { type: "radio", name: "truth", value: i, checked: i === 0, "aria-label": `The truth is ${name}`, onchange: () => { state.truth = i; update(); } });
    row.element = make("tr", {}, make("th", { scope: "row" }, make("label", {}, truth, " ", make("i", { class: "dot", style: `background:${classColour(i)}` }), name), sliders[i].element),
      row.logit, row.power, row.softmax.element, row.sigmoid.element, row.slope.element);
    return row;
  });
  const add = slider({ id: "add", label: "Add to all", min: -10, max: 10, step: 0.5, value: 0, show: (v) => number(v, 1), act: (v) => { state.add = v; update(); } });
  const temperature = slider({ id: "temperature", label: "Temperature", min: -2, max: 2, step: 0.1, value: 0, show: (v) => number(2 ** v, 2), act: (v) => { state.temperature = 2 ** v; update(); } });
  const preset = (text, logits) => make("button", { onclick: () => {
    sliders.forEach((each, i) => (each.value = logits()[i]));
    add.value = temperature.value = 0;
    Object.assign(state, { add: 0, temperature: 1 });
    update();
  } }, text);
  const sureAndWrong = () => names.map((_, i) => (i === state.truth ? -15 : i === (state.truth + 1) % n ? 15 : 0));
  document.head.append(make("style", {}, `
    .scroll { overflow-x: auto } #table { width: 100% } #table td, #table th { text-align: left; padding: .3rem .45rem; vertical-align: bottom } #table td:nth-child(-n+3), #table th:nth-child(-n+3) { text-align: right; width: 5rem } sup { line-height: 0 } #table th:first-child { text-align: left; min-width: 9rem; width: 27% !important }
    #table th label:first-child { display: block; overflow-wrap: anywhere } #table thead th { border-bottom: 1px solid var(--line); font-size: .875rem; vertical-align: top } #table tfoot td, #table tfoot th { border-top: 1px solid var(--line); font-size: .875rem }
    #table td:nth-child(n+4) { width: 18% } #table :is(td, th):nth-child(4) { padding-left: 1.2rem } #table .bar { margin-bottom: .1rem } #table input[type=range] + output { display: none }
    .truth { background: var(--tint) } .dot { display: inline-block; width: .8rem; height: .8rem; border-radius: 50%; margin: 0 .35rem 0 .1rem }
    #below { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 1rem; margin: .8rem 0 } #below > * { min-width: 0 }
    @media (max-width: 40rem) {
      #table thead { display: none } #table, #table tbody, #table tfoot { display: block } #table tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); border-bottom: 1px solid var(--line); padding: .3rem 0 }
      #table th:first-child { grid-column: 1 / 3; width: auto !important } #table tfoot th, #table tfoot td { border: 0 } #table :is(td, th):nth-child(4) { padding-left: .45rem } #table td { width: auto !important; text-align: left } #table td:nth-child(3) { display: none }
      #table tbody td:nth-child(2)::before, #table td:nth-child(n+4)::before { content: attr(data-name); font-size: .75rem; color: var(--soft); display: block } #table tfoot td { display: block }
    }`));
  for (const row of rows) row.element.querySelectorAll("td").forEach((td, i) => (td.dataset.name = ["z", "", "softmax", "sigmoid", "p − one-hot"][i]));
  document.body.append(make("main", {},
    make("div", { class: "scroll" }, make("table", { id: "table" },
      make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "truth, and logit z"), make("th", { scope: "col" }, "z"), make("th", { scope: "col" }, "e", make("sup", {}, "z")), make("th", { scope: "col" }, "softmax: e", make("sup", {}, "z"), " ÷ sum"),
        make("th", { scope: "col" }, "sigmoid, each alone"), make("th", { scope: "col" }, "slope: p − one-hot"))),
      make("tbody", {}, rows.map((row) => row.element)),
      make("tfoot", {}, make("tr", {}, make("th", { scope: "row" }, "sum"), make("td"), make("td", { class: "number", id: "powers" }), make("td", { class: "number", id: "softmaxes", "data-name": "softmax" }),
        make("td", { class: "number", id: "sigmoids", "data-name": "sigmoid" }), make("td", { class: "number", id: "slopes", "data-name": "p − one-hot" }))))),
    make("div", { id: "below" },
      make("section", { "aria-label": "All logits together" }, add.element, temperature.element, make("p", { class: "small" }, "All logits are divided by the temperature."),
        make("div", { class: "row", style: "margin:.5rem 0" }, preset("As at the start", () => data.logits), preset("Sure, and wrong", sureAndWrong)),
        make("h2", {}, "The price of this belief"), make("p", { id: "price", style: "font-size:1.125rem" }),
        make("p", {}, make("i", { class: "dot", style: "background:var(--network1)" }), "from logits: ", make("span", { class: "number", id: "fromLogits" })),
        make("p", {}, make("i", { class: "dot", style: "background:var(--network0)" }), "from clipped probabilities: ", make("span", { class: "number", id: "fromClipped" })),
        make("p", { class: "small" }, "Keras replaces probabilities below 0.0000001 by that number; a number put in has no slope.")),
      make("section", { "aria-label": "Price against margin" }, make("h2", {}, "Price against margin"), make("div", { id: "prices" }),
        make("p", { class: "small" }, "Margin: how far the true class's logit is ahead of all others together."))),
    statusLine()));
  update();
  return () => update();
}

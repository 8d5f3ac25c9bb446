// node forward_in_node.js IN OUT: the values of all layers for some pictures, as network.js has them.
// IN: JSON with the network as _network.describe gives it, pictures (float32, base64), their number.
"use strict";
const fs = require("fs"), path = require("path");
const { buildNetwork, forward } = require(path.join(__dirname, "..", "utils", "explorers", "network.js"));
const page = fs.readFileSync(path.join(__dirname, "..", "utils", "explorers", "page.js"), "utf8");
const { decodeHalves, decodeFloats } = new Function(page + "; return { decodeHalves, decodeFloats }")();

const { network, pictures, number } = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const layers = buildNetwork(network, decodeHalves(network.kernels), decodeFloats(network.vectors));
const all = decodeFloats(pictures), size = all.length / number, out = [], times = [];
for (let i = 0; i < number; i++) {
  const began = performance.now();
  const values = forward(layers, all.subarray(i * size, (i + 1) * size));
  times.push(performance.now() - began);
  for (const layer of values.slice(1)) out.push(Buffer.from(layer.buffer, layer.byteOffset, layer.byteLength));
}
fs.writeFileSync(process.argv[3], Buffer.concat(out));
console.log(times.sort((a, b) => a - b)[times.length >> 1].toFixed(1), "ms a pass");

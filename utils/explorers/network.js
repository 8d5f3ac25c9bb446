// A network's forward pass. It knows nothing of the page: a test runs it in node against Keras.
//
// The values of a layer stand in one Float32Array, as in Keras: row by row, column by column, map by
// map. A vector is a picture of one pixel, so a dense layer is a convolution with a 1 x 1 window.
"use strict";

// What an activation makes of the sums; `maps` values stand at each place.
const ACTIVATIONS = {
  linear: (sums) => sums,
  relu: (sums) => sums.map((v) => Math.max(0, v)),
  sigmoid: (sums) => sums.map((v) => 1 / (1 + Math.exp(-v))),
  tanh: (sums) => sums.map(Math.tanh),
  softmax: (sums, maps) => {
    const shares = new Float32Array(sums.length);
    for (let at = 0; at < sums.length; at += maps) {
      const here = sums.subarray(at, at + maps), top = Math.max(...here);
      const powers = Array.from(here, (v) => Math.exp(v - top)), total = powers.reduce((a, b) => a + b);
      shares.set(powers.map((power) => power / total), at);
    }
    return shares;
  },
};

// Slide a layer's window over the layer below; visit(cell, at, window) for each place in it, finish
// (cell, count) at the end. With padding, places outside the layer below are left out.
function slide(layer, maps, start, visit, finish) {
  const [height, width] = layer.shape, [rows, columns] = layer.size, [down, across] = layer.stride;
  const [heightBelow, widthBelow, mapsBelow] = layer.below, [above, before] = layer.padding;
  const out = new Float32Array(height * width * maps), cell = new Float64Array(maps);
  for (let y = 0, to = 0; y < height; y++)
    for (let x = 0; x < width; x++, to += maps) {
      typeof start === "number" ? cell.fill(start) : cell.set(start);
      let count = 0;
      for (let window = 0; window < rows * columns; window++) {
        const row = y * down - above + Math.floor(window / columns), column = x * across - before + (window % columns);
        if (row < 0 || column < 0 || row >= heightBelow || column >= widthBelow) continue;
        visit(cell, (row * widthBelow + column) * mapsBelow, window);
        count++;
      }
      if (finish) finish(cell, count);
      out.set(cell, to);
    }
  return out;
}

function weighedSums(layer, below) {
  const channels = layer.below[2], filters = layer.shape[2], kernel = layer.kernel;
  return slide(layer, filters, layer.bias, (sums, at, window) => {
    for (let channel = 0; channel < channels; channel++) {
      const value = below[at + channel];
      if (value === 0) continue; // after a ReLU many are
      const weights = (window * channels + channel) * filters;
      for (let f = 0; f < filters; f++) sums[f] += value * kernel[weights + f];
    }
  });
}

const pooledMeans = (layer, below) =>
  slide(layer, layer.below[2], 0,
    (sums, at) => { for (let map = 0; map < sums.length; map++) sums[map] += below[at + map]; },
    (sums, count) => { for (let map = 0; map < sums.length; map++) sums[map] /= count; });

const pooledLargest = (layer, below) =>
  slide(layer, layer.below[2], -Infinity,
    (best, at) => { for (let map = 0; map < best.length; map++) if (below[at + map] > best[map]) best[map] = below[at + map]; });

const scaledAndShifted = (layer, below) => below.map((v, i) => v * layer.scale[i % layer.scale.length] + layer.shift[i % layer.shift.length]);

// What each kind of layer makes of the values below it.
const KINDS = {
  Rescaling: scaledAndShifted,
  BatchNormalization: scaledAndShifted,
  Conv2D: weighedSums,
  Dense: weighedSums,
  MaxPooling2D: pooledLargest,
  AveragePooling2D: pooledMeans,
  GlobalAveragePooling2D: pooledMeans,
  GlobalMaxPooling2D: pooledLargest,
  Flatten: (layer, below) => below,
  Activation: (layer, below) => below,
  ReLU: (layer, below) => below.map((v) => (v < 0 ? layer.slope * v : Math.min(v, layer.most ?? Infinity))),
};

// Give each layer its weights and the shape of the layer below it. `kernels` and `vectors` hold the
// numbers of all layers, one after another.
function buildNetwork({ shape, layers }, kernels, vectors) {
  let taken = 0, used = 0;
  const kernel = (count) => kernels.subarray(taken, (taken += count));
  const vector = (count) => vectors.subarray(used, (used += count));
  layers.forEach((layer, i) => {
    layer.below = i ? layers[i - 1].shape : shape;
    layer.size ||= [1, 1];
    layer.stride ||= [1, 1];
    layer.padding ||= [0, 0];
    if (layer.kind === "Conv2D" || layer.kind === "Dense") {
      layer.kernel = kernel(layer.size[0] * layer.size[1] * layer.below[2] * layer.shape[2]);
      layer.bias = vector(layer.shape[2]);
    } else if (layer.kind === "Rescaling" || layer.kind === "BatchNormalization") {
      layer.scale = vector(layer.numbers);
      layer.shift = vector(layer.numbers);
    }
  });
  if (taken !== kernels.length || used !== vectors.length) throw Error("The weights do not fit the layers.");
  return layers;
}

// Values of all layers for a picture; the picture comes first. Each layer keeps the sums in front of
// its activation.
function forward(layers, picture) {
  const values = [Float32Array.from(picture)];
  for (const layer of layers) {
    layer.sums = KINDS[layer.kind](layer, values[values.length - 1]);
    values.push(ACTIVATIONS[layer.activation || "linear"](layer.sums, layer.shape[2]));
  }
  return values;
}

// What a box of a layer is computed from in the layer below. map: null stands for all maps. Rows and
// columns outside the layer below (padding) are not cut off; see clip.
function boxBelow(layer, box) {
  const [height, width, maps] = layer.below;
  if (layer.kind === "Flatten") {
    if (box.map === null) return { top: 0, left: 0, rows: height, columns: width, map: null };
    const place = Math.floor(box.map / maps);
    return { top: Math.floor(place / width), left: place % width, rows: 1, columns: 1, map: box.map % maps };
  }
  return {
    top: box.top * layer.stride[0] - layer.padding[0],
    left: box.left * layer.stride[1] - layer.padding[1],
    rows: (box.rows - 1) * layer.stride[0] + layer.size[0],
    columns: (box.columns - 1) * layer.stride[1] + layer.size[1],
    map: layer.kernel || layer.activation === "softmax" ? null : box.map,
  };
}

// The part of a box that lies within a layer of this shape.
function clip(box, [height, width]) {
  const top = Math.max(0, box.top), left = Math.max(0, box.left);
  return { ...box, top, left, rows: Math.min(height, box.top + box.rows) - top, columns: Math.min(width, box.left + box.columns) - left };
}

if (typeof module !== "undefined") module.exports = { buildNetwork, forward, boxBelow, clip };

// Pixels: unpack them, take the symmetric light away, stretch and draw them.

/** Return the bytes of a base64 text of deflated bytes. */
async function unpack(text) {
  const packed = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Return the flux, in sky sigma, of each of the 256 levels. */
function levelFlux({ softening, step, zero }) {
  return Float32Array.from({ length: 256 }, (_, level) => softening * Math.sinh(((level - zero) * step) / softening));
}

const FAINTEST = -2; // black, in sky sigma

const STRETCHES = {
  linear: (flux) => flux,
  sqrt: (flux) => Math.sqrt(Math.max(flux - FAINTEST, 0)),
  arcsinh: (flux) => Math.asinh(flux / 3),
  log: (flux) => Math.log10(1 + Math.max(flux, 0) / 4),
};

/** Take the symmetric model away: x, y, axis ratio, angle, then the brightness of the rings. */
function lightSubtracted(flux, model, side) {
  const [x, y, ratio, angle] = model;
  const profile = model.subarray(4);
  const last = profile.length - 1;
  const stretched = Math.sqrt(ratio);
  const [alongX, alongY] = [Math.cos(angle) * stretched, Math.sin(angle) * stretched];
  const [acrossX, acrossY] = [-Math.sin(angle) / stretched, Math.cos(angle) / stretched];
  const left = new Float32Array(flux.length);
  // Loops without closures, arrays or Math.hypot: a hundred images are drawn at a key.
  for (let row = 0, pixel = 0; row < side; row += 1) {
    for (let column = 0; column < side; column += 1, pixel += 1) {
      const along = (column - x) * alongX + (row - y) * alongY;
      const across = (column - x) * acrossX + (row - y) * acrossY;
      const radius = Math.sqrt(along * along + across * across);
      const ring = Math.min(Math.floor(radius), last);
      const next = Math.min(ring + 1, last);
      left[pixel] = flux[pixel] - profile[ring] - (profile[next] - profile[ring]) * Math.min(radius - ring, 1);
    }
  }
  return left;
}

/** Return the flux that only few pixels in a thousand exceed, at least eight sigma. */
function brightest(flux) {
  const sorted = Float32Array.from(flux).sort();
  return Math.max(sorted[Math.floor(0.998 * (sorted.length - 1))], 8);
}

/** Return the 256 colours from black to white of a table of hexadecimal digits, as pixels. */
function coloursOf(hex) {
  const parts = Uint8ClampedArray.from({ length: 4 * 256 }, (_, i) => (i % 4 === 3 ? 255 : parseInt(hex.substr(6 * Math.floor(i / 4) + 2 * (i % 4), 2), 16)));
  return new Uint32Array(parts.buffer);
}

/** Draw an image, its first row at the bottom, from black at -2 sigma to white at a flux. */
function drawFlux(canvas, flux, side, look, bright = brightest(flux)) {
  const stretch = STRETCHES[look.stretch];
  const [low, span] = [stretch(FAINTEST), stretch(bright / look.contrast) - stretch(FAINTEST)];
  drawShares(canvas, flux.map((value) => (stretch(value) - low) / span), side, look);
}

/** Draw an image whose values are shares of white. */
function drawShares(canvas, shares, side, { inverted, colours }) {
  canvas.width = canvas.height = side;
  const image = new ImageData(side, side);
  const pixels = new Uint32Array(image.data.buffer);
  for (let row = 0, pixel = 0; row < side; row += 1) {
    const start = (side - 1 - row) * side;
    for (let column = 0; column < side; column += 1, pixel += 1) {
      const level = Math.round(255 * Math.min(Math.max(shares[pixel], 0), 1));
      pixels[start + column] = colours[inverted ? 255 - level : level];
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** Draw a picture of red, green and blue bytes, its first row at the bottom. Never inverted: blue would be yellow. */
function drawColour(canvas, levels, side, { contrast }) {
  canvas.width = canvas.height = side;
  const image = new ImageData(side, side);
  for (let row = 0, from = 0; row < side; row += 1) {
    for (let to = 4 * (side - 1 - row) * side, last = to + 4 * side; to < last; to += 4, from += 3) {
      for (let part = 0; part < 3; part += 1) {
        image.data[to + part] = Math.min(levels[from + part] * contrast, 255);
      }
      image.data[to + 3] = 255;
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const VIEWS = { raw: "as observed", colour: "colour", denoised: "denoised", light: "light subtracted" };

/**
 * Unpack one set of images: raw flux, its symmetric light, and colour and denoised pictures where
 * there are any. Returns a function from the number of an image and a view to its drawing.
 */
async function openImages(packed, fluxOf) {
  const side = packed.side;
  const size = side * side;
  const raw = await unpack(packed.raw);
  const light = new Float32Array((await unpack(packed.light)).buffer);
  const denoised = packed.denoised && (await unpack(packed.denoised));
  const colour = packed.colour && (await unpack(packed.colour));
  const nModel = light.length / (raw.length / size);
  const flux = (number) => Float32Array.from(raw.subarray(number * size, (number + 1) * size), (level) => fluxOf[level]);
  const fluxes = {
    raw: flux,
    light: (number) => lightSubtracted(flux(number), light.subarray(number * nModel, (number + 1) * nModel), side),
  };
  const bright = { raw: [], light: [] }; // of each image, found once
  const drawSky = (view) => (canvas, number, look) => {
    const shown = fluxes[view](number);
    bright[view][number] ??= brightest(shown);
    drawFlux(canvas, shown, side, look, bright[view][number]);
  };
  const draw = {
    raw: drawSky("raw"),
    light: drawSky("light"),
    colour(canvas, number, look) {
      const length = 3 * packed.colour_side ** 2;
      drawColour(canvas, colour.subarray(number * length, (number + 1) * length), packed.colour_side, look);
    },
    denoised(canvas, number, look) {
      const own = packed.denoised_side;
      const picture = denoised.subarray(number * own * own, (number + 1) * own * own);
      drawShares(canvas, Float32Array.from(picture, (value) => (value / 255) * look.contrast), own, look);
    },
  };
  const views = Object.keys(VIEWS).filter((view) => view in packed);
  return { views, flux, side, draw: (canvas, number, view, look) => draw[view](canvas, number, look) };
}

const isNarrow = matchMedia("(max-width: 600px)").matches; // a phone

/** The controls of how images look, alike on every page; calls back with each new look. */
function lookControls(colours, changed, stretchKey = "s") {
  const look = {};
  const controls = Object.fromEntries(["stretch", "colours", "inverted", "contrast", "size"].map((id) => [id, document.getElementById(id)]));
  controls.colours.append(...Object.keys(colours).map((name) => make("option", name)));
  function read() {
    look.stretch = controls.stretch.value;
    look.colours = coloursOf(colours[controls.colours.value]);
    look.inverted = controls.inverted.checked;
    look.contrast = 2 ** Number(controls.contrast.value);
    changed(look);
  }
  const resize = () => document.body.style.setProperty("--side", `${controls.size.value}px`);
  Object.values(controls).forEach((control) => control.addEventListener("input", control === controls.size ? resize : read));
  function step(control, by) {
    control.value = Number(control.value) + by * Number(control.step);
    control.dispatchEvent(new Event("input"));
  }
  const keys = [
    { keys: [stretchKey], words: "next stretch: linear, square root, arcsinh, log", run: () => next(controls.stretch, read) },
    { keys: ["i"], words: "invert", run: () => { controls.inverted.checked = !controls.inverted.checked; read(); } },
    { keys: ["o"], words: "next colours: grey, hot, viridis", run: () => next(controls.colours, read) },
    { keys: ["+", "="], words: "larger images", run: () => step(controls.size, 1) },
    { keys: ["-"], words: "smaller images", run: () => step(controls.size, -1) },
    { keys: ["]"], words: "more contrast: faint light is brighter", run: () => step(controls.contrast, 1) },
    { keys: ["["], words: "less contrast", run: () => step(controls.contrast, -1) },
  ];
  resize();
  document.getElementById("look").open = !isNarrow;
  return { look, keys, read };
}

/** Choose the next option of a select element. */
function next(select, then) {
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  then();
}

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

const STRETCHES = {
  linear: (flux) => flux,
  arcsinh: (flux) => Math.asinh(flux / 3),
  log: (flux) => Math.log10(1 + Math.max(flux, 0) / 4),
};

/** Take the symmetric model away: x, y, axis ratio, angle, then the brightness of the rings. */
function lightSubtracted(flux, model, side) {
  const [x, y, ratio, angle] = model;
  const profile = model.subarray(4);
  const last = profile.length - 1;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return flux.map((value, pixel) => {
    const [dx, dy] = [(pixel % side) - x, Math.floor(pixel / side) - y];
    const radius = Math.hypot((dx * cos + dy * sin) * Math.sqrt(ratio), (dy * cos - dx * sin) / Math.sqrt(ratio));
    const ring = Math.min(Math.floor(radius), last);
    const next = Math.min(ring + 1, last);
    return value - profile[ring] - (profile[next] - profile[ring]) * Math.min(radius - ring, 1);
  });
}

/** Return the flux that only few pixels in a thousand exceed, at least eight sigma. */
function brightest(flux) {
  const sorted = Float32Array.from(flux).sort();
  return Math.max(sorted[Math.floor(0.998 * (sorted.length - 1))], 8);
}

/** Draw an image, its first row at the bottom, from black at -2 sigma to white at its brightest. */
function drawFlux(canvas, flux, side, look) {
  const high = brightest(flux) / look.contrast;
  const stretch = STRETCHES[look.stretch];
  const [low, span] = [stretch(-2), stretch(high) - stretch(-2)];
  drawShares(canvas, flux.map((value) => (stretch(value) - low) / span), side, look.inverted);
}

/** Draw an image whose values are shares of white. */
function drawShares(canvas, shares, side, inverted) {
  canvas.width = canvas.height = side;
  const image = new ImageData(side, side);
  shares.forEach((share, pixel) => {
    const grey = 255 * Math.min(Math.max(inverted ? 1 - share : share, 0), 1);
    const place = 4 * ((side - 1 - Math.floor(pixel / side)) * side + (pixel % side));
    image.data.fill(grey, place, place + 3);
    image.data[place + 3] = 255;
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const VIEWS = { raw: "as observed", denoised: "denoised", light: "light subtracted" };

/**
 * Unpack one set of images: raw flux, its symmetric light, and denoised pictures where there
 * are any. Returns a function from the number of an image and a view to its drawing.
 */
async function openImages(packed, fluxOf) {
  const side = packed.side;
  const size = side * side;
  const raw = await unpack(packed.raw);
  const light = new Float32Array((await unpack(packed.light)).buffer);
  const denoised = packed.denoised && (await unpack(packed.denoised));
  const nModel = light.length / (raw.length / size);
  const flux = (number) => Float32Array.from(raw.subarray(number * size, (number + 1) * size), (level) => fluxOf[level]);
  const draw = {
    raw: (canvas, number, look) => drawFlux(canvas, flux(number), side, look),
    light(canvas, number, look) {
      const model = light.subarray(number * nModel, (number + 1) * nModel);
      drawFlux(canvas, lightSubtracted(flux(number), model, side), side, look);
    },
    denoised(canvas, number, look) {
      const own = packed.denoised_side;
      const picture = denoised.subarray(number * own * own, (number + 1) * own * own);
      drawShares(canvas, Float32Array.from(picture, (value) => (value / 255) * look.contrast), own, look.inverted);
    },
  };
  const views = Object.keys(VIEWS).filter((view) => view in packed);
  return { views, flux, side, draw: (canvas, number, view, look) => draw[view](canvas, number, look) };
}

/** The controls of how images look, alike on every page; calls back with each new look. */
function lookControls(changed, stretchKey = "s") {
  const look = { stretch: "arcsinh", inverted: true, contrast: 1, size: 101 };
  const controls = {
    stretch: document.getElementById("stretch"),
    inverted: document.getElementById("inverted"),
    contrast: document.getElementById("contrast"),
    size: document.getElementById("size"),
  };
  function read() {
    look.stretch = controls.stretch.value;
    look.inverted = controls.inverted.checked;
    look.contrast = 2 ** Number(controls.contrast.value);
    document.body.style.setProperty("--side", `${controls.size.value}px`);
    changed(look);
  }
  Object.values(controls).forEach((control) => control.addEventListener("input", read));
  function step(control, by) {
    control.value = Number(control.value) + by * Number(control.step);
    read();
  }
  const keys = [
    { keys: [stretchKey], words: "next stretch: linear, arcsinh, log", run: () => next(controls.stretch, read) },
    { keys: ["i"], words: "invert", run: () => { controls.inverted.checked = !controls.inverted.checked; read(); } },
    { keys: ["+", "="], words: "larger images", run: () => step(controls.size, 1) },
    { keys: ["-"], words: "smaller images", run: () => step(controls.size, -1) },
    { keys: ["]"], words: "more contrast: faint light is brighter", run: () => step(controls.contrast, 1) },
    { keys: ["["], words: "less contrast", run: () => step(controls.contrast, -1) },
  ];
  return { look, keys, read };
}

/** Choose the next option of a select element. */
function next(select, then) {
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  then();
}

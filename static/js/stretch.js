// Contrast of astronomical images in the browser, from 16-bit values.
//
// An "RG16" file is a lossless WebP whose red channel is the high byte and green the low byte of a 16-bit value:
// physical = value * scale + zero. A 16-bit PNG would not do: browsers keep 8 bits per channel of it.
//
// The curve is the asinh stretch of Lupton, Gunn & Szalay 1999 (AJ 118, 1406), normalised so that
// low maps to 0 and high to 1: y = asinh(x / softening) / asinh(1 / softening), x = (value - low) / (high - low).

const LEVELS = 65536;

/** The picture is made on its first request; a busy server answers 503 and says when to come back. */
async function fetchWhenMade(url, signal, tries = 5) {
  const response = await fetch(url, { signal, credentials: "same-origin" });
  if (response.status !== 503 || tries <= 1) return response;
  const seconds = Math.min(Number(response.headers.get("Retry-After")) || 2, 10);
  await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  signal?.throwIfAborted();
  return fetchWhenMade(url, signal, tries - 1);
}

/**
 * Fetch and decode one RG16 file.
 * @param {string} url
 * @returns {Promise<{width: number, height: number, values: Uint16Array, maximum: number}>}
 * @throws {Error} when the file cannot be fetched or decoded
 */
export async function decodeRG16(url, { signal } = {}) {
  const response = await fetchWhenMade(url, signal);
  if (!response.ok) throw new Error(`RG16 image: HTTP ${response.status}`);
  // Colour management or premultiplied alpha would change the bytes, and here every byte is data.
  const bitmap = await createImageBitmap(await response.blob(), {
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  });
  const { width, height } = bitmap;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const values = new Uint16Array(width * height);
  let maximum = 0;
  for (let i = 0, j = 0; i < values.length; i += 1, j += 4) {
    const value = (data[j] << 8) | data[j + 1];
    values[i] = value;
    if (value > maximum) maximum = value;
  }
  return { width, height, values, maximum };
}

/**
 * Lookup table from 16-bit value to 8-bit grey.
 * @param {{low: number, high: number, softening: number, invert?: boolean}} curve  low and high in value units
 *   (not physical); softening > 0, small = stronger stretch of the faint end
 * @param {number} size  entries wanted; values above it do not occur in the image
 * @returns {Uint8Array}
 */
export function lookupTable({ low, high, softening, invert = false }, size = LEVELS) {
  const table = new Uint8Array(size);
  const span = Math.max(high - low, 1e-9);
  const soft = Math.max(softening, 1e-4);
  const norm = 255 / Math.asinh(1 / soft);
  for (let value = 0; value < size; value += 1) {
    const x = Math.min(Math.max((value - low) / span, 0), 1);
    const grey = Math.round(Math.asinh(x / soft) * norm);
    table[value] = invert ? 255 - grey : grey;
  }
  return table;
}

/**
 * Draw 16-bit values on a canvas with one stretch.
 * @param {HTMLCanvasElement} canvas  resized to the image when needed
 * @param {{width: number, height: number, values: Uint16Array, maximum?: number}} image  from decodeRG16
 * @param {{low: number, high: number, softening: number, invert?: boolean}} curve  low and high in value units
 */
export function render(canvas, image, curve) {
  const { width, height, values } = image;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const table = lookupTable(curve, (image.maximum ?? LEVELS - 1) + 1);
  const context = canvas.getContext("2d");
  const picture = context.createImageData(width, height);
  const pixels = new Uint32Array(picture.data.buffer);
  const words = new Uint32Array(table.length);
  // Grey repeated three times with full alpha; the same word on little- and big-endian machines but for alpha's place.
  const opaque = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? [0xff000000, 0x010101] : [0xff, 0x01010100];
  for (let value = 0; value < table.length; value += 1) words[value] = opaque[0] + table[value] * opaque[1];
  for (let i = 0; i < pixels.length; i += 1) pixels[i] = words[values[i]];
  context.putImageData(picture, 0, 0);
}

/** Limits in physical units to limits in value units, for `render`. */
export function toValueUnits({ low, high }, { scale, zero }) {
  return { low: (low - zero) / scale, high: (high - zero) / scale };
}

/** Presets, relative to the default limits of an image: black and white as fractions of high - low above low. */
export const PRESETS = {
  faint: { black: 0.04, white: 0.45, softening: 0.06 },
  normal: { black: 0, white: 1, softening: 0.15 },
  bright: { black: 0, white: 4, softening: 0.6 },
};

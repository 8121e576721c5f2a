// Geometry of the viewer: pure functions over {zoom, rotation, x, y}.
// x and y shift the image in screen pixels, after rotation, so panning always follows the hand and the arrow keys.

export const START = Object.freeze({ zoom: 1, rotation: 0, x: 0, y: 0 });
export const MAX_ZOOM = 24;

/** Image size on screen at zoom 1: it fits the stage whichever way it is turned. */
export function fitScale(stage, image, rotation) {
  const turned = rotation % 180 !== 0;
  const width = turned ? image.height : image.width;
  const height = turned ? image.width : image.height;
  return Math.min(stage.width / width, stage.height / height);
}

/** Keep the image's edge from passing the middle of what is shown: there is always image under the eye. */
export function clampPan(view, stage, image) {
  const scale = fitScale(stage, image, view.rotation) * view.zoom;
  const turned = view.rotation % 180 !== 0;
  const width = (turned ? image.height : image.width) * scale;
  const height = (turned ? image.width : image.height) * scale;
  const limitX = view.zoom > 1 ? Math.max(0, (width - stage.width) / 2) + stage.width * 0.1 : 0;
  const limitY = view.zoom > 1 ? Math.max(0, (height - stage.height) / 2) + stage.height * 0.1 : 0;
  const within = (value, limit) => Math.min(Math.max(value, -limit), limit);
  return { ...view, x: within(view.x, limitX), y: within(view.y, limitY) };
}

/** Zoom by a factor around a point given from the stage's centre, in screen pixels: that point stays put. */
export function zoomBy(view, factor, point = { x: 0, y: 0 }) {
  const zoom = Math.min(Math.max(view.zoom * factor, 1), MAX_ZOOM);
  const ratio = zoom / view.zoom;
  return { ...view, zoom, x: point.x - (point.x - view.x) * ratio, y: point.y - (point.y - view.y) * ratio };
}

/** A quarter turn clockwise around the stage's centre: what was in the middle stays in the middle. */
export function rotateQuarter(view) {
  return { ...view, rotation: (view.rotation + 90) % 360, x: -view.y || 0, y: view.x };
}

export function panBy(view, dx, dy) {
  return { ...view, x: view.x + dx, y: view.y + dy };
}

const turn = (x, y, degrees) => {
  const angle = (degrees * Math.PI) / 180;
  return { x: x * Math.cos(angle) - y * Math.sin(angle), y: x * Math.sin(angle) + y * Math.cos(angle) };
};

/** From pixels of the image (origin at its upper left corner) to the stage, from its centre in screen pixels. */
export function toStage(view, stage, image, { x, y }) {
  const scale = fitScale(stage, image, view.rotation) * view.zoom;
  const turned = turn((x - image.width / 2) * scale, (y - image.height / 2) * scale, view.rotation);
  return { x: turned.x + view.x, y: turned.y + view.y };
}

/** The other way: which pixel of the image lies at a point of the stage; not clipped to the image. */
export function toImage(view, stage, image, { x, y }) {
  const scale = fitScale(stage, image, view.rotation) * view.zoom;
  const turned = turn(x - view.x, y - view.y, -view.rotation);
  return { x: turned.x / scale + image.width / 2, y: turned.y / scale + image.height / 2 };
}

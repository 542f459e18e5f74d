// Which part of a long list is on the screen.

const OVERSCAN_PX = 400;

/** How many columns of at least `min` px fit, with `gap` px between them. */
export const columnsFor = (width, min, gap) => Math.max(1, Math.floor((width + gap) / (min + gap)));

/**
 * The items to render, [first, last), and where the first one's row starts in px.
 * `top` is the list's upper edge in the viewport, `pitch` a row's height with its gap.
 */
export function sliceOf({ top, viewport, count, columns, pitch }) {
  const rows = Math.ceil(count / columns);
  const clamp = (row) => Math.min(Math.max(row, 0), rows);
  const firstRow = clamp(Math.floor((-top - OVERSCAN_PX) / pitch));
  const lastRow = clamp(Math.ceil((viewport - top + OVERSCAN_PX) / pitch));
  return { first: firstRow * columns, last: Math.min(lastRow * columns, count), offset: firstRow * pitch, rows };
}

/** How far to scroll so that a row is wholly visible between two edges; 0 if it is. */
export function scrollFor({ top, row, pitch, upper, lower }) {
  const above = top + row * pitch - upper;
  const below = top + (row + 1) * pitch - lower;
  return above < 0 ? above : below > 0 ? below : 0;
}

type NumberArray = Float64Array | Int32Array | Uint8Array;
type ArrayKind = Float64ArrayConstructor | Int32ArrayConstructor | Uint8ArrayConstructor;
type ArrayOf<K> = K extends Float64ArrayConstructor
  ? Float64Array
  : K extends Int32ArrayConstructor
    ? Int32Array
    : Uint8Array;

/** Columns of a table by their names: the kind of their numbers, and how many of them a row has. Wider kinds go first. */
export type Layout = Readonly<Record<string, readonly [kind: ArrayKind, perRow: number]>>;
export type Columns<L extends Layout> = { readonly [name in keyof L]: ArrayOf<L[name][0]> };

/** Memory for so many rows. It may be used by two threads, one after the other. */
export function roomFor(layout: Layout, rows: number): SharedArrayBuffer {
  return new SharedArrayBuffer(rows * bytesPerRow(layout));
}

/** The columns that lie in a buffer that {@link roomFor} made. */
export function columnsIn<L extends Layout>(layout: L, buffer: SharedArrayBuffer): Columns<L> {
  const capacity = buffer.byteLength / bytesPerRow(layout);
  const columns: Record<string, NumberArray> = {};
  let at = 0;
  for (const [name, [Kind, perRow]] of Object.entries(layout)) {
    const column = columnAt(Kind, buffer, at, capacity * perRow);
    at += column.byteLength;
    columns[name] = column;
  }
  return columns as Columns<L>;
}

/** The first `rows` rows of a table, with room for `capacity`. */
export function moved(
  layout: Layout,
  from: SharedArrayBuffer,
  rows: number,
  capacity: number,
): SharedArrayBuffer {
  const buffer = roomFor(layout, capacity);
  const [old, made] = [columnsIn(layout, from), columnsIn(layout, buffer)];
  for (const [name, [, perRow]] of Object.entries(layout)) {
    const used = old[name]?.subarray(0, rows * perRow);
    if (used !== undefined) made[name]?.set(used);
  }
  return buffer;
}

// Of all three kinds at once, the constructors' types know only buffers that are not shared.
function columnAt(Kind: ArrayKind, buffer: SharedArrayBuffer, at: number, length: number): NumberArray {
  return new (Kind as new (buffer: ArrayBufferLike, at: number, length: number) => NumberArray)(
    buffer,
    at,
    length,
  );
}

function bytesPerRow(layout: Layout): number {
  return Object.values(layout).reduce((sum, [kind, perRow]) => sum + kind.BYTES_PER_ELEMENT * perRow, 0);
}

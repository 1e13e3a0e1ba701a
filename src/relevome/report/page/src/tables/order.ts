// Which rows of a long table are listed, and in which order.

import { compared } from "../sequences/select";

export type Key = string | number | null | undefined;

export interface Wanted<Row> {
  query: string; // letters of any case
  text: (row: Row) => string; // that they are looked for in
  keep: (row: Row) => boolean;
  key: ((row: Row) => Key) | null; // null: as they were given
  descending: boolean;
}

// The rows that are wanted. Of equal keys the earlier row is first, and rows without one are last, whatever the order.
export function arranged<Row>(rows: readonly Row[], wanted: Wanted<Row>): Row[] {
  const query = wanted.query.trim().toLowerCase();
  const found = rows.filter((row) => wanted.keep(row) && (!query || wanted.text(row).toLowerCase().includes(query)));
  const key = wanted.key;
  if (!key) return found;
  const keyed = found.map((row, place) => ({ row, place, key: key(row) ?? NaN }));
  const none = (value: string | number) => value === "" || Number.isNaN(value);
  keyed.sort((a, b) => Number(none(a.key)) - Number(none(b.key))
    || (none(a.key) ? 0 : compared(a.key, b.key, wanted.descending)) || a.place - b.place);
  return keyed.map((one) => one.row);
}

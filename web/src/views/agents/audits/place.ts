/** Where a finding is: in words, as a line of the document, and as a piece of that line. */

import type { DocumentLine, Finding, FindingPlace } from "@callboard/client";

export type MediaType = string;

const CSV = "text/csv";
const PDF = "application/pdf";
const HTML = /html/;
const SHEET = /spreadsheet/;
/** Less stands anywhere. */
const SHORTEST_QUOTE = 4;

/** Whether the source itself is what people read. */
export function isSource(mediaType: MediaType): boolean {
  return mediaType.startsWith("text/") && !HTML.test(mediaType);
}

/** The lines of a source, as everybody counts them. */
export function linesOf(text: string): DocumentLine[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line, place) => ({ text: line, line: place + 1 }));
}

/** `Line 12`, `Page 3, line 7`, `Sheet 2, row 5`, `Table 1, row 5`. */
export function placeWords({ line, page, table, row }: FindingPlace, mediaType: MediaType): string {
  if (SHEET.test(mediaType)) return page === undefined ? `Row ${line}` : `Sheet ${page}, row ${line}`;
  if (mediaType === PDF && page !== undefined) return `Page ${page}, line ${line}`;
  if (HTML.test(mediaType) && table !== undefined) return row === undefined ? `Table ${table}` : `Table ${table}, row ${row}`;
  return `Line ${line}`;
}

/** The line that a place names; -1 where the document has none. */
export function lineOf(lines: readonly DocumentLine[], place: FindingPlace, mediaType: MediaType): number {
  if (isSource(mediaType)) return place.line <= lines.length ? place.line - 1 : -1;
  const { line, page, table, row } = place;
  const index = indexOf(lines);
  const exact = index.get(`row ${table} ${row}`) ?? index.get(`line ${page} ${line}`) ?? index.get(`line ${undefined} ${line}`);
  if (exact !== undefined) return exact;
  // A block of several lines is read as one: the last that begins before.
  return lines.findLastIndex((one) => (page === undefined || one.page === undefined || one.page === page) && one.line <= line);
}

const indexes = new WeakMap<readonly DocumentLine[], ReadonlyMap<string, number>>();

/** The first line of each place; there may be thousands of findings and of lines. */
function indexOf(lines: readonly DocumentLine[]): ReadonlyMap<string, number> {
  const known = indexes.get(lines);
  if (known) return known;
  const index = new Map<string, number>();
  lines.forEach(({ line, page, table, row }, at) => {
    if (table !== undefined && row !== undefined && !index.has(`row ${table} ${row}`)) index.set(`row ${table} ${row}`, at);
    if (!index.has(`line ${page} ${line}`)) index.set(`line ${page} ${line}`, at);
  });
  indexes.set(lines, index);
  return index;
}

/** The piece of a line that a finding is about: from where, and to where; null where that is the whole line. */
export function markIn(text: string, { evidence, actual, location }: Finding, mediaType: MediaType): readonly [number, number] | null {
  const quote = evidence.trim();
  const at = quote.length >= SHORTEST_QUOTE ? text.indexOf(quote) : -1;
  if (at >= 0) return [at, at + quote.length];
  const cells = mediaType === CSV ? fieldsOf(text) : text.includes("|") ? cellsOf(text) : gapsOf(text);
  if (cells.length < 2) return null;
  const has = (digits: string) => ([from, to]: Piece): boolean => digitsOf(text.slice(from, to)) === digits;
  const placed = cellAt(text, cells, location, mediaType);
  const digits = digitsOf(actual ?? "");
  // The figure itself decides, where it is there: an agent's own program may count otherwise.
  const wanted = digits === "" || (placed && has(digits)(placed)) ? placed : (cells.find(has(digits)) ?? placed);
  return trimmed(text, wanted);
}

/** The cell that a place names: by its number where there is one, else by a character of its line. */
function cellAt(text: string, cells: readonly Piece[], { cell, column }: FindingPlace, mediaType: MediaType): Piece | undefined {
  if (cell !== undefined) return cells[cell - 1];
  if (column === undefined || !isSource(mediaType)) return undefined;
  const at = [...text].slice(0, column - 1).join("").length;
  return cells.find(([from, to]) => at >= from && at < to);
}

type Piece = readonly [number, number];

function trimmed(text: string, piece: Piece | undefined): Piece | null {
  if (!piece) return null;
  let [from, to] = piece;
  while (from < to && /\s/.test(text[from] ?? "")) from += 1;
  while (to > from && /\s/.test(text[to - 1] ?? "")) to -= 1;
  return from < to ? [from, to] : null;
}

/** What stands between the bars of a table's row. */
function cellsOf(text: string): Piece[] {
  const cells: Piece[] = [];
  let from = text.trimStart().startsWith("|") ? text.indexOf("|") + 1 : 0;
  for (let to = text.indexOf("|", from); to >= 0; to = text.indexOf("|", from)) {
    cells.push([from, to]);
    from = to + 1;
  }
  if (text.slice(from).trim() !== "" || cells.length === 0) cells.push([from, text.length]);
  return cells;
}

/** The fields of a line of CSV; a comma within quotes is a part of its field. */
function fieldsOf(text: string): Piece[] {
  const separator = text.includes(";") && !/^[^;]*,[^;]*$/.test(text) ? ";" : text.includes("\t") ? "\t" : ",";
  const fields: Piece[] = [];
  let [from, isQuoted] = [0, false];
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') isQuoted = !isQuoted;
    else if (text[at] === separator && !isQuoted) {
      fields.push([from, at]);
      from = at + 1;
    }
  }
  fields.push([from, text.length]);
  return fields;
}

/** What stands between two spaces or more. */
function gapsOf(text: string): Piece[] {
  return [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: found, index }) => [index, index + found.length] as const);
}

function digitsOf(text: string): string {
  return text.replaceAll(/[^0-9]/g, "");
}

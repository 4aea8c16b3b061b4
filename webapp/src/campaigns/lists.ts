/** Lists that are pasted or sent as files: rows out of text, and files in parts that the server takes. Pure. */
import type { Loaded, Row } from './model'

const NUMBERS = ['number', 'phone', '号码', '电话', '手机', '手机号', '电话号码']
const NAMES = ['name', '姓名', '客户']
const LIKE_NUMBER = /^\+?[\d\s()-]{5,}$/

function cellsOf(line: string): string[] {
  const separator = line.includes('\t') ? '\t' : /[,，;；]/
  const cells = line.split(separator).map((cell) => cell.trim())
  if (cells.length > 1) return cells
  // "13800138000 张三": the number's own spaces do not part it
  const parted = /^(\+?[\d\s()-]{5,}?)\s+([^\d\s].*)$/.exec(line.trim())
  return parted ? [parted[1]!.trim(), parted[2]!] : cells
}

/**
 * Rows as somebody pastes them from a sheet: a number, a name and more, parted by tabs, commas or semicolons; or a first
 * line that names the columns. note: how a third column is called where nothing names it. at: of each row, its line.
 */
export function rowsIn(text: string, note: string): { rows: Row[]; at: number[] } {
  const rows: Row[] = []
  const at: number[] = []
  let columns: string[] | null = null
  const lines = text.split(/\r?\n/)
  for (const [n, line] of lines.entries()) {
    if (!line.trim()) continue
    const cells = cellsOf(line)
    const words = cells.map((cell) => cell.toLowerCase())
    if (columns === null && rows.length === 0 && words.some((word) => NUMBERS.includes(word))) {
      columns = cells
      continue
    }
    rows.push(columns ? named(columns, cells) : unnamed(cells, note))
    at.push(n + 1)
  }
  return { rows, at }
}

function named(columns: readonly string[], cells: readonly string[]): Row {
  const row: Row = { number: '', name: '', fields: {} }
  columns.forEach((column, n) => {
    const value = cells[n] ?? ''
    if (NUMBERS.includes(column.toLowerCase())) row.number = value
    else if (NAMES.includes(column.toLowerCase())) row.name = value
    else if (column && value) row.fields[column] = value
  })
  return row
}

function unnamed(cells: readonly string[], note: string): Row {
  const [first = '', second = '', ...rest] = cells
  const swapped = !LIKE_NUMBER.test(first) && LIKE_NUMBER.test(second)
  const more = rest.filter(Boolean).join(' ')
  return { number: swapped ? second : first, name: swapped ? first : second, fields: more ? { [note]: more } : {} }
}

/** Octets of a file that the server takes at once, with room for its headers. */
export const MOST_OCTETS = 900_000
const LINE = 0x0a
const QUOTE = 0x22

/**
 * A file of rows in parts, each with the first row (the columns' names) before it; before: how many rows of the file
 * stand before the part's own. Both octets are never a part of a sign in UTF-8 or GB 18030, so the encoding may stay.
 */
export function partsOf(file: Uint8Array, most = MOST_OCTETS): { octets: Uint8Array; before: number }[] {
  const ends: number[] = []
  let quoted = false
  for (let n = 0; n < file.length; n++) {
    if (file[n] === QUOTE) quoted = !quoted
    else if (file[n] === LINE && !quoted) ends.push(n + 1)
  }
  if (ends.at(-1) !== file.length) ends.push(file.length)
  const first = ends[0] ?? 0
  if (file.length <= most) return [{ octets: file, before: 0 }]
  const heading = file.subarray(0, first)
  const parts: { octets: Uint8Array; before: number }[] = []
  let begin = first
  let before = 0 // rows under the heading that earlier parts have
  let rows = 0
  const close = (end: number): void => {
    const octets = new Uint8Array(heading.length + end - begin)
    octets.set(heading)
    octets.set(file.subarray(begin, end), heading.length)
    parts.push({ octets, before })
    before += rows
    rows = 0
    begin = end
  }
  for (let n = 1; n < ends.length; n++) {
    const last = ends[n - 1]!
    if (rows > 0 && heading.length + ends[n]! - begin > most) close(last)
    rows += 1
  }
  if (begin < file.length) close(file.length)
  return parts
}

const NOTHING: Loaded = { added: 0, doubles: 0, do_not_call: 0, faulty: 0, faults: [] }

/** What became of several parts together. of: each answer with how its rows are counted in the whole. */
export function together(of: readonly { said: Loaded; row: (row: number) => number }[]): Loaded {
  return of.reduce<Loaded>(
    (sum, { said, row }) => ({
      added: sum.added + said.added,
      doubles: sum.doubles + said.doubles,
      do_not_call: sum.do_not_call + said.do_not_call,
      faulty: sum.faulty + said.faulty,
      faults: [...sum.faults, ...said.faults.map((one) => ({ ...one, row: row(one.row) }))].slice(0, 100),
    }),
    NOTHING,
  )
}

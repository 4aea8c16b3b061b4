/**
 * Settings that are several lines of a form: names with numbers, keys with where they lead, words while waiting. Each
 * says what its columns are, and how the server's value becomes lines and lines become that value again.
 */
import type { Queue } from '../model'
import type { Source } from './fields'

export type Cell = string | number
export type Row = Record<string, Cell>

/** from: what is chosen from; free: something else may be typed as well. label: a message key under `admin`. */
export interface Column {
  name: string
  label: string
  kind: 'choice' | 'number' | 'text'
  from?: Source
  free?: boolean
  least?: number
  most?: number
  unit?: boolean
}

/** once: the column in which nothing may stand twice. most: lines that there may be. */
export interface Rows {
  columns: readonly Column[]
  fresh: Row
  most: number
  once?: string
  read: (value: unknown) => Row[]
  write: (rows: readonly Row[]) => unknown
}

const trimmed = (cell: Cell | undefined): Cell => (typeof cell === 'string' ? cell.trim() : (cell ?? ''))

/** Names, each with a value: of agents, skills, keys. */
function mapOf(key: Column, value: Column, fresh: Cell, most: number): Rows {
  return {
    columns: [key, value],
    fresh: { key: '', value: fresh },
    most,
    once: 'key',
    read: (known) => Object.entries((known ?? {}) as Record<string, Cell>).map(([name, of]) => ({ key: name, value: of })),
    write: (rows) => Object.fromEntries(rows.map((row) => [String(trimmed(row.key)), trimmed(row.value)])),
  }
}

const points = (label: string, least: number, most: number): Column => ({ name: 'value', label, kind: 'number', least, most })

export const skillLevels = mapOf(
  { name: 'key', label: 'skill', kind: 'choice', from: 'skills', free: true },
  points('skillLevel', 1, 10),
  5,
  50,
)
export const rankOf = mapOf({ name: 'key', label: 'rowAgent', kind: 'choice', from: 'users' }, points('rank', 1, 9), 2, 1000)
export const weightOf = mapOf({ name: 'key', label: 'rowAgent', kind: 'choice', from: 'users' }, points('weight', 1, 100), 1, 1000)
export const levelPoints = mapOf(
  { name: 'key', label: 'customerLevel', kind: 'choice', from: 'levels', free: true },
  points('points', -100, 100),
  1,
  50,
)
export const keysOut = mapOf(
  { name: 'key', label: 'phoneKey', kind: 'choice', from: 'phoneKeys' },
  { name: 'value', label: 'leadsTo', kind: 'choice', from: 'waysOut', free: true },
  '',
  12,
)

export const pauses: Rows = {
  columns: [{ name: 'value', label: 'pause', kind: 'number', least: 10, most: 86400, unit: true }],
  fresh: { value: 300 },
  most: 10,
  read: (known) => ((known ?? []) as number[]).map((value) => ({ value })),
  write: (rows) => rows.map((row) => row.value),
}

export const comforting: Rows = {
  columns: [
    { name: 'every', label: 'rowEvery', kind: 'number', least: 5, most: 3600, unit: true },
    { name: 'say', label: 'rowSay', kind: 'text' },
    { name: 'play', label: 'rowPlay', kind: 'choice', from: 'recordings', free: true },
  ],
  fresh: { every: 60, say: '', play: '' },
  most: 20,
  read: (known) => ((known ?? []) as Queue['comfort']).map(({ every, say, play }) => ({ every, say, play })),
  write: (rows) => rows.map(({ every, say, play }) => ({ every, say: trimmed(say), play: trimmed(play) })),
}

/** What is wrong with the lines: a message key under `adminFault`; null: nothing. */
export function rowsFault(shape: Rows, rows: readonly Row[]): string | null {
  for (const row of rows) {
    for (const column of shape.columns) {
      const cell = trimmed(row[column.name])
      if (column.kind === 'number') {
        if (typeof cell !== 'number' || Number.isNaN(cell)) return 'rowEmpty'
        if (cell < (column.least ?? -Infinity) || cell > (column.most ?? Infinity)) return 'rowRange'
      } else if (shape !== comforting && cell === '') return 'rowEmpty'
    }
    if (shape === comforting && !trimmed(row.say) && !trimmed(row.play)) return 'rowWords'
  }
  const names = shape.once ? rows.map((row) => trimmed(row[shape.once as string])) : []
  return new Set(names).size < names.length ? 'rowTwice' : null
}

/** Rows of a node's form: names with values (`set`, `get`, questions …), and the cases of a branch. Pure. */
import type { PairValues } from './fields'

export type Pair = [name: string, value: unknown]
export type Case = Record<string, unknown>

export function pairsOf(value: unknown): Pair[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
}

/** A value as it stands in its row. Where it may be a number or true, a text that looks like one has quotes. */
export function asText(value: unknown, kind: PairValues): string {
  if (typeof value !== 'string') return value === undefined || value === null ? '' : JSON.stringify(value)
  return kind === 'typed' && plain(value) !== value ? JSON.stringify(value) : value
}

/** What was written in a row: 5 is a number and "5" a text, where numbers may be; [ … ] is a saying in parts. */
export function fromText(text: string, kind: PairValues): unknown {
  if (kind === 'typed') return plain(text)
  return kind === 'sayings' && /^\s*\[.*\]\s*$/s.test(text) ? parsed(text) : text
}

function plain(text: string): unknown {
  const said = text.trim()
  if (said === 'true' || said === 'false') return said === 'true'
  if (/^-?\d+(\.\d+)?$/.test(said) && Math.abs(Number(said)) < 1e15 && !/^-?0\d/.test(said)) return Number(said)
  return /^".*"$/s.test(said) ? parsed(text) : text
}

/** As JSON; what is none is the text that it is, and the checker says what it thinks of it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text.trim()) as unknown
  } catch {
    return text
  }
}

/** Null: another row has that name already. */
export function renamedPair(pairs: readonly Pair[], index: number, name: string): Record<string, unknown> | null {
  if (pairs.some(([other], n) => n !== index && other === name)) return null
  return Object.fromEntries(pairs.map(([old, value], n) => [n === index ? name : old, value]))
}

export function valuedPair(pairs: readonly Pair[], index: number, value: unknown): Record<string, unknown> {
  return Object.fromEntries(pairs.map(([name, old], n) => [name, n === index ? value : old]))
}

export function addedPair(pairs: readonly Pair[], stem: string): Record<string, unknown> {
  const names = new Set(pairs.map(([name]) => name))
  let n = 1
  while (names.has(`${stem}${n}`)) n += 1
  return Object.fromEntries([...pairs, [`${stem}${n}`, '']])
}

export function droppedPair(pairs: readonly Pair[], index: number): Record<string, unknown> {
  return Object.fromEntries(pairs.filter((_, n) => n !== index))
}

export function movedPair(pairs: readonly Pair[], index: number, by: -1 | 1): Record<string, unknown> {
  return Object.fromEntries(moved(pairs, index, by))
}

export function casesOf(value: unknown): Case[] {
  return Array.isArray(value) ? value.map((each) => (typeof each === 'object' && each !== null ? (each as Case) : {})) : []
}

/** With one of its words said or, if nothing is, left out; `next` is always there, and `is` only beside hours. */
export function changedCase(cases: readonly Case[], index: number, key: string, value: unknown): Case[] {
  return cases.map((each, n) => {
    if (n !== index) return each
    const changed: Case = { ...each }
    const nothing = value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
    if (nothing && key !== 'next') delete changed[key]
    else changed[key] = nothing ? '' : value
    if (changed.hours === undefined) delete changed.is
    return changed
  })
}

export function moved<T>(rows: readonly T[], index: number, by: -1 | 1): T[] {
  const to = index + by
  const rest = [...rows]
  if (to < 0 || to >= rows.length) return rest
  rest.splice(to, 0, ...rest.splice(index, 1))
  return rest
}

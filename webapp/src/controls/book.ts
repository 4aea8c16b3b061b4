/** Search in the office's phone book: who is free comes first, and who cannot be rung last. */
import type { Line } from '../model'
import type { BookEntry, Choice, Person } from './model'

const folded = (text: string): string => text.normalize('NFKC').toLowerCase().trim()
const compact = (number: string): string => number.replaceAll(/[\s()-]/g, '')

/** As a phone would dial it: two keys or more, a + in front at most. */
export function asNumber(text: string): string | null {
  const number = compact(text.normalize('NFKC'))
  return /^\+?[0-9*#]{2,32}$/.test(number) ? number : null
}

/** Free, then those who could be rung, then those who speak, then those who cannot. */
export function rank(entry: BookEntry): number {
  if (!entry.reachable) return 3
  if (entry.state === 'ready' || entry.state === 'open') return 0
  return entry.state === 'talking' || entry.state === 'offered' ? 2 : 1
}

export function fits(entry: BookEntry, text: string): boolean {
  const wanted = folded(text)
  const words = [entry.title, entry.name, entry.number, entry.department, ...entry.teams].map(folded)
  return wanted.split(/\s+/).every((word) => words.some((known) => known.includes(word)))
}

/** What rings at that colleague's phone; null: nothing that one may see. */
export function ringsAt(lines: readonly Pick<Line, 'call' | 'people'>[], login: string): string | null {
  const rings = (one: Person): boolean => one.agent === login && one.state === 'ringing'
  return lines.find((line) => line.people?.some(rings))?.call ?? null
}

const KINDS: Choice['kind'][] = ['agent', 'extension', 'queue', 'flow', 'customer', 'number']

export function choiceOf(entry: BookEntry): Choice {
  return { kind: entry.kind, key: `${entry.kind}/${entry.name}`, title: entry.title, number: entry.number, entry }
}

/** The book's entries that fit, each kind together, the best of each first; without who asks. */
export function choices(book: BookEntry[], text: string, kinds: readonly Choice['kind'][], me: string): Choice[] {
  const found = book.filter(
    (entry) => kinds.includes(entry.kind) && !(entry.kind === 'agent' && entry.name === me) && fits(entry, text),
  )
  return found
    .toSorted(
      (a, b) =>
        KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || rank(a) - rank(b) || a.title.localeCompare(b.title, 'zh-CN'),
    )
    .map(choiceOf)
}

/** Agents by department, in the order of their names; "" are those of none, last. */
export function departments(book: BookEntry[], text: string): { name: string; people: BookEntry[] }[] {
  const people = book.filter((entry) => (entry.kind === 'agent' || entry.kind === 'extension') && fits(entry, text))
  const names = [...new Set(people.map((entry) => entry.department || (entry.teams[0] ?? '')))].toSorted(
    (a, b) => Number(a === '') - Number(b === '') || a.localeCompare(b, 'zh-CN'),
  )
  return names.map((name) => ({
    name,
    people: people
      .filter((entry) => (entry.department || (entry.teams[0] ?? '')) === name)
      .toSorted((a, b) => rank(a) - rank(b) || a.title.localeCompare(b.title, 'zh-CN')),
  }))
}

/** Lines of the table of seats and extensions: people with their extensions, and extensions that are nobody's. */
import type { AgentState, Role, WantedState } from '../model'

export interface SeatPhone {
  device: string
  source: string
  transport: string
  latency_ms: number | null
  silent: boolean
  since: string
}

export interface Seat {
  /** null: an extension that is nobody's. */
  login: string | null
  name: string
  role: Role | null
  teams: string[]
  queues: string[]
  state: AgentState | null
  reason: string
  since: string | null
  /** Their own. */
  extension: string | null
  /** Where they sit now. */
  sits_at: string | null
  /** Where they sit, else their own: the phones are this one's. */
  number: string | null
  sitter: string | null
  taken: boolean
  way: 'phone' | 'address' | 'browser' | 'none'
  phones: SeatPhone[]
  sharing: string[]
  settable: boolean
}

export type Others = 'refuse' | 'share' | 'take'

export const SHOWN = ['all', 'without', 'unreachable', 'free'] as const
export type Shown = (typeof SHOWN)[number]

/** Is it one of those that are wanted: all, people without an extension, phones that cannot be reached, nobody's. */
export function isShown(seat: Seat, shown: Shown): boolean {
  if (shown === 'without') return seat.login !== null && seat.extension === null
  if (shown === 'unreachable') return seat.number !== null && seat.way === 'none'
  return shown === 'all' || seat.login === null
}

/** Has it these words in a name, a number, a team or a phone? */
export function says(seat: Seat, text: string): boolean {
  const words = text.trim().toLowerCase()
  const known = [seat.name, seat.login, seat.extension, seat.sits_at, ...seat.teams, ...seat.phones.flatMap((phone) => [phone.device, phone.source])]
  return words === '' || known.some((one) => one?.toLowerCase().includes(words))
}

export interface Place {
  number: string
  owners: Seat[]
  way: Seat['way'] | null
  taken: boolean
}

/** Every extension that is seen, in its order: whose it is, and (where its line says so) whether it is reached. */
export function places(all: readonly Seat[]): Place[] {
  const found = new Map<string, Place>()
  for (const seat of all) {
    if (seat.extension === null) continue
    const place = found.get(seat.extension) ?? { number: seat.extension, owners: [], way: null, taken: false }
    if (seat.login !== null) place.owners.push(seat)
    if (seat.number === seat.extension) {
      place.way = seat.way
      place.taken = seat.taken
    }
    found.set(seat.extension, place)
  }
  return [...found.values()].sort((a, b) => a.number.localeCompare(b.number, 'en', { numeric: true }))
}

/** What somebody who moves goes on to be: on the same break, or ready after what they do now. */
export const goesOn = (state: AgentState): WantedState => (state === 'break' ? 'break' : 'ready')

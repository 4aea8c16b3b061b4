/** Orders about a call that is up, and the phone book. */
import { ask } from '../api'
import type { Listing } from '../model'
import type { BookEntry, Disposition, ParkedCall, Whom } from './model'

const of = (call: string, what: string): string => `/calls/${encodeURIComponent(call)}/${what}`

export const controlsApi = {
  /** An order that says nothing more: hold, resume, toggle … */
  order: (call: string, what: string) => ask<void>('POST', of(call, what), {}),
  mute: (call: string, muted: boolean) => ask<void>('POST', of(call, 'mute'), { muted }),
  keys: (call: string, keys: string) => ask<void>('POST', of(call, 'keys'), { keys }),
  transfer: (call: string, whom: Whom) => ask<void>('POST', of(call, 'transfer'), whom),
  consult: (call: string, whom: Whom) => ask<void>('POST', of(call, 'consult'), whom),
  add: (call: string, whom: Whom) => ask<void>('POST', of(call, 'parties'), whom),
  putOut: (call: string, party: number) => ask<void>('DELETE', of(call, `parties/${party}`)),
  muteParty: (call: string, party: number, muted: boolean) =>
    ask<void>('POST', of(call, `parties/${party}/mute`), { muted }),
  park: (call: string) => ask<{ slot: string }>('POST', of(call, 'park'), {}),
  parked: () => ask<Listing<ParkedCall>>('GET', '/parking'),
  /** One's own phone rings, and has what was parked, or what rings at somebody else. */
  fetchParked: (slot: string) => ask<void>('POST', `/parking/${encodeURIComponent(slot)}/fetch`, {}),
  pickUp: (call: string) => ask<void>('POST', of(call, 'pick-up'), {}),

  book: () => ask<Listing<BookEntry>>('GET', '/phone-book'),
  dial: (number: string) => ask<{ call: string }>('POST', '/calls', { number }),
  /** Who was at the other end of that call; also where their number is hidden. */
  dialAgain: (call: string) => ask<{ call: string }>('POST', '/calls', { call }),

  dispositions: (call: string) =>
    ask<Listing<Disposition> & { required: boolean }>('GET', of(call, 'dispositions')),
  /** again_at: of a campaign's call, when the customer is to be called again. */
  dispose: (call: string, code: string, again_at: string | null = null) =>
    ask<void>('PUT', of(call, 'disposition'), again_at ? { code, again_at } : { code }),
  prolong: (login: string, seconds: number) =>
    ask<unknown>('POST', `/agents/${encodeURIComponent(login)}/wrap-up/prolong`, { seconds }),
}

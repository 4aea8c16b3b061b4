/** The JSON API (docs/api.md) as functions. The cookie says who we are; a 401 goes to the sign-in page. */
import type {
  Agent,
  Call,
  Card,
  Customer,
  Listing,
  Me,
  Outcome,
  Pop,
  Step,
  WantedState,
} from './model'

/** An answer that is not what was asked for. fields: what is wrong with each field sent. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: Record<string, string> = {},
  ) {
    super(message)
  }
}

/** Leave for the server's sign-in page, and come back to where we were. */
export function signIn(): void {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`)
}

type Query = Record<string, string | number | null | undefined>

/** Empty conditions are no conditions. */
export function queryText(query: Query): string {
  const kept = Object.entries(query).filter(([, value]) => value !== '' && value !== null && value !== undefined)
  return kept.length ? `?${new URLSearchParams(kept.map(([key, value]) => [key, String(value)])).toString()}` : ''
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  // Only a page of ours can set this header: the server refuses changes that come without it.
  const headers: Record<string, string> = { 'X-Requested-With': 'callcenterd' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  let answer: Response
  try {
    answer = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
    })
  } catch {
    throw new ApiError(0, 'unreachable', '')
  }
  if (answer.status === 204) return undefined as T
  const said: unknown = await answer.json().catch(() => null)
  if (answer.ok) return said as T
  if (answer.status === 401) signIn()
  const { error } = (said ?? {}) as { error?: { code?: string; message?: string; fields?: Record<string, string> } }
  throw new ApiError(answer.status, error?.code ?? 'failed', error?.message ?? answer.statusText, error?.fields ?? {})
}

export interface CallConditions {
  text?: string
  caller?: string
  called?: string
  queue?: string
  agent?: string
  outcome?: Outcome | ''
  direction?: string
  customer_id?: number
  since?: string
  until?: string
  limit?: number
  offset?: number
}

const path = (id: string | number): string => encodeURIComponent(String(id))

export const api = {
  me: () => ask<Me>('GET', '/session'),
  signOut: () => ask<void>('DELETE', '/session'),

  desk: () => ask<{ agent: Agent | null; pop: Pop | null }>('GET', '/desk'),
  setState: (login: string, state: WantedState, reason = '', extension?: string) =>
    ask<Agent>('POST', `/agents/${path(login)}/state`, { state, reason, ...(extension ? { extension } : {}) }),
  endWrapUp: (login: string) => ask<Agent>('POST', `/agents/${path(login)}/wrap-up/end`, {}),

  calls: (conditions: CallConditions) => ask<Listing<Call>>('GET', `/calls${queryText({ ...conditions })}`),
  call: (id: string) => ask<Call & { story: Step[] }>('GET', `/calls/${path(id)}`),
  hangUp: (id: string) => ask<void>('POST', `/calls/${path(id)}/hang-up`, {}),
  note: (id: string, note: string, customer_id: number | null) =>
    ask<void>('PUT', `/calls/${path(id)}/note`, { note, customer_id }),
  recording: (id: string): string => `/api/v1/recordings/${path(id)}`,

  customers: (q: string, limit: number, offset: number) =>
    ask<Listing<Customer>>('GET', `/customers${queryText({ q, limit, offset })}`),
  customer: (id: number) => ask<Customer>('GET', `/customers/${path(id)}`),
  createCustomer: (card: Card) => ask<Customer>('POST', '/customers', card),
  changeCustomer: (id: number, card: Card) => ask<Customer>('PUT', `/customers/${path(id)}`, card),
}

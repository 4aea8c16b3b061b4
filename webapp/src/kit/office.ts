/**
 * A pretended office for the tests of the pages: what the browser would give (fetch, WebSocket) is answered here, and
 * what was asked is written down. Our own code is never replaced.
 */
import { vi } from 'vitest'

import type { Agent, Call, Card, Customer, LegSound, Pop } from '../model'
import { emptyCard } from '../model'

export interface Asked {
  method: string
  path: string
  query: URLSearchParams
  body: unknown
  keepalive: boolean
  /** Its Idempotency-Key, or ''. */
  key: string
}
type Answer = unknown | ((asked: Asked) => unknown)

/** An answer that is an error of the server. */
export class Refusal {
  constructor(
    readonly status: number,
    readonly code = 'failed',
    readonly fields: Record<string, string> = {},
    readonly more: Record<string, unknown> = {},
  ) {}
}

export class PretendedSocket {
  static all: PretendedSocket[] = []
  onmessage: ((event: { data: string }) => void) | null = null
  onclose: ((event: { code: number }) => void) | null = null
  readonly sent: string[] = []

  constructor(readonly url: string) {
    PretendedSocket.all.push(this)
  }

  send(text: string): void {
    this.sent.push(text)
  }

  close(): void {
    this.lose(1000)
  }

  /** As the server, or the cable, ends it. */
  lose(code = 1006): void {
    this.onclose?.({ code })
  }

  say(type: string, data: unknown, at = new Date().toISOString()): void {
    this.onmessage?.({ data: JSON.stringify({ type, at, data }) })
  }
}

export class PretendedOffice {
  readonly asked: Asked[] = []
  private readonly answers = new Map<string, Answer>()
  reachable = true

  constructor() {
    PretendedSocket.all = []
    vi.stubGlobal('WebSocket', PretendedSocket)
    vi.stubGlobal('fetch', (address: string, options: RequestInit = {}) => this.fetch(address, options))
  }

  get socket(): PretendedSocket {
    const last = PretendedSocket.all.at(-1)
    if (!last) throw new Error('no socket was opened')
    return last
  }

  /** "GET /desk" → JSON, a Refusal, or a function of what is asked. The longest beginning that fits answers. */
  on(what: string, answer: Answer): void {
    this.answers.set(what, answer)
  }

  to(method: string, path: string): Asked[] {
    return this.asked.filter((asked) => asked.method === method && asked.path === path)
  }

  private async fetch(address: string, options: RequestInit): Promise<Response> {
    const url = new URL(address, 'http://office')
    const asked: Asked = {
      method: options.method ?? 'GET',
      path: url.pathname.replace('/api/v1', ''),
      query: url.searchParams,
      body: typeof options.body === 'string' && options.body.startsWith('{') ? JSON.parse(options.body) : options.body,
      keepalive: options.keepalive ?? false,
      key: new Headers(options.headers).get('Idempotency-Key') ?? '',
    }
    this.asked.push(asked)
    if (!this.reachable) throw new TypeError('Failed to fetch')
    const what = `${asked.method} ${asked.path}`
    const known = [...this.answers.keys()].filter((key) => what.startsWith(key)).sort((a, b) => b.length - a.length)[0]
    const answer = known === undefined ? new Refusal(404, 'not_found') : this.answers.get(known)
    const given: unknown = typeof answer === 'function' ? await (answer as (asked: Asked) => unknown)(asked) : answer
    if (given instanceof Refusal) {
      const { status, code, fields, more } = given
      return new Response(JSON.stringify({ error: { code, message: code, fields, ...more } }), { status })
    }
    return given === undefined ? new Response(null, { status: 204 }) : new Response(JSON.stringify(given))
  }
}

export function agent(more: Partial<Agent> = {}): Agent {
  return {
    login: '1001',
    name: '张三',
    extension: '1001',
    state: 'ready',
    reason: '',
    since: '2026-11-24T08:00:00+00:00',
    until: null,
    phone: true,
    call: null,
    queues: ['sales'],
    teams: [],
    ...more,
  }
}

export function call(id: string, more: Partial<Call> = {}): Call {
  return {
    id,
    direction: 'inbound',
    caller: '13800138000',
    caller_name: '',
    called: '02088886666',
    trunk: 'gateway',
    flow: 'main',
    queue: 'sales',
    agent: null,
    extension: null,
    started_at: '2026-11-24T08:00:00+00:00',
    queued_at: null,
    answered_at: null,
    ended_at: null,
    wait_seconds: null,
    talk_seconds: null,
    outcome: null,
    ended_by: null,
    cause: '',
    recording_id: null,
    customer_id: null,
    note: '',
    keys: '',
    known: {},
    survey: [],
    mos: null,
    ...more,
  }
}

export function legSound(more: Partial<LegSound> = {}): LegSound {
  return {
    leg: 1,
    side: 'caller',
    number: '13800138000',
    codec: 'PCMA',
    received: 1000,
    lost: 0,
    late: 0,
    sent: 1000,
    jitter_ms: 1.5,
    lost_there: null,
    jitter_there_ms: null,
    round_trip_ms: null,
    mos: 4.38,
    mos_there: null,
    together_seconds: 20,
    talk_seconds: 9,
    ...more,
  }
}

export function pop(id: string, more: Partial<Pop> = {}): Pop {
  return {
    call: id,
    agent: '1001',
    caller: '13800138000',
    called: '02088886666',
    queue: 'sales',
    customers: [],
    keys: '1',
    ...more,
  }
}

export function customer(id: number, more: Partial<Card> = {}): Customer {
  const at = '2026-11-01T00:00:00+00:00'
  const unmarked = { no_sms_at: null, no_sms_by: '', no_email_at: null, no_email_by: '' }
  return { ...emptyCard('13800138000'), name: '王芳', ...more, ...unmarked, id, created_at: at, changed_at: at, version: 1 }
}

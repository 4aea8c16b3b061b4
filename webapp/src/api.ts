/** The JSON API (docs/api.md) as functions. The cookie says who we are; a 401 goes to the sign-in page. */
import type {
  Agent,
  Alarm,
  Applied,
  Ban,
  Calendar,
  CalendarAt,
  Call,
  BreakReason,
  Callback,
  CallbackState,
  Card,
  CardTerms,
  Customer,
  Device,
  Duty,
  DutyCounts,
  DutyKind,
  DutyOnDay,
  DutyStep,
  DutyWanted,
  DeviceMade,
  Dictionary,
  DictionaryValue,
  FileFault,
  FlowData,
  FlowDifference,
  FlowDraft,
  FlowExample,
  FlowGraph,
  FlowKind,
  FlowList,
  FlowOpened,
  FlowVersion,
  FlowWalk,
  LegSound,
  Listening,
  ListenMode,
  Listing,
  Me,
  NewPosting,
  Outcome,
  PagePhone,
  Peaks,
  PhoneSeen,
  Places,
  Pop,
  PromiseFigures,
  Posting,
  PrepaidCard,
  Prompt,
  PromptDraft,
  PromptOpened,
  RecordingAlarm,
  Step,
  Thing,
  Things,
  Voicemail,
  WantedState,
} from './model'
import { THING_KEYS } from './model'

/** An answer that is not what was asked for. fields, faults: what is wrong with each field, or line, sent. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: Record<string, string> = {},
    readonly faults: readonly FileFault[] = [],
    /** Of what was changed meanwhile: as it is now. */
    readonly now: object | null = null,
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

interface Said {
  error?: { code?: string; message?: string; fields?: Record<string, string>; faults?: FileFault[]; now?: object }
}

/** key: of what is made by it (`Idempotency-Key`): sent again because no answer came, it is made once. */
export async function send(
  method: string,
  path: string,
  type = '',
  body?: string | Blob,
  keepalive = false,
  key = '',
  signal?: AbortSignal,
): Promise<Response> {
  // Only a page of ours can set this header: the server refuses changes that come without it.
  const headers: Record<string, string> = {
    'X-Requested-With': 'callcenterd',
    'Accept-Language': document.documentElement.lang,
  }
  if (type) headers['Content-Type'] = type
  if (key) headers['Idempotency-Key'] = key
  let answer: Response
  try {
    answer = await fetch(`/api/v1${path}`, { method, headers, body, credentials: 'same-origin', keepalive, signal })
  } catch {
    throw new ApiError(0, 'unreachable', '')
  }
  if (answer.ok) return answer
  if (answer.status === 401) signIn()
  const { error = {} } = ((await answer.json().catch(() => null)) ?? {}) as Said
  throw new ApiError(
    answer.status,
    error.code ?? 'failed',
    error.message ?? answer.statusText,
    error.fields ?? {},
    error.faults ?? [],
    error.now ?? null,
  )
}

/** What it says; a line that is cut in the middle of it has said nothing. */
async function said<T>(answer: Response): Promise<T> {
  if (answer.status === 204) return undefined as T
  const text = await answer.text().catch(() => {
    throw new ApiError(0, 'unreachable', '')
  })
  return JSON.parse(text) as T
}

/** One question to the API. Each room keeps its own beside its pages (`complaints/api.ts` …); what all use is below. */
export async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  return said(
    await (body === undefined ? send(method, path) : send(method, path, 'application/json', JSON.stringify(body))),
  )
}

/** On a line that swallows everything a browser waits for minutes; what is made once can be sent again before. */
const PATIENCE_MS = 30_000

/** Something new, made once however often it is sent with that key (see FormDraft.send in records/drafts.ts). */
export async function make<T>(path: string, body: unknown, key: string): Promise<T> {
  const patience = AbortSignal.timeout(PATIENCE_MS)
  return said(await send('POST', path, 'application/json', JSON.stringify(body), false, key, patience))
}

/** A file as it is, of whatever kind. */
export async function upload<T>(path: string, file: Blob): Promise<T> {
  return (await (await send('POST', path, 'application/octet-stream', file)).json()) as T
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
/** "." fits every number, but no address can end in it: browsers take it for "this folder". Then it is a query. */
const thingPath = (kind: Thing, key: string): string =>
  key === '.' ? `/${kind}${queryText({ [THING_KEYS[kind]]: key })}` : `/${kind}/${path(key)}`

type PromptNamed = Pick<Prompt, 'name' | 'language'>
/** "-" is the language of those that have none; a name may have parts. */
const tongue = ({ language }: PromptNamed): string => path(language || '-')
const parts = ({ name }: PromptNamed): string => name.split('/').map(path).join('/')

export const api = {
  me: () => ask<Me>('GET', '/session'),
  signOut: () => ask<void>('DELETE', '/session'),
  changePassword: (old: string, wanted: string) => ask<void>('POST', '/session/password', { old, new: wanted }),

  desk: () => ask<{ agent: Agent | null; pop: Pop | null }>('GET', '/desk'),
  setState: (login: string, state: WantedState, reason = '', extension?: string) =>
    ask<Agent>('POST', `/agents/${path(login)}/state`, { state, reason, ...(extension ? { extension } : {}) }),
  endWrapUp: (login: string) => ask<Agent>('POST', `/agents/${path(login)}/wrap-up/end`, {}),

  // ---- this page as a phone -----------------------------------------------------------------------
  phone: () =>
    ask<{ phone: PagePhone; ice_servers: { urls: string; username?: string; credential?: string }[] }>('GET', '/phone'),
  connectPhone: (sdp: string) => ask<{ page: string; sdp: string }>('POST', '/phone', { sdp }),
  disconnectPhone: (page: string) => ask<void>('DELETE', `/phone/${path(page)}`),
  answerPhone: () => ask<void>('POST', '/phone/answer', {}),
  hangUpPhone: () => ask<void>('POST', '/phone/hang-up', {}),
  dialPhone: (number: string) => ask<void>('POST', '/phone/dial', { number }),
  pressKeys: (keys: string) => ask<void>('POST', '/phone/keys', { keys }),
  holdPhone: (held: boolean) => ask<void>('POST', '/phone/hold', { held }),
  transferPhone: (number: string) => ask<void>('POST', '/phone/transfer', { number }),

  // ---- a supervisor with somebody's conversation --------------------------------------------------
  listening: () => ask<Listing<Listening>>('GET', '/listening'),
  listen: (call: string, mode: ListenMode) => ask<Listening>('POST', `/calls/${path(call)}/listen`, { mode }),
  stopListening: () => ask<void>('DELETE', '/listening'),
  takeOver: (call: string) => ask<void>('POST', `/calls/${path(call)}/take-over`, {}),

  calls: (conditions: CallConditions) => ask<Listing<Call>>('GET', `/calls${queryText({ ...conditions })}`),
  call: (id: string) => ask<Call & { story: Step[]; sound: LegSound[] }>('GET', `/calls/${path(id)}`),
  hangUp: (id: string) => ask<void>('POST', `/calls/${path(id)}/hang-up`, {}),
  /** seen: the note that was there before; another by now is a 409 with what stands there. */
  note: (id: string, note: string, customer_id: number | null, seen: string) =>
    ask<void>('PUT', `/calls/${path(id)}/note`, { note, customer_id, seen }),
  /** The same from a page that is being closed: the browser carries it on, nobody waits for the answer. */
  lastNote: (id: string, note: string, customer_id: number | null, seen: string) =>
    send('PUT', `/calls/${path(id)}/note`, 'application/json', JSON.stringify({ note, customer_id, seen }), true),
  recording: (id: string): string => `/api/v1/recordings/${path(id)}`,
  /** part: of it alone, in seconds. */
  peaks: (id: string, points: number, part?: { begin: number; end: number }) =>
    ask<Peaks>('GET', `/recordings/${path(id)}/peaks${queryText({ points, ...part })}`),
  pauseRecording: (id: string) => ask<void>('POST', `/calls/${path(id)}/recording/pause`, {}),
  resumeRecording: (id: string) => ask<void>('POST', `/calls/${path(id)}/recording/resume`, {}),

  /** fields: what is asked of custom ones, as JSON. */
  customers: (q: string, limit: number, offset: number, fields = '') =>
    ask<Listing<Customer>>('GET', `/customers${queryText({ q, limit, offset, fields })}`),
  customer: (id: number) => ask<Customer>('GET', `/customers/${path(id)}`),
  createCustomer: (card: Card, key: string) => make<Customer>('/customers', card, key),
  /** version: the one that was read; another by now is a 409 with what is now. */
  changeCustomer: (id: number, card: Card, version: number | null) =>
    ask<Customer>('PUT', `/customers/${path(id)}`, { ...card, version }),

  dictionaries: () => ask<Listing<Dictionary>>('GET', '/dictionaries'),
  putDictionary: (name: string, values: DictionaryValue[]) =>
    ask<Dictionary>('PUT', `/dictionaries/${path(name)}`, { values }),

  prepaidCards: (customer: number) => ask<Listing<PrepaidCard>>('GET', `/customers/${path(customer)}/cards`),
  addPrepaidCard: (customer: number, card: CardTerms & { number: string; pin?: string }) =>
    ask<PrepaidCard>('POST', `/customers/${path(customer)}/cards`, card),
  changePrepaidCard: (id: number, terms: CardTerms) => ask<PrepaidCard>('PUT', `/cards/${path(id)}`, terms),
  blockCard: (id: number) => ask<PrepaidCard>('POST', `/cards/${path(id)}/block`, {}),
  unblockCard: (id: number) => ask<PrepaidCard>('POST', `/cards/${path(id)}/unblock`, {}),
  unlockCard: (id: number) => ask<PrepaidCard>('POST', `/cards/${path(id)}/unlock`, {}),
  setCardPin: (id: number, pin: string) => ask<PrepaidCard>('PUT', `/cards/${path(id)}/pin`, { pin }),
  postings: (card: number, limit: number) =>
    ask<Listing<Posting>>('GET', `/cards/${path(card)}/postings${queryText({ limit })}`),
  post: (card: number, posting: NewPosting) => ask<Posting>('POST', `/cards/${path(card)}/postings`, posting),

  voicemail: (conditions: { queue?: string; done?: 'true' | 'false'; limit?: number; offset?: number }) =>
    ask<Listing<Voicemail>>('GET', `/voicemail${queryText({ ...conditions })}`),
  /** What is not named stays. */
  changeVoicemail: (id: number, change: { done?: boolean; heard?: boolean; assigned_to?: string; note?: string }) =>
    ask<Voicemail>('PUT', `/voicemail/${path(id)}`, change),
  voicemailSound: (id: number): string => `/api/v1/voicemail/${path(id)}/sound`,
  callVoicemailBack: (id: number) => ask<{ call: string }>('POST', `/voicemail/${path(id)}/call-back`, {}),
  callbacks: (conditions: { queue?: string; undone?: 'true'; limit?: number; offset?: number }) =>
    ask<Listing<Callback>>('GET', `/callbacks${queryText({ ...conditions })}`),
  breakReasons: () => ask<Listing<BreakReason>>('GET', '/break-reasons'),
  callBackNow: (id: number) => ask<{ call: string }>('POST', `/callbacks/${path(id)}/call`, {}),
  markCallback: (id: number, state: CallbackState) => ask<Callback>('PUT', `/callbacks/${path(id)}`, { state }),

  // ---- duties: every change says which version it has seen -----------------------------------------
  duties: (conditions: Query) => ask<Listing<Duty>>('GET', `/duties${queryText(conditions)}`),
  dutyCalendar: (conditions: Query) => ask<Listing<DutyOnDay>>('GET', `/duties/calendar${queryText(conditions)}`),
  dutyCounts: () => ask<DutyCounts>('GET', '/duties/counts'),
  dutyKinds: () => ask<Listing<DutyKind>>('GET', '/duties/kinds'),
  duty: (id: number) => ask<{ duty: Duty; steps: DutyStep[] }>('GET', `/duties/${path(id)}`),
  createDuty: (wanted: DutyWanted, key: string) => make<Duty>('/duties', wanted, key),
  orderDuty: {
    take: (id: number, body: object) => ask<Duty>('POST', `/duties/${path(id)}/take`, body),
    assign: (id: number, body: object) => ask<Duty>('POST', `/duties/${path(id)}/assign`, body),
    note: (id: number, body: object) => ask<Duty>('POST', `/duties/${path(id)}/note`, body),
    postpone: (id: number, body: object) => ask<Duty>('POST', `/duties/${path(id)}/postpone`, body),
    done: (id: number, body: object) => ask<Duty>('POST', `/duties/${path(id)}/done`, body),
    cancel: (id: number, body: object) => ask<Duty>('POST', `/duties/${path(id)}/cancel`, body),
  },
  callForDuty: (id: number) => ask<{ call: string }>('POST', `/duties/${path(id)}/call`, {}),
  promise: (call: string, due: string, title: string, key: string) =>
    make<Duty>(`/calls/${path(call)}/promise`, { due, title }, key),
  promisesOfCall: (call: string) => ask<Listing<Duty>>('GET', `/calls/${path(call)}/promises`),
  promisesTo: (customer: number) => ask<Listing<Duty>>('GET', `/customers/${path(customer)}/promises`),
  promisesKept: (since: string, until: string) =>
    ask<PromiseFigures>('GET', `/promises/kept${queryText({ since, until })}`),

  // ---- what the office has; each kind of thing has the key that THING_KEYS names ------------------
  things: <K extends Thing>(kind: K) => ask<Listing<Things[K]>>('GET', `/${kind}`),
  createThing: <K extends Thing>(kind: K, thing: object) => ask<Things[K]>('POST', `/${kind}`, thing),
  changeThing: <K extends Thing>(kind: K, key: string, thing: object) =>
    ask<Things[K]>('PUT', thingPath(kind, key), thing),
  /** keys: of all things of the kind, in the order in which they shall stand. */
  orderThings: (kind: Thing, keys: readonly string[]) => ask<void>('POST', `/${kind}/order`, { keys }),
  deleteThing: (kind: Thing, key: string) => ask<void>('DELETE', thingPath(kind, key)),
  phones: () => ask<Listing<PhoneSeen>>('GET', '/phones'),
  devices: () => ask<Listing<Device>>('GET', '/devices'),
  createDevice: (entry: { mac: string; vendor: string; extension: string }) => ask<DeviceMade>('POST', '/devices', entry),
  /** Another secret address; the old one is nobody's any more. */
  renewDevice: (id: number) => ask<DeviceMade>('POST', `/devices/${id}/token`, {}),
  removeDevice: (id: number) => ask<void>('DELETE', `/devices/${id}`),
  bans: () => ask<Listing<Ban>>('GET', '/bans'),
  liftBan: (address: string) => ask<void>('DELETE', `/bans/${path(address)}`),
  alarms: () => ask<Listing<Alarm> & { recordings: RecordingAlarm[] }>('GET', '/alarms'),
  calendars: () => ask<Listing<Calendar>>('GET', '/calendars'),
  createCalendar: (calendar: Pick<Calendar, 'name' | 'hours'>) => ask<Calendar>('POST', '/calendars', calendar),
  /** changes: as `changesOf` tells them. */
  changeCalendar: (name: string, changes: object) => ask<Calendar>('PUT', `/calendars/${path(name)}`, changes),
  deleteCalendar: (name: string) => ask<void>('DELETE', `/calendars/${path(name)}`),
  calendarAt: (name: string, time: string) =>
    ask<CalendarAt>('GET', `/calendars/${path(name)}/at${queryText({ time })}`),
  /** A year's public holidays; raises ApiError with its faults. */
  bringDays: async (name: string, file: Blob): Promise<Calendar> =>
    (await (await send('POST', `/calendars/${path(name)}/days`, 'text/csv', file)).json()) as Calendar,
  prompts: () => ask<Listing<Prompt>>('GET', '/prompts'),
  prompt: (prompt: PromptNamed) => ask<PromptOpened>('GET', `/prompts/${tongue(prompt)}/${parts(prompt)}`),
  renamePrompt: (prompt: PromptNamed, name: string) =>
    ask<PromptOpened>('PUT', `/prompts/${tongue(prompt)}/${parts(prompt)}`, { name }),
  removePrompt: (prompt: PromptNamed) => ask<void>('DELETE', `/prompts/${tongue(prompt)}/${parts(prompt)}`),
  /** The address of what callers hear, or of one version. */
  promptSound: (prompt: PromptNamed, version?: number) =>
    `/api/v1/prompt_sounds/${tongue(prompt)}/${parts(prompt)}${queryText({ version })}`,
  bringPromptBack: (prompt: PromptNamed, number: number) =>
    ask<PromptOpened>('POST', `/prompt_versions/${tongue(prompt)}/${parts(prompt)}`, { number }),
  uploadPrompt: async (file: File) =>
    (await (
      await send('POST', `/prompt_drafts${queryText({ name: file.name })}`, 'application/octet-stream', file)
    ).json()) as PromptDraft,
  speakPrompt: (text: string, language: string) =>
    ask<PromptDraft>('POST', '/prompt_drafts/speech', { text, language }),
  recordPrompt: (extension: string) =>
    ask<PromptDraft>('POST', '/prompt_drafts/phone', extension ? { extension } : {}),
  promptDraft: (id: string) => ask<PromptDraft>('GET', `/prompt_drafts/${path(id)}`),
  promptDraftSound: (id: string) => `/api/v1/prompt_drafts/${path(id)}/sound`,
  dropPromptDraft: (id: string) => ask<void>('DELETE', `/prompt_drafts/${path(id)}`),
  keepPrompt: (id: string, name: string, language: string) =>
    ask<PromptOpened>('POST', `/prompt_drafts/${path(id)}/keep`, { name, language }),

  flows: () => ask<FlowList>('GET', '/flows'),
  reloadFlows: () => ask<FlowList>('POST', '/flows/reload', {}),
  flow: (name: string) => ask<FlowOpened>('GET', `/flows/${path(name)}`),
  flowExamples: () => ask<Listing<FlowExample>>('GET', '/flow_examples'),
  copyFlowExample: (example: string, name: string, title: string) =>
    ask<FlowVersion>('POST', `/flow_examples/${path(example)}/copy`, { name, title }),
  flowKinds: () => ask<Listing<FlowKind>>('GET', '/flow_kinds'),
  checkFlow: (text: string, wanted?: FlowData, renamed: Record<string, string> = {}) =>
    ask<FlowGraph>('POST', '/flow_check', wanted === undefined ? { text } : { text, wanted, renamed }),
  keepFlowDraft: (name: string, text: string, base: string, seen: string | null) =>
    ask<FlowDraft>('PUT', `/flows/${path(name)}/draft`, { text, base, seen }),
  dropFlowDraft: (name: string) => ask<void>('DELETE', `/flows/${path(name)}/draft`),
  keepFlowPlaces: (name: string, places: Places) => ask<void>('PUT', `/flows/${path(name)}/places`, { places }),
  publishFlow: (name: string, text: string, base: string, note: string) =>
    ask<FlowVersion>('POST', `/flows/${path(name)}/publish`, { text, base, note }),
  flowVersions: (name: string) => ask<Listing<FlowVersion>>('GET', `/flows/${path(name)}/versions`),
  flowVersion: (name: string, number: number) =>
    ask<{ text: string }>('GET', `/flows/${path(name)}/versions/${number}`),
  rollBackFlow: (name: string, number: number, base: string, note: string) =>
    ask<FlowVersion>('POST', `/flows/${path(name)}/roll_back`, { number, base, note }),
  compareFlows: (before: string, after: string) => ask<FlowDifference>('POST', '/flow_diff', { before, after }),
  walkFlow: (asked: FlowWalk) => ask<{ lines: string[] }>('POST', '/flow_simulation', asked),
  /** Rings the own phone, where the text is heard. */
  rehearseFlow: (text: string, caller: string) => ask<null>('POST', '/flow_rehearsal', { text, caller }),
  /** The site file as `callcenterd export` writes it. */
  siteFile: async (): Promise<string> => (await send('GET', '/site')).text(),
  /** As `callcenterd apply` does; raises ApiError with its faults. overwrite: also what pages changed since. */
  applySite: async (text: string, overwrite: boolean): Promise<Applied> =>
    (await (await send('POST', `/site${overwrite ? '?overwrite=true' : ''}`, 'application/yaml', text)).json()) as Applied,
}

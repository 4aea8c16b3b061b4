/**
 * What an administrator puts in, as tables and forms: which columns, which fields, what a field takes. One page
 * (ThingPart.vue) draws all of them. The server checks again; its words about a field stand beside it.
 */
import { AT_CLOSING, STRATEGIES, THING_KEYS, type Role, type Thing, type Things } from '../model'

export const ROLES: readonly Role[] = ['agent', 'supervisor', 'manager', 'admin']
export const LANGUAGES = ['zh-CN', 'en'] as const

/** What a phone is offered when nobody has said otherwise: G.711 first, which trunks speak. */
const PHONE_CODECS = ['PCMA', 'PCMU', 'G722', 'opus'] as const

/** secret: never shown, sent only when typed. tags: free texts. choices: several of a list, in order. */
export type FieldKind = 'text' | 'number' | 'secret' | 'switch' | 'choice' | 'choices' | 'tags'
/** Lists that a choice is made from. */
export type Source =
  | 'flows'
  | 'trunks'
  | 'users'
  | 'leaders'
  | 'extensions'
  | 'limited'
  | 'boxes'
  | 'roles'
  | 'strategies'
  | 'languages'
  | 'forms'
  | 'headers'
  | 'codecs'
  | 'encryptions'
  | 'trunkEncryptions'
  | 'transports'
  | 'calendars'
  | 'closings'

export interface Field {
  name: string
  /** Message key under `admin`. */
  label: string
  kind: FieldKind
  required?: boolean
  /** Message key under `adminHelp`. */
  help?: string
  from?: Source
  /** Empty is a value: "none of them". */
  clearable?: boolean
  least?: number
  most?: number
  unit?: boolean
  wide?: boolean
  /** Asked only of some; what is not asked is not sent. */
  when?: (draft: Draft) => boolean
}

/** What stands in a form. */
export type Draft = Record<string, unknown>

export interface Kind {
  columns: readonly string[]
  fields: readonly Field[]
  fresh: Draft
}

const text = (name: string, label: string, more: Partial<Field> = {}): Field => ({ name, label, kind: 'text', ...more })
const seconds = (name: string, label: string, least: number, most: number): Field => ({
  name,
  label,
  kind: 'number',
  required: true,
  least,
  most,
  unit: true,
})

export const KINDS: Record<Thing, Kind> = {
  trunks: {
    columns: ['name', 'address', 'mode', 'username', 'channels', 'caller', 'status'],
    fields: [
      text('name', 'name', { required: true, help: 'trunkName' }),
      text('host', 'host', { required: true, help: 'host' }),
      { name: 'port', label: 'port', kind: 'number', required: true, least: 1, most: 65535 },
      { name: 'register', label: 'byRegistration', kind: 'switch', help: 'register' },
      text('username', 'username', { help: 'username' }),
      { name: 'password', label: 'password', kind: 'secret' },
      { name: 'allow', label: 'allow', kind: 'tags', help: 'allow', wide: true },
      { name: 'channels', label: 'channels', kind: 'number', required: true, least: 0, most: 10000, help: 'channels' },
      { name: 'transport', label: 'transport', kind: 'choice', from: 'transports', required: true },
      text('caller', 'callerShown', { help: 'callerShown' }),
      { name: 'caller_id', label: 'callerHeader', kind: 'choice', from: 'headers', required: true, help: 'callerHeader' },
      { name: 'in_strip', label: 'inStrip', kind: 'number', required: true, least: 0, most: 20, help: 'inStrip' },
      text('in_prepend', 'inPrepend'),
      { name: 'out_form', label: 'outForm', kind: 'choice', from: 'forms', required: true, help: 'outForm', wide: true },
      { name: 'out_strip', label: 'outStrip', kind: 'number', required: true, least: 0, most: 20 },
      text('out_prepend', 'outPrepend'),
      { name: 'codecs', label: 'codecs', kind: 'choices', from: 'codecs', required: true, help: 'codecs' },
      {
        name: 'encryption',
        label: 'encryption',
        kind: 'choice',
        from: 'trunkEncryptions',
        required: true,
        help: 'encryption',
      },
      { ...seconds('options', 'options', 0, 3600), help: 'options' },
    ],
    fresh: {
      name: '',
      host: '',
      port: 5060,
      register: false,
      username: '',
      allow: [],
      channels: 0,
      transport: 'udp',
      caller: '',
      caller_id: 'from',
      in_strip: 0,
      in_prepend: '',
      out_form: 'dialled',
      out_strip: 0,
      out_prepend: '',
      codecs: ['PCMA', 'PCMU'],
      encryption: 'off',
      options: 30,
    },
  },
  numbers: {
    columns: ['match', 'flow'],
    fields: [
      text('match', 'match', { required: true, help: 'match' }),
      { name: 'flow', label: 'flow', kind: 'choice', from: 'flows', required: true, help: 'flow' },
    ],
    fresh: { match: '', flow: '' },
  },
  outbound: {
    columns: ['match', 'trunks', 'strip', 'prepend'],
    fields: [
      text('match', 'dialled', { required: true, help: 'match' }),
      {
        name: 'trunks',
        label: 'trunkOrder',
        kind: 'choices',
        from: 'trunks',
        required: true,
        help: 'trunkOrder',
        wide: true,
      },
      { name: 'strip', label: 'strip', kind: 'number', required: true, least: 0, most: 20, help: 'strip' },
      text('prepend', 'prepend', { help: 'prepend' }),
    ],
    fresh: { match: '', trunks: [], strip: 0, prepend: '' },
  },
  users: {
    columns: ['login', 'name', 'role', 'extension', 'canSignIn'],
    fields: [
      text('login', 'login', { required: true, help: 'login' }),
      text('name', 'personName', { required: true }),
      { name: 'role', label: 'role', kind: 'choice', from: 'roles', required: true },
      {
        name: 'extension',
        label: 'extension',
        kind: 'choice',
        from: 'extensions',
        clearable: true,
        help: 'userExtension',
      },
      { name: 'password', label: 'password', kind: 'secret', help: 'userPassword' },
      { name: 'language', label: 'language', kind: 'choice', from: 'languages', required: true },
      { name: 'in_directory', label: 'inDirectory', kind: 'switch', help: 'inDirectory' },
    ],
    fresh: { login: '', name: '', role: 'agent', extension: null, language: 'zh-CN', in_directory: true },
  },
  teams: {
    columns: ['name', 'title', 'members', 'leaders'],
    fields: [
      text('name', 'name', { required: true, help: 'teamName' }),
      text('title', 'displayName'),
      { name: 'members', label: 'members', kind: 'choices', from: 'users', wide: true },
      { name: 'leaders', label: 'leaders', kind: 'choices', from: 'leaders', wide: true, help: 'leaders' },
    ],
    fresh: { name: '', title: '', members: [], leaders: [] },
  },
  extensions: {
    columns: ['number', 'kind', 'whose', 'device', 'status'],
    fields: [
      text('number', 'number', { required: true, help: 'extensionNumber' }),
      { name: 'fixed', label: 'byContact', kind: 'switch', help: 'fixed' },
      { name: 'password', label: 'password', kind: 'secret', help: 'phonePassword', when: (draft) => !draft.fixed },
      text('contact', 'contact', {
        required: true,
        help: 'contact',
        wide: true,
        when: (draft) => Boolean(draft.fixed),
      }),
      { name: 'auto_answer', label: 'autoAnswer', kind: 'switch', help: 'autoAnswer' },
      { name: 'codecs', label: 'codecs', kind: 'choices', from: 'codecs', required: true, help: 'codecs', wide: true },
      {
        name: 'encryption',
        label: 'encryption',
        kind: 'choice',
        from: 'encryptions',
        required: true,
        help: 'encryption',
      },
    ],
    fresh: { number: '', fixed: false, contact: '', auto_answer: false, codecs: [...PHONE_CODECS], encryption: 'allowed' },
  },
  queues: {
    columns: ['name', 'title', 'strategy', 'members', 'wrap_up', 'ring', 'service_level', 'record'],
    fields: [
      text('name', 'name', { required: true, help: 'queueName' }),
      text('title', 'displayName', { help: 'queueTitle' }),
      { name: 'strategy', label: 'strategy', kind: 'choice', from: 'strategies', required: true },
      { name: 'record', label: 'record', kind: 'switch', help: 'record' },
      { name: 'members', label: 'members', kind: 'choices', from: 'users', wide: true },
      seconds('wrap_up', 'wrapUp', 0, 3600),
      seconds('ring', 'ring', 1, 300),
      seconds('service_level', 'serviceLevel', 1, 3600),
      { ...seconds('max_wait', 'maxWait', 0, 86400), help: 'maxWait' },
      text('music', 'music', { help: 'music' }),
      { name: 'calendar', label: 'calendar', kind: 'choice', from: 'calendars', help: 'calendar' },
      {
        name: 'at_closing',
        label: 'atClosing',
        kind: 'choice',
        from: 'closings',
        required: true,
        when: (draft) => Boolean(draft.calendar),
      },
    ],
    fresh: {
      name: '',
      title: '',
      strategy: STRATEGIES[0],
      members: [],
      wrap_up: 10,
      ring: 20,
      service_level: 20,
      max_wait: 0,
      record: true,
      music: '',
      calendar: '',
      at_closing: AT_CLOSING[0],
    },
  },
  limits: {
    columns: ['who', 'calls', 'per_minute', 'per_hour', 'international', 'forbid', 'night', 'longest'],
    fields: [
      { name: 'who', label: 'who', kind: 'choice', from: 'limited', required: true, help: 'who', wide: true },
      { name: 'calls', label: 'callsAtOnce', kind: 'number', required: true, least: 0, most: 10000, help: 'noLimit' },
      { ...seconds('longest', 'longest', 0, 86400), help: 'noLimit' },
      { name: 'per_minute', label: 'perMinute', kind: 'number', required: true, least: 0, most: 10000 },
      { name: 'per_hour', label: 'perHour', kind: 'number', required: true, least: 0, most: 100000 },
      { name: 'international', label: 'international', kind: 'switch', help: 'international' },
      { name: 'premium', label: 'premium', kind: 'switch', help: 'premium' },
      { name: 'forbid', label: 'forbid', kind: 'tags', help: 'forbid', wide: true },
      { name: 'permit', label: 'permit', kind: 'tags', help: 'permit', wide: true },
      text('night', 'night', { help: 'night' }),
    ],
    fresh: {
      who: '',
      calls: 0,
      longest: 0,
      per_minute: 0,
      per_hour: 0,
      international: false,
      premium: false,
      forbid: [],
      permit: [],
      night: '',
    },
  },
  mailboxes: {
    columns: ['box', 'greeting', 'most', 'mail'],
    fields: [
      { name: 'box', label: 'box', kind: 'choice', from: 'boxes', required: true, help: 'box', wide: true },
      text('greeting', 'greeting', { help: 'greeting' }),
      { name: 'most', label: 'mostMessages', kind: 'number', required: true, least: 0, most: 10000, help: 'noLimit' },
      seconds('longest', 'longestMessage', 5, 3600),
      { ...seconds('shortest', 'shortestMessage', 0.5, 60), help: 'shortestMessage' },
      { ...seconds('silence', 'silence', 0, 60), help: 'silence' },
      { name: 'mail', label: 'mail', kind: 'tags', help: 'mail', wide: true },
    ],
    fresh: { box: '', greeting: '', most: 0, longest: 180, shortest: 2, silence: 0, mail: [] },
  },
}

export function keyOf<K extends Thing>(kind: K, thing: Things[K]): string {
  return String((thing as unknown as Draft)[THING_KEYS[kind]])
}

/** A known thing in a form: only what the form asks, lists copied. */
export function draftOf<K extends Thing>(kind: K, thing: Things[K]): Draft {
  const known = thing as unknown as Draft
  const draft: Draft = {}
  for (const { name, kind: what } of KINDS[kind].fields) {
    const value = known[name]
    if (what === 'secret') continue
    draft[name] = Array.isArray(value) ? [...value] : value
  }
  if (kind === 'extensions') draft.fixed = Boolean(known.contact)
  return draft
}

export function freshDraft(kind: Thing): Draft {
  return JSON.parse(JSON.stringify(KINDS[kind].fresh)) as Draft
}

/** What is sent: texts without their outer blanks, a password only when one was typed. */
export function toSend(kind: Thing, draft: Draft): Draft {
  const sent: Draft = {}
  for (const field of KINDS[kind].fields) {
    const value = draft[field.name]
    const asked = !field.when || field.when(draft)
    if (field.name === 'fixed') continue
    if (field.kind === 'secret') {
      if (asked && value) sent[field.name] = value
    } else if (field.clearable) sent[field.name] = asked && value ? value : null
    else if (field.name === 'at_closing') sent[field.name] = value
    else if (typeof value === 'string') sent[field.name] = asked ? value.trim() : ''
    else sent[field.name] = value
  }
  return sent
}

/** What is wrong before anything is sent: field → message key under `adminFault`. hasSecret: the server knows one. */
export function draftFaults(kind: Thing, draft: Draft, hasSecret: boolean): Record<string, string> {
  const faults: Record<string, string> = {}
  for (const field of KINDS[kind].fields) {
    if (field.when && !field.when(draft)) continue
    const fault = fieldFault(field, draft[field.name])
    if (fault) faults[field.name] = fault
  }
  if (kind === 'extensions' && !hasSecret && !draft.fixed && !draft.password) faults.password = 'required'
  if (kind === 'users' && draft.password && String(draft.password).length < LEAST_PASSWORD) faults.password = 'short'
  if (Array.isArray(draft.codecs) && draft.codecs.join() === 'G729') faults.codecs = 'heardOnly'
  if (kind === 'trunks' && draft.register && !String(draft.username ?? '').trim()) faults.username = 'required'
  return faults
}

const LEAST_PASSWORD = 8

const SHAPES: Record<string, readonly [RegExp, string]> = {
  match: [/^(?:[\dA-Za-z*#+_-]{1,63}\.?|\.)$/, 'match'],
  login: [/^[\p{L}\p{N}_][\p{L}\p{N}_.@-]{0,63}$/u, 'name'],
  name: [/^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,63}$/u, 'name'],
  number: [/^[\dA-Za-z*#+_-]{1,32}$/, 'number'],
  host: [/^[\w.:[\]-]+$/, 'host'],
  prepend: [/^[+\d*#]{0,20}$/, 'digits'],
  in_prepend: [/^[+\d*#]{0,20}$/, 'digits'],
  out_prepend: [/^[+\d*#]{0,20}$/, 'digits'],
  caller: [/^\+?\d{0,20}$/, 'digits'],
  night: [/^(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d$/, 'night'],
  contact: [/^sip:[^\s<>"]+$/, 'contact'],
}

function fieldFault(field: Field, value: unknown): string | null {
  if (field.kind === 'number') {
    if (typeof value !== 'number' || Number.isNaN(value)) return 'required'
    return value < (field.least ?? -Infinity) || value > (field.most ?? Infinity) ? 'range' : null
  }
  const written = Array.isArray(value) ? value.join('') : typeof value === 'string' ? value.trim() : value
  if (field.required && (written === '' || written === null || written === undefined)) return 'required'
  // A person's name is no name of a thing: it is written as people write it.
  const shape = field.label === 'personName' ? undefined : SHAPES[field.name]
  return shape && typeof written === 'string' && written && !shape[0].test(written) ? shape[1] : null
}

/** What stands in a form: taken from a thing, judged before it is sent, and made into what is sent. */
import { THING_KEYS, type Thing, type Things } from '../model'
import type { Draft, Field } from './fields'
import { KINDS } from './kinds'
import { rowsFault, type Row } from './rows'

export function keyOf<K extends Thing>(kind: K, thing: Things[K]): string {
  return String((thing as unknown as Draft)[THING_KEYS[kind]])
}

/** A known thing in a form: only what the form asks, lists copied. */
export function draftOf<K extends Thing>(kind: K, thing: Things[K]): Draft {
  const known = thing as unknown as Draft
  const draft: Draft = {}
  for (const { name, kind: what, rows } of KINDS[kind].fields) {
    const value = known[name]
    if (what === 'secret') continue
    if (rows) draft[name] = rows.read(value)
    else draft[name] = Array.isArray(value) ? [...value] : value
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
    if (field.rows) sent[field.name] = field.rows.write(value as Row[])
    else if (field.kind === 'secret') {
      if (asked && value) sent[field.name] = value
    } else if (field.clearable) sent[field.name] = asked && value ? value : null
    else if (field.name === 'at_closing') sent[field.name] = value
    else if (typeof value === 'string') sent[field.name] = asked ? value.trim() : ''
    else sent[field.name] = value
  }
  return sent
}

/** Whether a field stands otherwise than in a new thing: its fold says so. */
export function differs(kind: Thing, field: Field, draft: Draft): boolean {
  if (field.kind === 'secret') return Boolean(draft[field.name])
  return JSON.stringify(draft[field.name]) !== JSON.stringify(KINDS[kind].fresh[field.name])
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
  if (kind === 'users' && draft.pin && !/^\d{4,12}$/.test(String(draft.pin))) faults.pin = 'pin'
  if (kind === 'queues' && draft.disposition_required && draft.wrap_up === 0) faults.wrap_up = 'wrapUpNeeded'
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
  code: [/^\d{1,6}$/, 'code'],
  callback_hours: [/^(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d$/, 'callbackHours'],
  night: [/^(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d$/, 'night'],
  contact: [/^sip:[^\s<>"]+$/, 'contact'],
}

function fieldFault(field: Field, value: unknown): string | null {
  if (field.kind === 'number') {
    if (typeof value !== 'number' || Number.isNaN(value)) return 'required'
    return value < (field.least ?? -Infinity) || value > (field.most ?? Infinity) ? 'range' : null
  }
  if (field.rows) return rowsFault(field.rows, value as Row[])
  const written = Array.isArray(value) ? value.join('') : typeof value === 'string' ? value.trim() : value
  if (field.required && (written === '' || written === null || written === undefined)) return 'required'
  // A person's name is no name of a thing: it is written as people write it.
  const shape = field.label === 'personName' ? undefined : SHAPES[field.name]
  return shape && typeof written === 'string' && written && !shape[0].test(written) ? shape[1] : null
}

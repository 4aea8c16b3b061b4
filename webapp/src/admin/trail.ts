/** Roles and the audit trail (docs/api.md). */
import { ask } from '../api'
import type { Listing, Role } from '../model'

export const SCOPES = ['own', 'team', 'department', 'all'] as const
export type Scope = (typeof SCOPES)[number]
export const HIDDEN_KINDS = ['phone', 'card', 'address', 'email'] as const
export type HiddenKind = (typeof HIDDEN_KINDS)[number]

export interface RoleSettings {
  /** A shipped role, or the code of one of the office's own. */
  role: string
  /** Of an own one: the shipped role that it stands on. */
  base: Role | ''
  chinese: string
  english: string
  users: number
  rights: string[]
  shipped: string[]
  fixed: string[]
  scopes: Record<string, Scope>
  hidden: HiddenKind[]
  version: number
}

export interface AuditEntry {
  id: number
  at: string
  who: string
  what: string
  target: string
  details: Record<string, unknown>
  changes: Record<string, [unknown, unknown]>
}

export const TRAIL_FORMS = ['xlsx', 'csv', 'csv_gb18030'] as const
export type TrailForm = (typeof TRAIL_FORMS)[number]

export interface AuditWanted {
  who: string
  what: string
  target: string
  since?: string
  until?: string
}

const CALLS = ['session', 'desk', 'phone', 'live', 'agent', 'survey', 'call', 'forwarding', 'parking', 'conference', 'recording']
const OFFICE = ['letter', 'ban', 'alarm', 'calendar', 'flow', 'prompt', 'role', 'audit', 'site', 'dictionary', 'field', 'workflow', 'evidence', 'message_template', 'proposal_template', 'duty_kind', 'display', 'seat', 'system']

/** Rights by what they are about; a right that is not known here stands with customers and business. */
export function grouped(names: readonly string[]): { name: 'calls' | 'customers' | 'office'; rights: string[] }[] {
  const of = (name: string): 'calls' | 'customers' | 'office' => {
    const [about = ''] = name.split('.')
    return CALLS.includes(about) ? 'calls' : OFFICE.includes(about) ? 'office' : 'customers'
  }
  return (['calls', 'customers', 'office'] as const).map((group) => ({
    name: group,
    rights: names.filter((name) => of(name) === group),
  }))
}

/** A name of the server as a key of the texts, where a dot would be a step down. */
export const keyOf = (name: string): string => name.replaceAll('.', '_')

const LONG = ['follow_up_rule', 'follow_up', 'appointment_service', 'duty_kind', 'do_not_call', 'customer_message', 'message_template', 'proposal_template']

/** The word again: the dot stands after what it is about. */
export function wordFrom(key: string): string {
  const about = LONG.find((one) => key.startsWith(`${one}_`)) ?? key.split('_')[0] ?? ''
  return `${about}.${key.slice(about.length + 1)}`
}

/** Where the texts may have the name of a field of that kind of thing, the best place first. */
export function fieldKeys(target: string, name: string): string[] {
  const [kind = ''] = target.split('/')
  const own = { customer: `customer.${name}`, consultation: `consultations.fields.${name}`, complaint: `complaints.fields.${name}` }
  return [own[kind as keyof typeof own], `audit.fields.${name}`].filter((key) => key !== undefined)
}

/** A value of a change in one line. */
export function told(value: unknown): string {
  if (value === null || value === undefined) return '–'
  if (Array.isArray(value)) return value.map(told).join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

export const trail = {
  roles: () => ask<Listing<RoleSettings> & { names: string[] }>('GET', '/roles'),
  setRole: (role: string, wanted: Pick<RoleSettings, 'rights' | 'scopes' | 'hidden' | 'version'> & { chinese?: string; english?: string }) =>
    ask<RoleSettings>('PUT', `/roles/${role}`, wanted),
  copyRole: (wanted: { role: string; chinese: string; english: string; copy_of: string }) =>
    ask<RoleSettings>('POST', '/roles', wanted),
  removeRole: (role: RoleSettings) => ask<undefined>('DELETE', `/roles/${role.role}?version=${role.version}`),
  audit: (wanted: AuditWanted, limit: number, offset: number) => {
    const query = new URLSearchParams({ limit: String(limit), offset: String(offset) })
    for (const [name, value] of Object.entries(wanted)) if (value) query.set(name, value)
    return ask<Listing<AuditEntry>>('GET', `/audit?${query}`)
  },
  /** Where the browser takes the file from. */
  exported: (wanted: AuditWanted, form: TrailForm): string => {
    const query = new URLSearchParams({ form })
    for (const [name, value] of Object.entries(wanted)) if (value) query.set(name, value)
    return `/api/v1/audit/export?${query}`
  },
  history: (kind: string, id: number | string, limit: number, offset: number) =>
    ask<Listing<AuditEntry>>('GET', `/records/${kind}/${encodeURIComponent(String(id))}/history?limit=${limit}&offset=${offset}`),
}

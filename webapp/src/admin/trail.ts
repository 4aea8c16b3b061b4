/** Roles and the audit trail (docs/api.md). */
import { ask } from '../api'
import type { Listing, Role } from '../model'

export const SCOPES = ['own', 'team', 'all'] as const
export type Scope = (typeof SCOPES)[number]
export const HIDDEN_KINDS = ['phone', 'card', 'address', 'email'] as const
export type HiddenKind = (typeof HIDDEN_KINDS)[number]

export interface RoleSettings {
  role: Role
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

export interface AuditWanted {
  who: string
  what: string
  target: string
  since?: string
  until?: string
}

const CALLS = ['session', 'desk', 'phone', 'live', 'agent', 'survey', 'call', 'forwarding', 'parking', 'conference', 'recording']
const OFFICE = ['letter', 'ban', 'alarm', 'calendar', 'flow', 'prompt', 'role', 'audit', 'site', 'dictionary', 'field', 'workflow', 'evidence', 'message_template']

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

const LONG = ['do_not_call', 'customer_message', 'message_template']

/** The word again: the dot stands after what it is about. */
export function wordFrom(key: string): string {
  const about = LONG.find((one) => key.startsWith(`${one}_`)) ?? key.split('_')[0] ?? ''
  return `${about}.${key.slice(about.length + 1)}`
}

/** A value of a change in one line. */
export function told(value: unknown): string {
  if (value === null || value === undefined) return '–'
  if (Array.isArray(value)) return value.map(told).join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

export const trail = {
  roles: () => ask<Listing<RoleSettings> & { names: string[] }>('GET', '/roles'),
  setRole: (role: Role, wanted: Pick<RoleSettings, 'rights' | 'scopes' | 'hidden' | 'version'>) =>
    ask<RoleSettings>('PUT', `/roles/${role}`, wanted),
  audit: (wanted: AuditWanted, limit: number, offset: number) => {
    const query = new URLSearchParams({ limit: String(limit), offset: String(offset) })
    for (const [name, value] of Object.entries(wanted)) if (value) query.set(name, value)
    return ask<Listing<AuditEntry>>('GET', `/audit?${query}`)
  },
}

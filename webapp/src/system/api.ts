/** How well the server is, its disk, its log, and whose work is in it (docs/api.md). */
import { ask, queryText } from '../api'
import type { Listing } from '../model'

export type Sign = 'ok' | 'off' | 'warn' | 'fault'

/** figures: by name; null: not known. at: of a certificate, when it runs out. */
export interface Check {
  name: string
  state: Sign
  figures: Record<string, number | null>
  names: string[]
  at: string | null
}

export interface Health {
  at: string
  version: string
  started_at: string
  state: Sign
  memory: number | null
  checks: Check[]
}

export interface Kept {
  name: string
  files: number
  octets: number
  octets_a_day: number | null
  disk: number | null
  whole: boolean
}

export interface Disk {
  total: number
  free: number
  keep_free: number
  octets_a_day: number | null
  days_left: number | null
}

export interface Storage {
  at: string
  items: Kept[]
  disks: Disk[]
}

export const LEVELS = ['debug', 'info', 'warning', 'error'] as const
export type Level = (typeof LEVELS)[number]

export interface LogLine {
  number: number
  at: string
  level: Level
  part: string
  event: string
  details: Record<string, string>
  trace: string
}

export interface LogPage {
  items: LogLine[]
  total: number
  since: string
  newest: number
  most: number
  level: Level
  parts: string[]
}

export interface LogWanted {
  level: Level
  part: string
  text: string
}

export interface Part {
  kind: 'server' | 'programs' | 'pages' | 'sounds'
  name: string
  version: string
  licence: string
  home: string
}

export interface Licences extends Listing<Part> {
  version: string
  licence: string
  text: string
}

export const system = {
  health: () => ask<Health>('GET', '/system/health'),
  storage: () => ask<Storage>('GET', '/system/storage'),
  log: (wanted: LogWanted, more: { after?: number; before?: number; limit?: number } = {}) =>
    ask<LogPage>('GET', `/system/log${queryText({ ...wanted, ...more })}`),
  logFile: (wanted: LogWanted): string => `/api/v1/system/log/file${queryText({ ...wanted })}`,
  licences: () => ask<Licences>('GET', '/system/licences'),
}

/** Customers from files (docs/api.md, imports). */
import { ApiError, ask, send } from '../api'
import type { Card, Listing } from '../model'

export type ImportState = 'uploaded' | 'running' | 'done' | 'stopped' | 'failed' | 'undoing' | 'undone'
export type Duplicates = 'skip' | 'update' | 'new'
export type Key = 'phones' | 'card' | 'email'
export const KEYS: readonly Key[] = ['phones', 'card', 'email']
export type Columns = Record<string, string>

export interface ImportTerms {
  columns: Columns
  keys: Key[]
  duplicates: Duplicates
}

export interface Import {
  id: number
  name: string
  titles: string[]
  rows: number
  state: ImportState
  terms: ImportTerms
  by: string
  at: string
  done: number
  created: number
  updated: number
  skipped: number
  faulty: number
  reverted: number
  left: number
  why: string
}

export interface CustomColumn {
  name: string
  chinese: string
  english: string
}

export interface Opened {
  job: Import
  sample: string[][]
  guessed: Columns
  fields: CustomColumn[]
}

export interface PreviewRow {
  number: number
  card: Card
  faults: Record<string, string>
}

export const imports = {
  list: () => ask<Listing<Import>>('GET', '/imports?limit=50'),
  one: (id: number) => ask<Import>('GET', `/imports/${id}`),
  sample: (id: number) => ask<Opened>('GET', `/imports/${id}/sample`),
  preview: (id: number, columns: Columns) => ask<{ items: PreviewRow[] }>('POST', `/imports/${id}/preview`, { columns }),
  start: (id: number, terms: ImportTerms) => ask<Import>('POST', `/imports/${id}/start`, terms),
  stop: (id: number) => ask<Import>('POST', `/imports/${id}/stop`, {}),
  undo: (id: number) => ask<Import>('POST', `/imports/${id}/undo`, {}),
  remove: (id: number) => ask<void>('DELETE', `/imports/${id}`),
  upload: async (file: File): Promise<Opened> => {
    const answer = await send('POST', `/imports?name=${encodeURIComponent(file.name)}`, 'application/octet-stream', file)
    return (await answer.json()) as Opened
  },
  faultsAddress: (id: number): string => `/api/v1/imports/${id}/faults.csv`,
}

export const fileFault = (why: unknown): string => (why instanceof ApiError ? (why.fields.file ?? '') : '')

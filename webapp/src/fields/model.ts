/** Custom fields: what an office adds to its records. */
import type { DictionaryName, DictionaryValue, Role } from '../model'

export type FieldKind = 'customer' | 'consultation' | 'complaint' | 'follow_up' | 'appointment'
/** Kinds of records that there are, and so can have fields. */
export const KINDS_HERE: readonly FieldKind[] = ['customer', 'consultation', 'complaint', 'follow_up', 'appointment']
export const FIELD_TYPES = ['text', 'long_text', 'number', 'date', 'choice', 'multi_choice', 'yes_no', 'file', 'reference'] as const
export type FieldType = (typeof FIELD_TYPES)[number]
export const FIELD_TARGETS = ['customer', 'user', 'consultation', 'complaint', 'follow_up', 'appointment'] as const
export type FieldTarget = (typeof FIELD_TARGETS)[number]
/** A date is 2026-11-27, a choice its code; a file is its number; a reference is a number, or a user's login. */
export type FieldValue = boolean | number | string | string[]
/** What a list is asked of them: one value, or from and to. */
export type FieldsAsked = Record<string, boolean | number | string | [number | string | null, number | string | null]>
/** As dates are written. */
export const DAY = /^\d{4}-\d\d-\d\d$/
export type FieldValues = Record<string, FieldValue | null>

/** readers, writers: roles beside administrators. */
export interface FieldTerms {
  chinese: string
  english: string
  required: boolean
  readers: Role[]
  writers: Role[]
  /** Its own list; of one with a dictionary the values are there. */
  choices: DictionaryValue[]
  retired: boolean
}

export interface NewField extends FieldTerms {
  kind: FieldKind
  name: string
  type: FieldType
  dictionary: DictionaryName | ''
  target: FieldTarget | ''
  places: number
}

export interface CustomField extends NewField {
  id: number
  position: number
  version: number
}

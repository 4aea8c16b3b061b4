/** What a field of the administration's forms is, and short ways to say it. */
import type { Row, Rows } from './rows'

/** rows: several lines (see rows.ts). secret: never shown, sent only when typed. tags: free texts. choices: several of
 * a list, in order. */
export type FieldKind = 'text' | 'number' | 'secret' | 'switch' | 'choice' | 'choices' | 'tags' | 'rows'
/** Lists that a choice is made from (choices.ts). */
export type Source =
  | 'flows'
  | 'trunks'
  | 'users'
  | 'leaders'
  | 'extensions'
  | 'limited'
  | 'boxes'
  | 'roles'
  | 'ownRoles'
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
  | 'queueNames'
  | 'music'
  | 'greetings'
  | 'recordings'
  | 'skills'
  | 'levels'
  | 'phoneKeys'
  | 'waysOut'

export interface Field {
  name: string
  /** Message key under `admin`. */
  label: string
  kind: FieldKind
  required?: boolean
  /** Message key under `adminHelp`. */
  help?: string
  from?: Source
  /** Something that is not in the list may be typed. */
  free?: boolean
  /** Empty is a value: "none of them". */
  clearable?: boolean
  least?: number
  most?: number
  /** Message key under `admin` of what a number counts. */
  unit?: string
  /** Parts of one may stand there. */
  decimals?: boolean
  wide?: boolean
  /** What a choice is made from, in place of `from`: words under `adminOption`, in the group of `words`. */
  options?: readonly string[]
  words?: string
  rows?: Rows
  /** Folded away with others under this heading (message key under `admin`); none: always to be seen. */
  group?: string
  /** Asked only of some; what is not asked is not sent. */
  when?: (draft: Draft) => boolean
}

/** What stands in a form. */
export type Draft = Record<string, unknown>
export type { Row }

export const text = (name: string, label: string, more: Partial<Field> = {}): Field => ({ name, label, kind: 'text', ...more })
export const number = (name: string, label: string, least: number, most: number): Field => ({
  name,
  label,
  kind: 'number',
  required: true,
  least,
  most,
})
export const seconds = (name: string, label: string, least: number, most: number): Field => ({
  ...number(name, label, least, most),
  unit: 'secondsUnit',
  decimals: true,
})
export const choice = (name: string, label: string, options: readonly string[], words: string): Field => ({
  name,
  label,
  kind: 'choice',
  required: true,
  options,
  words,
})
export const rows = (name: string, label: string, shape: Rows, more: Partial<Field> = {}): Field => ({
  name,
  label,
  kind: 'rows',
  rows: shape,
  wide: true,
  ...more,
})
/** Fields that stand folded away under one heading. */
export const folded = (group: string, fields: readonly Field[]): Field[] => fields.map((field) => ({ ...field, group }))

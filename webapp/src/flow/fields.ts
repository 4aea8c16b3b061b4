/** The form of a node, made from the JSON Schema of its kind. */
import type { FlowFault, FlowKind, Schema } from '../model'
import { ANY } from './edited'

export type FieldType = 'node' | 'keys' | 'text' | 'long' | 'number' | 'flag' | 'choice' | 'names' | 'pairs' | 'cases' | 'other'

export type PairValues = 'texts' | 'typed' | 'sayings'

export interface Field {
  path: string[]
  type: FieldType
  needed: boolean
  choices: string[]
  minimum?: number
  maximum?: number
  /** Of pairs: what their values may be beside texts: numbers and true, or what is said in parts ([ … ]). */
  values?: PairValues
}

export function fieldsOf(kind: FlowKind): Field[] {
  const exits = new Set(kind.exits.map((pattern) => pattern.join('.')))
  return within(kind.fields, [], kind.fields.$defs ?? {}, exits)
}

/** Those of a node's faults that stand in a field, or in something of it. */
export function faultsAt(faults: readonly FlowFault[], path: readonly string[]): FlowFault[] {
  return faults.filter((fault) => path.every((step, n) => fault.path[n] === step))
}

function within(schema: Schema, before: string[], defs: Record<string, Schema>, exits: Set<string>): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, given]) => {
    const path = [...before, name]
    const needed = schema.required?.includes(name) ?? false
    const field = { path, needed, choices: [] as string[] }
    if (exits.has(path.join('.'))) return [{ ...field, type: 'node' as const }]
    if (exits.has([...path, ANY].join('.'))) return [{ ...field, type: 'keys' as const }]
    if (exits.has([...path, ANY, 'next'].join('.')) && given.type === 'array') return [{ ...field, type: 'cases' as const }]
    const values = typeof given.additionalProperties === 'object' ? given.additionalProperties : undefined
    const kept = given.type === 'object' && values ? pairValues(resolved(values, defs), defs) : undefined
    if (kept) return [{ ...field, type: 'pairs' as const, values: kept }]
    const some = (given.anyOf ?? [given]).filter((each) => each.type !== 'null').map((each) => resolved(each, defs))
    const [one, ...others] = some
    if (one === undefined) return []
    if (others.length === 0 && one.properties) return within(one, path, defs, exits)
    return [{ ...field, ...typeOf(one, others, name), minimum: one.minimum, maximum: one.maximum }]
  })
}

const PLAIN = new Set(['string', 'integer', 'number', 'boolean'])

function plainly(schema: Schema): boolean {
  return (schema.anyOf ?? [schema]).every((each) => each.type !== undefined && PLAIN.has(each.type))
}

function pairValues(schema: Schema, defs: Record<string, Schema>): PairValues | undefined {
  if (plainly(schema)) return schema.type === 'string' ? 'texts' : 'typed'
  // What is said: a list of texts and things read aloud, or one of them alone.
  const parts = (schema.items?.oneOf ?? []).map((each) => resolved(each, defs).type)
  return schema.type === 'array' && parts.includes('string') ? 'sayings' : undefined
}

function resolved(schema: Schema, defs: Record<string, Schema>): Schema {
  return schema.$ref ? (defs[schema.$ref.split('/').pop() ?? ''] ?? schema) : schema
}

function typeOf(one: Schema, others: Schema[], name: string): { type: FieldType; choices: string[] } {
  if (one.enum) return { type: 'choice', choices: one.enum.map(String) }
  if (others.length === 0 || one.type === 'string') {
    if (one.type === 'string') return { type: name === 'say' || (one.maxLength ?? 0) > 100 ? 'long' : 'text', choices: [] }
    if (one.type === 'number' || one.type === 'integer') return { type: 'number', choices: [] }
    if (one.type === 'boolean') return { type: 'flag', choices: [] }
    if (one.type === 'array' && one.items?.type === 'string') return { type: 'names', choices: [] }
  }
  return { type: name === 'say' ? 'long' : 'other', choices: [] }
}

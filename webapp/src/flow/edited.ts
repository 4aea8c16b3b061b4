/** An edited flow: pure functions on what its file says, and the undo of them. Nothing here draws or asks a server. */
import type { FlowData, FlowKind, FlowNode, Places } from '../model'

/**
 * One state of the work. origin: the text that the server is to change; data: what it is to say then.
 * renamed: nodes of the origin that have another name in the data, old → new. places: own arrangement.
 */
export interface Step {
  readonly origin: string
  readonly data: FlowData
  readonly renamed: Readonly<Record<string, string>>
  readonly places: Places
}

export interface Exit {
  path: string[]
  to: string
}

export const ANY = '*'
const MOST_STEPS = 200
const KEYS = '123456789*#0'

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
const isGroup = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export function nodesOf(data: FlowData): Record<string, FlowNode> {
  return isGroup(data.nodes) ? (data.nodes as Record<string, FlowNode>) : {}
}

export function kindOf(node: unknown, kinds: readonly FlowKind[]): FlowKind | undefined {
  return isGroup(node) ? kinds.find((kind) => kind.kind in node) : undefined
}

/** Every exit that a node names, in the order of its kind. */
export function exitsOf(node: unknown, kind: FlowKind | undefined): Exit[] {
  return (kind?.exits ?? []).flatMap((pattern) => found(node, pattern, []))
}

function found(value: unknown, pattern: readonly string[], before: string[]): Exit[] {
  const [step, ...rest] = pattern
  if (step === undefined) return typeof value === 'string' && value ? [{ path: before, to: value }] : []
  if (typeof value !== 'object' || value === null) return []
  const names = step === ANY ? Object.keys(value) : [step]
  return names.flatMap((name) => found(part(value, name), rest, [...before, name]))
}

const part = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined

/** Where one more connection would go: `next` first, then a free key, then what else the kind has. */
export function freeExit(node: FlowNode, kind: FlowKind): string[] | null {
  const used = new Set(exitsOf(node, kind).map((exit) => exit.path.join('.')))
  const order = [...kind.exits].sort((a, b) => rank(a) - rank(b))
  for (const pattern of order) {
    if (!pattern.includes(ANY)) {
      if (!used.has(pattern.join('.'))) return [...pattern]
      continue
    }
    if (pattern.at(-1) !== ANY) continue // a case of a list: what it asks for is written first
    const key = [...KEYS].find((each) => !used.has(pattern.map((step) => (step === ANY ? each : step)).join('.')))
    if (key !== undefined) return pattern.map((step) => (step === ANY ? key : step))
  }
  return null
}

function rank(pattern: readonly string[]): number {
  if (pattern.join('.') === 'next') return 0
  return pattern.includes(ANY) ? 1 : pattern[0] === 'otherwise' ? 2 : 3
}

export function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, step) => part(at, step), value)
}

/** A node with another value at a path; undefined takes it out, and groups that are empty then. */
export function withValue(node: FlowNode, path: readonly string[], value: unknown): FlowNode {
  const [step, ...rest] = path
  if (step === undefined) return node
  const changed: FlowNode = { ...node }
  if (rest.length === 0) {
    if (value === undefined) delete changed[step]
    else changed[step] = value
    return changed
  }
  const list = node[step]
  if (Array.isArray(list)) {
    const [index, ...within] = rest
    const items = list.map((item, n) => (String(n) === index ? (isGroup(item) ? withValue(item, within, value) : value) : item))
    return { ...node, [step]: items }
  }
  const inner = withValue(isGroup(node[step]) ? node[step] : {}, rest, value)
  if (value === undefined && Object.keys(inner).length === 0) delete changed[step]
  else changed[step] = inner
  return changed
}

/** Named as nobody else is. */
export function freeName(data: FlowData, wish: string): string {
  const names = nodesOf(data)
  if (!(wish in names)) return wish
  const stem = wish.replace(/_\d+$/, '')
  let n = 2
  while (`${stem}_${n}` in names) n += 1
  return `${stem}_${n}`
}

export const NAME = /^[\p{L}\p{N}_][\p{L}\p{N}_-]{0,63}$/u

// ---- changes: each takes a step and gives the next -----------------------------------------------------------------

export function addNode(step: Step, name: string, node: FlowNode, after: string | null, at?: [number, number]): Step {
  const entries = Object.entries(nodesOf(step.data))
  const index = after === null ? -1 : entries.findIndex(([each]) => each === after)
  entries.splice(index < 0 ? entries.length : index + 1, 0, [name, copy(node)])
  const data: FlowData = { ...step.data, nodes: Object.fromEntries(entries) }
  if (entries.length === 1) data.start = name
  return { ...step, data, places: at ? { ...step.places, [name]: at } : step.places }
}

export function changeNode(step: Step, name: string, node: FlowNode): Step {
  return { ...step, data: { ...step.data, nodes: { ...nodesOf(step.data), [name]: node } } }
}

/** Exits that led to it lead nowhere then; where they may be missing they are taken out. */
export function removeNodes(step: Step, names: readonly string[], kinds: readonly FlowKind[]): Step {
  const left = Object.entries(nodesOf(step.data)).filter(([name]) => !names.includes(name))
  const nodes = Object.fromEntries(
    left.map(([name, node]) => {
      const kind = kindOf(node, kinds)
      const dead = exitsOf(node, kind).filter((exit) => names.includes(exit.to))
      return [name, dead.reduce((changed, exit) => withoutExit(changed, kind, exit.path), node)]
    }),
  )
  const data: FlowData = { ...step.data, nodes }
  if (typeof data.operator === 'string' && names.includes(data.operator)) delete data.operator
  const renamed = Object.fromEntries(Object.entries(step.renamed).filter(([, now]) => !names.includes(now)))
  const places = Object.fromEntries(Object.entries(step.places).filter(([name]) => !names.includes(name)))
  return { ...step, data, renamed, places }
}

function withoutExit(node: FlowNode, kind: FlowKind | undefined, path: readonly string[]): FlowNode {
  const pattern = kind?.exits.find((each) => each.length === path.length && each.every((s, i) => s === ANY || s === path[i]))
  const [first] = path
  if (pattern && pattern.includes(ANY) && pattern.at(-1) !== ANY) return withValue(node, path, '')
  if (pattern && pattern.length > 1 && !pattern.includes(ANY) && first !== undefined) return withValue(node, [first], undefined)
  const needed = path.length === 1 && kind?.fields.required?.includes(first ?? '')
  return withValue(node, path, needed ? '' : undefined)
}

/** to "": the exit is taken out. */
export function connect(step: Step, from: string, path: readonly string[], to: string, kinds: readonly FlowKind[]): Step {
  const node = nodesOf(step.data)[from]
  if (node === undefined) return step
  const kind = kindOf(node, kinds)
  if (to === '') return changeNode(step, from, withoutExit(node, kind, path))
  let changed = withValue(node, path, to)
  if (path.length === 2 && path[0] !== undefined && valueAt(node, [path[0]]) === undefined && path[1] === 'next')
    changed = withValue(changed, [path[0], 'after'], 60) // a limit of waiting: a minute, to be changed in the form
  return changeNode(step, from, changed)
}

/** The node keeps its place in the file, and all that leads to it leads to the new name. */
export function renameNode(step: Step, old: string, now: string, kinds: readonly FlowKind[]): Step {
  const nodes = Object.fromEntries(
    Object.entries(nodesOf(step.data)).map(([name, node]) => {
      const led = exitsOf(node, kindOf(node, kinds)).filter((exit) => exit.to === old)
      return [name === old ? now : name, led.reduce((changed, exit) => withValue(changed, exit.path, now), node)]
    }),
  )
  const data: FlowData = { ...step.data, nodes }
  for (const key of ['start', 'operator']) if (data[key] === old) data[key] = now
  const before = Object.entries(step.renamed).find(([, name]) => name === old)
  const renamed = { ...step.renamed, [before?.[0] ?? old]: now }
  const places = Object.fromEntries(Object.entries(step.places).map(([name, at]) => [name === old ? now : name, at]))
  return { ...step, data, renamed, places }
}

export function changeHead(step: Step, key: string, value: unknown): Step {
  const data = { ...step.data }
  if (value === undefined || value === '') delete data[key]
  else data[key] = value
  return { ...step, data }
}

/** What the form of a new node begins with: only what it needs. */
export function newNode(kind: FlowKind): FlowNode {
  const defs = kind.fields.$defs ?? {}
  const blank = (name: string): unknown => {
    const field = kind.fields.properties?.[name] ?? {}
    const group = defs[(field.$ref ?? '').split('/').pop() ?? '']
    if (group?.properties) return 'say' in group.properties ? { say: '' } : {}
    if (name === 'say') return ''
    if (field.type === 'object') return {}
    if (field.type === 'array') return []
    if (field.type === 'boolean') return false
    if (field.type === 'integer' || field.type === 'number') return field.minimum ?? 1
    return field.enum?.[0] ?? ''
  }
  const needed = new Set([kind.kind, ...(kind.fields.required ?? [])])
  const node = Object.fromEntries([...needed].map((name) => [name, blank(name)]))
  if (kind.kind === 'branch') return { branch: [{ when: '', next: '' }], otherwise: '' }
  return kind.kind === 'hangup' ? { hangup: 'normal' } : node
}

// ---- undo ----------------------------------------------------------------------------------------------------------

/** Every step of the work. Same: what one types in one field in one go is one step. */
export class Steps {
  private steps: Step[]
  private at = 0
  private last = ''

  constructor(first: Step) {
    this.steps = [first]
  }

  get now(): Step {
    return this.steps[this.at]!
  }

  get canUndo(): boolean {
    return this.at > 0
  }

  get canRedo(): boolean {
    return this.at < this.steps.length - 1
  }

  /** same: a word for what is changed; two changes of the same in a row are one step. "" : never. */
  take(step: Step, same = ''): void {
    if (same !== '' && same === this.last && this.at > 0) {
      this.steps.splice(this.at, Infinity, step)
      return
    }
    this.steps.splice(this.at + 1, Infinity, step)
    if (this.steps.length > MOST_STEPS) this.steps.shift()
    this.at = this.steps.length - 1
    this.last = same
  }

  undo(): void {
    if (this.canUndo) this.at -= 1
    this.last = ''
  }

  redo(): void {
    if (this.canRedo) this.at += 1
    this.last = ''
  }
}

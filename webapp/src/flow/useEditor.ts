/** The state of the open editor: the steps of the work, what the server says of them, and what is kept. */
import { computed, ref, shallowRef, triggerRef } from 'vue'

import { api, ApiError } from '../api'
import type { FlowDraft, FlowFault, FlowGraph, FlowKind, FlowNode, FlowOpened } from '../model'
import { faultText } from '../saying'
import * as edited from './edited'
import { arranged } from './layout'

const CHECK_AFTER = 250
const PLACES_AFTER = 800

export interface Drawn {
  name: string
  kind: string
  node: FlowNode
  exits: edited.Exit[]
  faults: FlowFault[]
}

export function useEditor(name: string) {
  const kinds = shallowRef<FlowKind[]>([])
  const opened = shallowRef<FlowOpened | null>(null)
  const steps = shallowRef(new edited.Steps({ origin: '', data: {}, renamed: {}, places: {} }))
  const text = ref('')
  const faults = shallowRef<FlowFault[]>([])
  /** Why the text could not be changed, or the server not asked; the work goes on. */
  const trouble = ref('')
  const draft = shallowRef<FlowDraft | null>(null)
  /** Checksum of the file that this work began from. */
  const base = ref('')
  const selected = ref<string[]>([])
  const checking = ref(false)
  /** What of the work is in the draft or the file. Moving nodes about is kept by itself. */
  const kept = shallowRef<edited.Step | null>(null)
  let asked = 0
  let checkTimer: ReturnType<typeof setTimeout> | undefined
  let placesTimer: ReturnType<typeof setTimeout> | undefined

  const step = computed(() => steps.value.now)
  const nodes = computed<Drawn[]>(() =>
    Object.entries(edited.nodesOf(step.value.data)).map(([each, node]) => {
      const kind = edited.kindOf(node, kinds.value)
      return {
        name: each,
        kind: kind?.kind ?? '?',
        node,
        exits: edited.exitsOf(node, kind),
        faults: faults.value.filter((fault) => fault.node === each),
      }
    }),
  )
  const places = computed(() => arranged(nodes.value, step.value.places))
  const chosen = computed(() => nodes.value.find((node) => node.name === selected.value[0]) ?? null)
  const unsaved = computed(() => kept.value !== null && (step.value.data !== kept.value.data || step.value.origin !== kept.value.origin))
  const canUndo = computed(() => steps.value.canUndo)
  const canRedo = computed(() => steps.value.canRedo)

  function begin(graph: FlowGraph, own: FlowOpened['places']): void {
    steps.value = new edited.Steps({ origin: graph.text, data: graph.data ?? {}, renamed: {}, places: own })
    kept.value = steps.value.now
    text.value = graph.text
    faults.value = graph.faults
    trouble.value = ''
  }

  /** fresh: the file, also where there is a draft. */
  async function open(fresh = false): Promise<void> {
    const [found, known] = await Promise.all([api.flow(name), api.flowKinds()])
    const own = fresh ? null : found.draft
    const graph = own === null ? found.says : await api.checkFlow(own.text)
    // All at once, and the palette with it: who is quick must not lose the first node.
    asked += 1
    selected.value = []
    opened.value = found
    draft.value = found.draft
    base.value = own?.base ?? found.checksum
    kinds.value = known.items
    begin(graph, found.places)
  }

  function take(next: edited.Step, same = ''): void {
    steps.value.take(next, same)
    changed()
  }

  function changed(): void {
    triggerRef(steps)
    const names = new Set(Object.keys(edited.nodesOf(step.value.data)))
    selected.value = selected.value.filter((each) => names.has(each))
    clearTimeout(checkTimer)
    checkTimer = setTimeout(() => void check(), CHECK_AFTER)
  }

  /** The text of the work as it is now; what a slower answer says of an older step is left. */
  async function check(): Promise<void> {
    clearTimeout(checkTimer)
    const mine = ++asked
    const { origin, data, renamed } = step.value
    checking.value = true
    try {
      const graph = await api.checkFlow(origin, data, renamed)
      if (mine !== asked) return
      text.value = graph.text
      faults.value = graph.faults
      trouble.value = ''
    } catch (why) {
      if (mine === asked) trouble.value = why instanceof ApiError ? faultText(why) : String(why)
    } finally {
      if (mine === asked) checking.value = false
    }
  }

  /** The text as somebody wrote it. Answers whether it is YAML. */
  async function takeText(written: string): Promise<boolean> {
    const graph = await api.checkFlow(written)
    if (graph.data === null) {
      faults.value = graph.faults
      return false
    }
    asked += 1
    steps.value.take({ origin: graph.text, data: graph.data, renamed: {}, places: step.value.places })
    triggerRef(steps)
    text.value = graph.text
    faults.value = graph.faults
    trouble.value = ''
    return true
  }

  function undo(): void {
    walk(() => steps.value.undo())
  }

  function redo(): void {
    walk(() => steps.value.redo())
  }

  function walk(through: () => void): void {
    const before = step.value.places
    through()
    changed()
    if (step.value.places !== before) keepPlaces()
  }

  function move(moved: Record<string, [number, number]>): void {
    take({ ...step.value, places: { ...step.value.places, ...moved } })
    keepPlaces()
  }

  function arrange(): void {
    take({ ...step.value, places: {} })
    keepPlaces()
  }

  function keepPlaces(): void {
    clearTimeout(placesTimer)
    placesTimer = setTimeout(() => {
      api.keepFlowPlaces(name, step.value.places).catch((why: unknown) => (trouble.value = faultText(why)))
    }, PLACES_AFTER)
  }

  async function keepDraft(): Promise<void> {
    const saved = step.value
    await check()
    if (trouble.value) throw new ApiError(0, 'trouble', trouble.value)
    draft.value = await api.keepFlowDraft(name, text.value, base.value, draft.value?.at ?? null)
    kept.value = saved
  }

  async function publish(note: string, over = base.value): Promise<void> {
    await check()
    if (trouble.value) throw new ApiError(0, 'trouble', trouble.value)
    // The server ends the draft that is published. One that somebody else has kept meanwhile refuses here.
    if (draft.value !== null) await keepDraft()
    await api.publishFlow(name, text.value, over, note)
    await open(true)
  }

  function stop(): void {
    clearTimeout(checkTimer)
    clearTimeout(placesTimer)
    asked += 1
  }

  return {
    name,
    kinds,
    opened,
    step,
    nodes,
    places,
    chosen,
    selected,
    text,
    faults,
    trouble,
    draft,
    base,
    unsaved,
    checking,
    canUndo,
    canRedo,
    open,
    take,
    takeText,
    undo,
    redo,
    move,
    arrange,
    keepDraft,
    publish,
    stop,
  }
}

export type Editor = ReturnType<typeof useEditor>

/**
 * The agent's desk: a tab for each call, opened by its pop, and what is typed in it. A later pop never touches an
 * earlier tab. Notes save themselves after a pause, one request at a time, and are tried again until they are kept.
 */
import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef, watch } from 'vue'

import { api, ApiError } from '../api'
import { startOfDay } from '../durations'
import { useLive } from '../live'
import { emptyCard, type Agent, type Call, type Card, type Customer, type Pop } from '../model'
import { say } from '../saying'
import { useSession } from '../session'
import { useTicking } from '../ticking'
import { Drafts } from './drafts'

const PAUSE = 1200
const RETRY = 5000
const MOST_TABS = 6

/** searching: being looked up · known: one customer · maybe: choose · new: the form is open. */
export type Choice = 'searching' | 'known' | 'maybe' | 'new'

export interface Tab {
  readonly call: string
  readonly pop: Pop
  direction: string
  choice: Choice
  candidates: Customer[]
  customer: Customer | null
  /** The new customer's form as typed so far. */
  card: Card
  cardTouched: boolean
  note: string
  /** What the server has. */
  kept: { note: string; customer: number | null }
  saving: boolean
  savedAt: string | null
  failed: boolean
  past: Call[] | null
  record: Call | null
}

export const useDesk = defineStore('desk', () => {
  const live = useLive()
  const session = useSession()
  const ticking = useTicking()

  const tabs = ref<Tab[]>([])
  const shown = ref<string | null>(null)
  const today = ref<Call[] | null>(null)
  const todayFault = ref(false)
  const first = shallowRef<Agent | null>(null)
  const timers = new Map<string, ReturnType<typeof setTimeout>>()
  let stopListening: (() => void) | null = null
  let drafts: Drafts | null = null

  const login = computed(() => session.me?.login ?? '')
  /** The live word about this agent; before the first snapshot, what the page asked for at its start. */
  const agent = computed<Agent | null>(() => live.agent(login.value) ?? first.value)
  const tab = computed(() => tabs.value.find((known) => known.call === shown.value) ?? null)
  const ringing = computed<Pop | null>(() => {
    const now = agent.value
    if (now?.state !== 'offered') return null
    return tabs.value.find((known) => known.call === now.call)?.pop ?? null
  })

  function stateOf(known: Tab): 'ringing' | 'talking' | 'ended' {
    const now = agent.value
    if (!now || now.call !== known.call) return 'ended'
    if (now.state === 'offered') return 'ringing'
    return now.state === 'talking' ? 'talking' : 'ended'
  }

  // ---- the day: start, pops, calls without a pop --------------------------------------------------

  function start(): void {
    drafts = new Drafts(login.value, localStorage)
    stopListening = live.listen((fact) => {
      if (fact.type === 'screen.pop') {
        const pop = fact.data as unknown as Pop
        if (pop.agent === login.value) open(pop)
      }
      if (fact.type === 'customer.saved') void refreshCustomer(Number(fact.data.customer))
    })
    for (const call of drafts.calls()) {
      const draft = drafts.of(call)
      if (draft) open(draft.pop, false)
      else drafts.drop(call)
    }
    addEventListener('pagehide', keepAllDrafts)
  }

  function stop(): void {
    stopListening?.()
    removeEventListener('pagehide', keepAllDrafts)
    for (const timer of timers.values()) clearTimeout(timer)
  }

  // A page that was closed, or a socket that was down, may have missed a pop: ask for the present one.
  watch(
    () => live.connection,
    (connection) => {
      if (connection === 'open' && session.me) {
        askDesk().catch(say.fault)
        loadToday().catch(() => (todayFault.value = true))
      }
    },
  )

  // Every call of this agent has a tab, also one that did not pop (dialled by the phone, or to it directly).
  watch(
    () => [agent.value?.call, agent.value?.state] as const,
    ([call, state], before) => {
      if (call && (state === 'talking' || state === 'offered') && !find(call)) openCall(call).catch(say.fault)
      const [callBefore] = before ?? []
      if (callBefore && (callBefore !== call || state === 'wrap_up')) {
        void finish(callBefore)
        loadToday().catch(() => (todayFault.value = true))
      }
    },
  )

  async function askDesk(): Promise<void> {
    const desk = await api.desk()
    first.value = desk.agent
    if (desk.pop) open(desk.pop)
  }

  async function loadToday(): Promise<void> {
    const found = await api.calls({ agent: login.value, since: startOfDay(ticking.now), limit: 100 })
    today.value = found.items
    todayFault.value = false
  }

  // ---- tabs ---------------------------------------------------------------------------------------

  function find(call: string): Tab | undefined {
    return tabs.value.find((known) => known.call === call)
  }

  function open(pop: Pop, show = true): Tab {
    let known = find(pop.call)
    if (!known) {
      const draft = drafts?.of(pop.call) ?? null
      known = reactive<Tab>({
        call: pop.call,
        pop,
        direction: 'inbound',
        choice: 'searching',
        candidates: [],
        customer: null,
        card: draft?.card ?? emptyCard(pop.caller),
        cardTouched: draft?.card != null,
        note: draft?.note ?? '',
        kept: { note: '', customer: null },
        saving: false,
        savedAt: null,
        failed: false,
        past: null,
        record: null,
      })
      tabs.value.push(known)
      tidy(pop.call)
      void fill(known)
      if (known.note) later(known, PAUSE)
    }
    if (show) shown.value = pop.call
    return known
  }

  /** A call of the history, or one without a pop, on the desk: to read and to write its note. */
  async function openCall(call: string): Promise<void> {
    const there = find(call)
    if (there) {
      shown.value = call
      return
    }
    const record = await api.call(call)
    const known = open({
      call: record.id,
      agent: login.value,
      caller: record.direction === 'outbound' ? record.called : record.caller,
      called: record.direction === 'outbound' ? record.caller : record.called,
      queue: record.queue,
      customers: record.customer_id === null ? [] : [record.customer_id],
      keys: record.keys,
    })
    known.direction = record.direction
    take(known, record)
  }

  /** A day has a hundred calls: tabs that are over, saved and not looked at go, the oldest first. */
  function tidy(newest: string): void {
    const idle = tabs.value.filter(
      (known) =>
        known.call !== newest &&
        known.call !== shown.value &&
        stateOf(known) === 'ended' &&
        known.choice !== 'searching' &&
        !dirty(known) &&
        !known.cardTouched,
    )
    const gone = new Set(idle.slice(0, Math.max(0, tabs.value.length - MOST_TABS)).map((known) => known.call))
    if (gone.size) tabs.value = tabs.value.filter((known) => !gone.has(known.call))
  }

  /** Typed text is saved before a tab goes; if that fails the tab stays. */
  async function close(call: string): Promise<void> {
    const known = find(call)
    if (!known) return
    if (dirty(known)) await save(known)
    if (known.note !== known.kept.note) return
    drafts?.drop(call)
    const at = tabs.value.findIndex((each) => each.call === call)
    tabs.value.splice(at, 1)
    if (shown.value === call) shown.value = tabs.value[Math.min(at, tabs.value.length - 1)]?.call ?? null
  }

  /** Who is it, what were their calls, and what does the server have of this one already. */
  async function fill(known: Tab): Promise<void> {
    const found = await Promise.all(
      known.pop.customers.slice(0, 8).map((id) => api.customer(id).catch(() => null)),
    )
    known.candidates = found.filter((customer) => customer !== null)
    if (known.choice === 'searching') {
      if (known.cardTouched || known.candidates.length === 0) known.choice = 'new'
      else if (known.candidates.length === 1) choose(known, known.candidates[0] ?? null, false)
      else known.choice = 'maybe'
    }
    if (!known.customer) void loadPast(known)
    await readRecord(known)
  }

  async function readRecord(known: Tab): Promise<void> {
    try {
      take(known, await api.call(known.call))
    } catch (why) {
      if (!(why instanceof ApiError)) throw why
      // The call goes on without its record on the page; the note says by itself if it cannot be kept.
    }
  }

  function take(known: Tab, record: Call): void {
    known.record = record
    known.direction = record.direction
    const untouched = known.note === known.kept.note
    known.kept = { note: record.note, customer: record.customer_id }
    if (untouched) known.note = record.note
    if (record.customer_id !== null && !known.customer) {
      api.customer(record.customer_id).then(
        (customer) => choose(known, customer, false),
        () => undefined, // the card is gone; the call keeps its number
      )
    }
  }

  async function finish(call: string): Promise<void> {
    const known = find(call)
    if (known) await readRecord(known)
  }

  async function loadPast(known: Tab): Promise<void> {
    const conditions = known.customer ? { customer_id: known.customer.id } : { caller: known.pop.caller }
    if (!known.customer && !known.pop.caller) {
      known.past = []
      return
    }
    try {
      const found = await api.calls({ ...conditions, limit: 9 })
      known.past = found.items.filter((call) => call.id !== known.call).slice(0, 8)
    } catch {
      known.past = [] // past calls are a help, not a condition, for this one
    }
  }

  // ---- the customer -------------------------------------------------------------------------------

  /** This is who calls. tell: keep it with the call on the server as well. */
  function choose(known: Tab, customer: Customer | null, tell = true): void {
    known.customer = customer
    known.choice = customer ? 'known' : known.candidates.length > 1 ? 'maybe' : 'new'
    known.past = null
    void loadPast(known)
    if (tell && customer) void save(known)
  }

  function startNew(known: Tab): void {
    known.customer = null
    known.choice = 'new'
  }

  async function refreshCustomer(id: number): Promise<void> {
    const showing = tabs.value.filter((known) => known.customer?.id === id)
    if (!showing.length) return
    const customer = await api.customer(id).catch(() => null)
    if (customer) for (const known of showing) known.customer = customer
  }

  // ---- the note -----------------------------------------------------------------------------------

  function dirty(known: Tab): boolean {
    const customer = known.customer?.id ?? null
    return known.note !== known.kept.note || (customer !== null && customer !== known.kept.customer)
  }

  function typed(known: Tab): void {
    keepDraft(known)
    later(known, PAUSE)
  }

  function later(known: Tab, pause: number): void {
    clearTimeout(timers.get(known.call))
    timers.set(
      known.call,
      setTimeout(() => void save(known), pause),
    )
  }

  async function save(known: Tab): Promise<void> {
    clearTimeout(timers.get(known.call))
    if (known.saving || !dirty(known)) return
    known.saving = true
    const sent = { note: known.note, customer: known.customer?.id ?? known.kept.customer }
    try {
      await api.note(known.call, sent.note, sent.customer)
      known.kept = sent
      known.failed = false
      known.savedAt = new Date(ticking.now).toISOString()
      if (known.record) Object.assign(known.record, { note: sent.note, customer_id: sent.customer })
      const own = today.value?.find((call) => call.id === known.call)
      if (own) Object.assign(own, { note: sent.note, customer_id: sent.customer })
      keepDraft(known)
    } catch (why) {
      known.failed = true
      // What the server refuses for good is not asked again by itself; the person sees it and can press Save.
      const forGood = why instanceof ApiError && why.status >= 400 && why.status < 500 && why.status !== 404
      if (forGood) say.fault(why)
      else later(known, RETRY)
    } finally {
      known.saving = false
    }
    if (!known.failed && dirty(known)) later(known, PAUSE) // typed on while it was being saved
  }

  function keepDraft(known: Tab): void {
    if (dirty(known) || known.cardTouched) {
      drafts?.keep(known.call, {
        pop: { ...known.pop },
        note: known.note,
        card: known.cardTouched ? { ...known.card } : null,
      })
    } else drafts?.drop(known.call)
  }

  function keepAllDrafts(): void {
    for (const known of tabs.value) keepDraft(known)
  }

  return {
    tabs,
    shown,
    tab,
    agent,
    ringing,
    today,
    todayFault,
    stateOf,
    start,
    stop,
    open,
    openCall,
    close,
    choose,
    startNew,
    dirty,
    typed,
    save,
    keepDraft,
    loadToday,
  }
})

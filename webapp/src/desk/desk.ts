/**
 * The agent's desk: a tab for each call, opened by its pop, and what is typed in it. A later pop never touches an
 * earlier tab. Notes save themselves after a pause, one request at a time, and are tried again until they are kept.
 */
import { defineStore } from 'pinia'
import { computed, reactive, ref, shallowRef, watch } from 'vue'

import { api, ApiError } from '../api'
import { newKey } from '../customers/money'
import { startOfDay } from '../durations'
import { useLive } from '../live'
import { emptyCard, type Agent, type Call, type Card, type Customer, type Pop } from '../model'
import { say } from '../saying'
import { useSession } from '../session'
import { useTicking } from '../ticking'
import { Drafts } from './drafts'
import { merged } from './merging'
import { Typing } from './typing'

const PAUSE = 1200
const RETRY = 5000
const MOST_TABS = 6
const PAST = 8
/** A call's end is told at once and written a little later: its record is asked for again until it has one. */
const READ_AGAIN = [300, 1000, 3000]
/** What is told when a call that rings at an agent rings there no more, or is spoken. */
const NOT_HERE = new Set([
  'call.answered',
  'call.transferred',
  'call.transfer_failed',
  'call.ended',
  'offer.declined',
  'offer.withdrawn',
])

/** searching: being looked up · known: one customer · maybe: choose · new: the form is open. */
export type Choice = 'searching' | 'known' | 'maybe' | 'new'

export interface Tab {
  readonly call: string
  pop: Pop
  direction: string
  choice: Choice
  candidates: Customer[]
  customer: Customer | null
  /** Who said that it is this customer: a person, or only the number. */
  chosenBy: 'number' | 'person'
  /** The new customer's form as typed so far. */
  card: Card
  cardTouched: boolean
  cardKey: string
  note: string
  /** What the server has. */
  kept: { note: string; customer: number | null }
  saving: boolean
  /** How often the note was sent: an answer to an older question must not undo it. */
  sent: number
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
  /** A pop that waits until the person stops typing in another call. */
  const comes = ref<string | null>(null)
  const typing = new Typing()
  let forward: ReturnType<typeof setTimeout> | undefined
  const finishing = new Set<string>()
  /** Calls that a colleague hands on: they ring here, and no queue has offered them. */
  const handedOn = reactive(new Set<string>())
  /** Calls that were talked in here since the page was opened, also those that a colleague ended. */
  const talked = reactive(new Set<string>())
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
    if (!now || now.call !== known.call) return handedOn.has(known.call) ? 'ringing' : 'ended'
    if (now.state === 'offered') return 'ringing'
    return now.state === 'talking' ? 'talking' : 'ended'
  }

  // ---- the day: start, pops, calls without a pop --------------------------------------------------

  function start(): void {
    drafts = new Drafts(login.value, localStorage)
    stopListening = live.listen((fact) => {
      if (fact.type === 'screen.pop') {
        const pop = fact.data as unknown as Pop
        if (pop.agent === login.value) {
          handedOn.add(pop.call)
          open(pop)
        }
      }
      if (NOT_HERE.has(fact.type)) handedOn.delete(String(fact.data.call))
      if (fact.type === 'call.known') learn(String(fact.data.call), fact.data.known as Record<string, string>)
      if (fact.type === 'call.noted' && fact.data.by !== login.value) void noted(String(fact.data.call))
      if (fact.type === 'customer.saved') void refreshCustomer(Number(fact.data.customer))
      if (fact.type === 'call.ended') void finish(String(fact.data.call))
      if (fact.type === 'events.lost') askDesk().catch(say.fault) // this page was too slow to be told everything
    })
    for (const call of drafts.calls()) {
      const draft = drafts.of(call)
      if (draft) open(draft.pop, false)
      else drafts.drop(call)
    }
    shown.value ??= tabs.value[0]?.call ?? null
    addEventListener('pagehide', leave)
  }

  function stop(): void {
    stopListening?.()
    removeEventListener('pagehide', leave)
    clearTimeout(forward)
    for (const timer of timers.values()) clearTimeout(timer)
  }

  // A page that was closed, or a socket that was down, may have missed a pop: ask for the present one.
  watch(
    () => live.connection,
    (connection) => {
      if (connection === 'open' && session.me) {
        askDesk().catch(say.fault)
        loadToday().catch(() => (todayFault.value = true))
        for (const known of tabs.value) {
          if (dirty(known)) later(known, 0) // what the lost connection held up
          if (known.record && known.record.ended_at === null) void readRecord(known) // it may have ended meanwhile
        }
      }
    },
  )

  // Every call of this agent has a tab, also one that did not pop (dialled by the phone, or to it directly). A call
  // that is only offered is left to its pop, which comes when the phone rings and knows the customers. A supervisor who
  // listens is busy with a call of their own that is no line and has no history: nothing to be shown.
  watch(
    () => [agent.value?.call, agent.value?.state, live.line(agent.value?.call ?? '') !== undefined] as const,
    ([call, state, known], before) => {
      if (call && state === 'talking' && known && !find(call)) openCall(call, false).catch(say.fault)
      if (call) handedOn.delete(call)
      if (call && state === 'talking') talked.add(call)
      const [callBefore] = before ?? []
      if (callBefore && (callBefore !== call || state === 'wrap_up')) void finish(callBefore)
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

  function open(pop: Pop, forwards = true): Tab {
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
        chosenBy: 'number',
        card: { ...emptyCard(pop.caller), name: pop.name ?? '', ...draft?.card },
        cardTouched: draft?.card != null,
        cardKey: draft?.cardKey ?? newKey(),
        note: draft?.note ?? '',
        kept: { note: '', customer: null },
        saving: false,
        sent: 0,
        savedAt: null,
        failed: false,
        past: null,
        record: null,
      })
      tabs.value.push(known)
      tidy(pop.call)
      void fill(known)
      if (known.note) later(known, PAUSE)
    } else if (pop.customers.some((id) => !known?.pop.customers.includes(id))) {
      known.pop = { ...pop, known: { ...known.pop.known, ...pop.known } } // it was opened before its pop was heard
      if (!known.customer) void fill(known)
    }
    if (forwards) bringForward(pop.call)
    return known
  }

  /** A flow has learned more of the caller while the call is on the page: the agent has sent it back into one. */
  function learn(call: string, all: Record<string, string>): void {
    const known = find(call)
    if (known) known.pop.known = { ...known.pop.known, ...all }
  }

  /** To the front, at once or as soon as nobody types in the call that is there now. */
  function bringForward(call: string): void {
    clearTimeout(forward)
    const wait = shown.value === null || shown.value === call ? 0 : typing.wait(Date.now())
    if (wait === 0) return show(call)
    comes.value = call
    if (wait !== null) forward = setTimeout(() => bringForward(call), wait)
  }

  function show(call: string): void {
    clearTimeout(forward)
    comes.value = null
    shown.value = call
  }

  /** A key went into a field of the shown call; composing: into its input method. */
  function keyed(composing = false): void {
    typing.keyed(Date.now(), composing)
    if (comes.value) bringForward(comes.value)
  }

  function leftField(): void {
    typing.left()
    if (comes.value) bringForward(comes.value)
  }

  /** A call of the history, or one without a pop, on the desk: to read and to write its note. */
  async function openCall(call: string, atOnce = true): Promise<void> {
    if (find(call)) return show(call)
    const record = await api.call(call)
    const pop: Pop = {
      call: record.id,
      agent: login.value,
      caller: record.direction === 'outbound' ? record.called : record.caller,
      called: record.direction === 'outbound' ? record.caller : record.called,
      queue: record.queue,
      customers: record.customer_id === null ? [] : [record.customer_id],
      keys: record.keys,
      known: record.known,
    }
    const known = open(pop, !atOnce)
    if (atOnce) show(call)
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
    if (comes.value === call) comes.value = null
    if (shown.value === call) shown.value = tabs.value[Math.min(at, tabs.value.length - 1)]?.call ?? null
  }

  /** Who is it, what were their calls, and what does the server have of this one already. */
  async function fill(known: Tab): Promise<void> {
    const found = await Promise.all(known.pop.customers.slice(0, 8).map((id) => api.customer(id).catch(() => null)))
    known.candidates = found.filter((customer) => customer !== null)
    if (known.choice === 'searching' || (known.choice === 'new' && !known.cardTouched)) {
      if (known.cardTouched || known.candidates.length === 0) known.choice = 'new'
      else if (known.candidates.length === 1) choose(known, known.candidates[0] ?? null, 'number')
      else known.choice = 'maybe'
    }
    if (!known.customer) void loadPast(known)
    await readRecord(known)
    await save(known) // the only customer with this number is tied to the call, whether or not a note is written
  }

  async function readRecord(known: Tab): Promise<void> {
    const { sent } = known
    try {
      const record = await api.call(known.call)
      take(known, record, known.sent === sent && !known.saving)
    } catch (why) {
      if (!(why instanceof ApiError)) throw why
      // The call goes on without its record on the page; the note says by itself if it cannot be kept.
    }
  }

  /** fresh: nothing was sent since it was asked, so that its note is the newest one. */
  function take(known: Tab, record: Call, fresh = true): void {
    known.direction = record.direction
    if (!fresh) {
      known.record = { ...record, note: known.kept.note, customer_id: known.kept.customer }
      return
    }
    known.record = record
    const untouched = known.note === known.kept.note
    // Under what is being typed nothing moves: when it is saved, the server says so, and both are kept.
    known.kept = { note: untouched ? record.note : known.kept.note, customer: record.customer_id }
    if (untouched) known.note = record.note
    const decided = known.chosenBy === 'person' || known.cardTouched || known.customer?.id === record.customer_id
    if (record.customer_id !== null && !decided) {
      api.customer(record.customer_id).then(
        (customer) => choose(known, customer, 'number'),
        () => undefined, // the card is gone; the call keeps its number
      )
    }
  }

  /** A colleague has written on a call that is open here, too. */
  async function noted(call: string): Promise<void> {
    const known = find(call)
    if (known) await readRecord(known)
  }

  /** The call is over for this agent: how it ended, on its tab and in the list of today. */
  async function finish(call: string): Promise<void> {
    handedOn.delete(call)
    const known = find(call)
    if (!known || finishing.has(call)) return
    finishing.add(call)
    for (const pause of READ_AGAIN) {
      await readRecord(known)
      if (known.record?.ended_at != null || stateOf(known) !== 'ended') break
      await new Promise((wake) => setTimeout(wake, pause))
    }
    finishing.delete(call)
    await loadToday().catch(() => (todayFault.value = true))
  }

  /** By this customer and by this number: calls from before the card was made belong to it as well. */
  async function loadPast(known: Tab): Promise<void> {
    const { customer } = known
    try {
      const found = await Promise.all([
        customer ? api.calls({ customer_id: customer.id, limit: PAST + 1 }) : null,
        known.pop.caller ? api.calls({ caller: known.pop.caller, limit: PAST + 1 }) : null,
      ])
      if (known.customer !== customer) return // another was chosen meanwhile
      const calls = new Map(found.flatMap((listing) => listing?.items ?? []).map((call) => [call.id, call]))
      calls.delete(known.call)
      known.past = [...calls.values()]
        .sort((a, b) => Date.parse(b.started_at) - Date.parse(a.started_at))
        .slice(0, PAST)
    } catch {
      known.past ??= [] // past calls are a help, not a condition, for this one
    }
  }

  // ---- the customer -------------------------------------------------------------------------------

  /** This is who calls. What a person says is kept with the call at once. */
  function choose(known: Tab, customer: Customer | null, by: Tab['chosenBy'] = 'person'): void {
    known.customer = customer
    known.chosenBy = by
    known.choice = customer ? 'known' : known.candidates.length > 1 ? 'maybe' : 'new'
    known.past = null
    void loadPast(known)
    if (by === 'person' && customer) void save(known)
  }

  function startNew(known: Tab): void {
    known.customer = null
    known.chosenBy = 'person'
    known.choice = 'new'
  }

  async function refreshCustomer(id: number): Promise<void> {
    const showing = tabs.value.filter((known) => known.customer?.id === id)
    if (!showing.length) return
    const customer = await api.customer(id).catch(() => null)
    if (customer) for (const known of showing) known.customer = customer
  }

  // ---- the note -----------------------------------------------------------------------------------

  /** The customer that the call is to be tied to. What only the number says does not undo what stands already. */
  function customerOf(known: Tab): number | null {
    const { customer, kept } = known
    return customer && (known.chosenBy === 'person' || kept.customer === null) ? customer.id : kept.customer
  }

  function dirty(known: Tab): boolean {
    return known.note !== known.kept.note || customerOf(known) !== known.kept.customer
  }

  function typed(known: Tab): void {
    known.failed = false
    later(known, PAUSE)
    keepDraft(known)
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
    known.sent += 1
    const sent = { note: known.note, customer: customerOf(known) }
    try {
      await api.note(known.call, sent.note, sent.customer, known.kept.note)
      known.kept = sent
      known.failed = false
      known.savedAt = new Date(ticking.now).toISOString()
      if (known.record) Object.assign(known.record, { note: sent.note, customer_id: sent.customer })
      const own = today.value?.find((call) => call.id === known.call)
      if (own) Object.assign(own, { note: sent.note, customer_id: sent.customer })
      keepDraft(known)
    } catch (why) {
      const theirs = why instanceof ApiError && why.status === 409 ? (why.now as { note?: string } | null)?.note : undefined
      if (theirs !== undefined) {
        // A colleague has written meanwhile: both stand there, and are saved together.
        known.note = merged(known.kept.note, known.note, theirs)
        known.kept = { ...known.kept, note: theirs }
        keepDraft(known)
        return
      }
      known.failed = true
      // What the server refuses for good is not asked again by itself; the person sees it and can press Save.
      const forGood = why instanceof ApiError && why.status >= 400 && why.status < 500 && why.status !== 404
      if (forGood) say.fault(why)
      else later(known, RETRY)
    } finally {
      known.saving = false
      if (known.kept.note !== sent.note && !known.failed) later(known, PAUSE) // put together with a colleague's
    }
    if (!known.failed && dirty(known)) later(known, PAUSE) // typed on while it was being saved
  }

  /** Before somebody leaves for good: what can be kept is kept while it still may. */
  async function saveAll(): Promise<void> {
    await Promise.all(tabs.value.filter(dirty).map(save))
  }

  function keepDraft(known: Tab): void {
    if (dirty(known) || known.cardTouched) {
      drafts?.keep(known.call, {
        pop: { ...known.pop, known: undefined }, // card numbers and the like do not lie on this machine
        note: known.note,
        card: known.cardTouched ? { ...known.card } : null,
        cardKey: known.cardKey,
      })
    } else drafts?.drop(known.call)
  }

  /** The page is being closed: what is not kept yet is sent on its way, and lies on this machine besides. */
  function leave(): void {
    for (const known of tabs.value) {
      keepDraft(known)
      if (!dirty(known)) continue
      api.lastNote(known.call, known.note, customerOf(known), known.kept.note).catch(() => undefined) // the draft stays
    }
  }

  return {
    tabs,
    shown,
    comes,
    tab,
    agent,
    ringing,
    today,
    todayFault,
    stateOf,
    talkedIn: (call: string): boolean => talked.has(call),
    start,
    stop,
    open,
    openCall,
    show,
    keyed,
    leftField,
    close,
    choose,
    startNew,
    dirty,
    typed,
    save,
    saveAll,
    keepDraft,
    loadToday,
  }
})

/**
 * The one store that every live part of the pages reads from, fed by one socket: it reconnects with a growing
 * pause, asks for a snapshot when differences were lost, and knows how far the server's clock is from this machine's.
 */
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'

import { ask, signIn } from './api'
import { backOff, Feed, type Fact, type Message } from './feed'
import { useSession } from './session'
import { may } from './rights'
import type { Agent, CallerKnown, ExtensionLine, FlowNodeCount, HalfHour, Line, QueueNow, TrunkLine } from './model'

export type Connection = 'connecting' | 'open' | 'lost'
type Listener = (fact: Fact) => void

/** The server says something every 20 seconds at least (a snapshot, a difference or "live.ping"): longer means it is gone. */
const SILENCE_SECONDS = 30
/** Its first word comes at once; a line that swallows everything is tried again. */
const FIRST_SECONDS = 10
const NOT_SIGNED_IN = 4401
/** Milliseconds until names are asked for again where that was refused or the server was away. */
const NAMES_AGAIN = 60_000

export const useLive = defineStore('live', () => {
  const feed = new Feed()
  const connection = ref<Connection>('connecting')
  /** The first snapshot is here: an empty list is really empty. */
  const known = ref(false)
  /** Milliseconds to add to this machine's clock to have the server's. */
  const offset = ref(0)
  const listeners = new Set<Listener>()
  let socket: WebSocket | null = null
  let attempt = 0
  let retry: ReturnType<typeof setTimeout> | undefined
  let silence: ReturnType<typeof setTimeout> | undefined

  const agents = computed(() => feed.under<Agent>('agents/'))
  const queues = computed(() => feed.under<QueueNow>('queues/'))
  const lines = computed(() => feed.under<Line>('lines/'))
  const trunks = computed(() => feed.under<TrunkLine>('trunks/'))
  const extensions = computed(() => feed.under<ExtensionLine>('extensions/'))

  function agent(login: string): Agent | undefined {
    return feed.get<Agent>(`agents/${login}`)
  }

  function line(call: string): Line | undefined {
    return feed.get<Line>(`lines/${call}`)
  }

  function queue(name: string): QueueNow | undefined {
    return feed.get<QueueNow>(`queues/${name}`)
  }

  /** Whose call it may be; nobody, also where one may not know. */
  function callerOf(call: string): CallerKnown['customers'] {
    return feed.get<CallerKnown>(`callers/${call}`)?.customers ?? []
  }

  /** The half hours of today in which somebody called, of a queue's visits or ('') of the office's calls. */
  function volume(queue = ''): HalfHour[] {
    return feed.under<HalfHour>(`volume/${queue}/`)
  }

  /** How many callers are in each node of a flow now, and came to it today. */
  function flowCounts(flow: string): FlowNodeCount[] {
    return feed.under<FlowNodeCount>(`flows/${flow}/`)
  }

  /** Every topic of a kind: "help/" has who calls for help. */
  function under<T>(prefix: string): T[] {
    return feed.under<T>(prefix)
  }

  function queueTitle(name: string | null | undefined): string {
    return name ? (queue(name)?.title ?? name) : ''
  }

  /** A person by name, also one of whom one sees nothing else; by login where one may not know. */
  function agentName(login: string | null | undefined): string {
    if (!login) return ''
    const name = agent(login)?.name ?? names.value.get(login)
    if (name === undefined) wantNames()
    return name || login
  }

  /** Of everybody to whom one may write, asked for when the first is wanted whom the feed does not name. */
  const names = shallowRef<ReadonlyMap<string, string>>(new Map())
  let namesWanted = false
  function wantNames(): void {
    const { me } = useSession()
    if (namesWanted || !me || !may(me, 'staff_message')) return
    namesWanted = true
    names.value = new Map([[me.login, me.name]])
    ask<{ items: { login: string; name: string }[] }>('GET', '/colleagues').then(
      ({ items }) => {
        names.value = new Map([[me.login, me.name], ...items.map((one) => [one.login, one.name] as const)])
      },
      () => setTimeout(() => (namesWanted = false), NAMES_AGAIN), // until then logins stand there
    )
  }

  /** Facts as they happen. Returns how to stop listening. */
  function listen(listener: Listener): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  /** Called each time the connection is back: facts of the time between were not heard. Returns how to stop. */
  function whenBack(work: () => void): () => void {
    return watch(connection, (now, before) => {
      if (now === 'open' && before === 'lost') work()
    })
  }

  function start(): void {
    if (socket === null) connect()
    window.addEventListener('online', hurry)
    window.addEventListener('offline', gone)
  }

  function stop(): void {
    window.removeEventListener('online', hurry)
    window.removeEventListener('offline', gone)
    clearTimeout(retry)
    clearTimeout(silence)
    const closing = socket
    socket = null
    closing?.close()
  }

  function connect(): void {
    clearTimeout(retry)
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    const mine = new WebSocket(`${scheme}://${location.host}/api/v1/events?live=1`)
    socket = mine
    mine.onmessage = (event: MessageEvent<string>) => {
      if (socket === mine) heard(JSON.parse(event.data) as Message)
    }
    mine.onclose = (event) => {
      if (socket === mine) lost(event.code)
    }
    waitForWord(FIRST_SECONDS)
  }

  function lost(code?: number): void {
    socket = null
    clearTimeout(silence)
    feed.disconnected()
    connection.value = 'lost'
    if (code === NOT_SIGNED_IN) signIn()
    else retry = setTimeout(connect, backOff(attempt++, Math.random()) * 1000)
  }

  /** The line is dead, and the browser does not say so: it waits a minute for the other side's goodbye. */
  function gone(): void {
    if (socket === null) return
    const dead = socket
    lost()
    dead.close()
  }

  /** The network is back, or a person asks: not at the end of a long pause, but now. */
  function hurry(): void {
    if (socket === null) {
      attempt = 0
      connect()
    }
  }

  function heard(message: Message): void {
    waitForWord()
    const received = feed.receive(message)
    if (message.type === 'live.snapshot') {
      if (message.at) offset.value = Date.parse(message.at) - Date.now()
      attempt = 0
      connection.value = 'open'
      known.value = true
    }
    if (received === 'gap') socket?.send(JSON.stringify({ type: 'live.snapshot' }))
    if (received === 'fact') for (const listener of listeners) listener(message as Fact)
  }

  /** A connection that died without a word (a cable, a sleeping machine) is noticed by its silence. */
  function waitForWord(seconds = SILENCE_SECONDS): void {
    clearTimeout(silence)
    silence = setTimeout(gone, seconds * 1000)
  }

  return {
    connection,
    known,
    offset,
    agents,
    queues,
    lines,
    trunks,
    extensions,
    callerOf,
    volume,
    agent,
    line,
    queue,
    flowCounts,
    under,
    queueTitle,
    agentName,
    listen,
    whenBack,
    start,
    stop,
    hurry,
  }
})

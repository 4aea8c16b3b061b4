/** The words of the JSON API (docs/api.md), as the pages use them. Times are ISO 8601; durations seconds. */

import type { FieldValues } from './fields/model'
import type { ConsultNow, Person } from './controls/model'

export type Role = 'agent' | 'supervisor' | 'manager' | 'admin'
export type AgentState = 'signed_out' | 'ready' | 'offered' | 'talking' | 'wrap_up' | 'break' | 'unreachable'
export type WantedState = 'signed_out' | 'ready' | 'break'
export type Direction = 'inbound' | 'outbound' | 'internal'
export type LineState = 'flow' | 'waiting' | 'ringing' | 'talking' | 'held' | 'dialling' | 'conference' | 'parked'
export type Outcome =
  'answered' | 'abandoned' | 'no_answer' | 'busy' | 'voicemail' | 'callback' | 'failed' | 'flow' | 'interrupted'
export const OUTCOMES: readonly Outcome[] = [
  'answered',
  'abandoned',
  'no_answer',
  'busy',
  'voicemail',
  'callback',
  'failed',
  'flow',
  'interrupted',
]
/** The lists that the office keeps by itself. */
export type DictionaryName = 'level' | 'sex' | 'identity' | 'channel' | 'tag' | 'recording_tag' 
  | 'consultation_category'
  | 'complaint_type'
  | 'complaint_aspect'
  | 'complaint_satisfaction'
  | 'follow_up_category'
  | 'follow_up_result'

/** code: what records keep. retired: stands on old records, and is not offered for new ones. */
export interface DictionaryValue {
  code: string
  chinese: string
  english: string
  retired: boolean
}

export interface Dictionary {
  name: DictionaryName
  values: DictionaryValue[]
}

export interface Me {
  login: string
  name: string
  role: Role
  extension: string | null
  language: string
  /** What one may now, and of what one sees only a part. */
  rights: string[]
  hidden: string[]
  /** needed: to be set up before anything else. */
  second_factor?: 'off' | 'on' | 'needed'
  /** Modules that this office has switched off. */
  off?: string[]
  /** What people read in place of a team's name. */
  teams?: Record<string, string>
}

export interface Agent {
  login: string
  name: string
  extension: string | null
  state: AgentState
  reason: string
  since: string
  /** End of the wrap-up, where there is one. */
  until: string | null
  /** Is the extension's phone registered now. */
  phone: boolean
  call: string | null
  queues: string[]
  /** Their titles. */
  teams: string[]
}

export interface Line {
  call: string
  direction: Direction
  state: LineState
  caller: string
  called: string
  trunk: string | null
  queue: string | null
  agent: string | null
  since: string
  started_at: string
  /** Numbers that who speaks with them does not hear. */
  one_way: string[]
  /** What is said is kept, unless paused_since says since when it is not. */
  recorded: boolean
  paused_since: string | null
  /** Who is in it, and who hears whom. */
  people?: Person[]
  consult?: ConsultNow | null
}

export interface QueueNow {
  name: string
  title: string
  waiting: { call: string; caller: string; since: string; position: number }[]
  longest_since: string | null
  ready: number
  talking: number
  signed_in: number
  today: QueueDay
}

/** Since midnight, of visits that began since then (docs/api.md). service_level: 0 to 1; seconds else. */
export interface QueueDay {
  offered: number
  answered: number
  abandoned: number
  /** Of the abandoned: within five seconds. */
  short: number
  within: number
  target: number
  service_level: number | null
  asa: number | null
}

/** An outside line: a provider with its channels. */
export interface TrunkLine {
  name: string
  state: 'up' | 'down' | 'unknown'
  why: string
  registers: boolean
  channels: number | null
  busy: number
}

/** An inside line. */
export interface ExtensionLine {
  number: string
  agent: string | null
  state: 'offline' | 'free' | 'calling' | 'ringing' | 'talking'
  call: string | null
}

/** Whose call it may be, best first. */
export interface CallerKnown {
  call: string
  customers: { id: number; name: string; level: string }[]
}

/** A half hour of today. queue null: calls of the office. */
export interface HalfHour {
  at: string
  queue: string | null
  inbound: number
  outbound: number
  answered: number
  abandoned: number
}

export interface Call {
  id: string
  direction: Direction
  caller: string
  caller_name: string
  called: string
  trunk: string | null
  flow: string | null
  queue: string | null
  agent: string | null
  extension: string | null
  started_at: string
  queued_at: string | null
  answered_at: string | null
  ended_at: string | null
  wait_seconds: number | null
  talk_seconds: number | null
  outcome: Outcome | null
  ended_by: 'caller' | 'agent' | 'callee' | 'system' | null
  cause: string
  recording_id: string | null
  customer_id: number | null
  note: string
  keys: string
  /** What the caller keyed and what flows looked up, by the flows' names. */
  known: Record<string, string>
  survey: SurveyAnswer[]
  /** What its agent says came of it: a code. */
  disposition?: string
  /** Of the worse off of all sides, 1 to 4.5; null: not known. */
  mos: number | null
}

/** What a caller said of a conversation: 1 to most. */
export interface SurveyAnswer {
  call: string
  at: string
  question: string
  score: number
  most: number
  agent: string | null
  queue: string | null
}

/** How one leg of a call sounded; …_there: as its phone told. */
export interface LegSound {
  leg: number
  side: 'caller' | 'agent' | 'callee' | 'system'
  number: string
  codec: string
  received: number
  lost: number
  late: number
  sent: number
  jitter_ms: number
  lost_there: number | null
  jitter_there_ms: number | null
  round_trip_ms: number | null
  mos: number | null
  mos_there: number | null
  together_seconds: number
  talk_seconds: number
}

export type ListenMode = 'listen' | 'whisper' | 'barge'

/** A supervisor with somebody's conversation. since null: their phone rings still. */
export interface Listening {
  by: string
  call: string | null
  mode: ListenMode
  agent: string | null
  follows: string | null
  since: string | null
}

/** This person's page as a phone; page: which one of their pages, "" while none is. */
export interface PagePhone {
  login: string
  page: string
  extension: string | null
  state: 'off' | 'ready' | 'ringing' | 'dialling' | 'talking'
  number: string
  name: string
  rings: boolean
  held: boolean
  away: boolean
  ended: '' | 'over' | 'busy' | 'no_answer' | 'unknown_number' | 'forbidden' | 'failed' | 'transfer_failed'
}

/** One step of a call's story. */
export interface Step {
  at: string
  kind: string
  details: Record<string, unknown>
}

export interface Card {
  name: string
  phones: string[]
  card: string
  sex: string
  company: string
  address: string
  email: string
  level: string
  note: string
  identity: string
  background: string
  channels: string[]
  tags: string[]
  /** null: not asked yet. */
  gifts_by_mail: boolean | null
  /** Wants none; null: stays as it is. */
  no_sms: boolean | null
  no_email: boolean | null
  owner: string
  team: string
  /** Custom ones by their names; null: emptied. */
  fields: FieldValues
}

export interface Customer extends Card {
  id: number
  version: number
  created_at: string
  changed_at: string
  no_sms_at: string | null
  no_sms_by: string
  no_email_at: string | null
  no_email_by: string
}

export type CardState = 'active' | 'blocked' | 'expired'
export type Ledger = 'money' | 'points'
export type PostingKind = 'recharge' | 'consumption' | 'correction'

/** overdraft: by how much its money may be below nothing, in the smallest coin. */
export interface CardTerms {
  valid_until: string | null
  overdraft: number
}

/** money, overdraft: in the smallest coin of the currency. failed: wrong PINs in a row. */
export interface PrepaidCard {
  id: number
  number: string
  customer: number
  state: CardState
  valid_until: string | null
  currency: string
  overdraft: number
  money: number
  points: number
  has_pin: boolean
  failed: number
  locked_until: string | null
}

export interface NewPosting {
  ledger: Ledger
  kind: PostingKind
  amount: number
  reason: string
  reference: string
  key: string
  reverses: number | null
}

/** balance: of its ledger after it. reversed: another one has undone it. */
export interface Posting extends NewPosting {
  id: number
  at: string
  by: string
  balance: number
  reversed: boolean
}

/** The agent's page should show this caller. customers: who it may be, best first. */
export interface Pop {
  call: string
  agent: string
  caller: string
  called: string
  queue: string | null
  customers: number[]
  keys: string
  /** As of a call. A pop that this machine kept does not have it: it is asked for again. */
  known?: Record<string, string>
  /** Of a campaign's call, with what its list says. */
  campaign?: number | null
  name?: string
  fields?: Record<string, string>
}

/** A message that a caller left: for a queue, or in an agent's or a phone's own box. "" as a login: nobody. */
export interface Voicemail {
  id: number
  call: string
  queue: string | null
  agent: string | null
  extension: string | null
  seconds: number | null
  heard_by: string
  assigned_to: string
  note: string
  /** Never empty: there is no message without its sound. */
  recording_id: string
  caller: string
  at: string
  done: boolean
  done_by: string
}

export type DutyState = 'open' | 'done' | 'cancelled'

/** What somebody owes by a time. owner "": whoever of the team or queue takes it. stage: of its times, how many are over. */
export interface Duty {
  id: number
  kind: string
  title: string
  note: string
  customer: number | null
  call: string | null
  number: string
  owner: string
  team: string
  queue: string
  priority: number
  created_at: string
  created_by: string
  first_due: string
  due: string
  warn_at: string
  stage: number
  escalated_to: string
  state: DutyState
  outcome: string
  closed_at: string | null
  closed_by: string
  /** The record whose step it is: "complaint/12"; "": none. */
  about: string
  version: number
}

export interface DutyStep {
  id: number
  at: string
  by: string
  kind: string
  text: string
  details: Record<string, string>
}

/** Of kinds of duties: what each needs and what may come of it, the usual one first. limit: working minutes. */
/** What a calendar shows of a duty. */
export type DutyOnDay = Pick<
  Duty,
  'id' | 'kind' | 'title' | 'number' | 'customer' | 'owner' | 'team' | 'queue' | 'priority' | 'due' | 'state' | 'about'
>

export interface DutyKind {
  name: string
  chinese: string
  english: string
  limit: number
  needs: string[]
  by_hand: boolean
  outcomes: string[]
  /** A step of a record, which alone hands it over and closes it. */
  of_record: boolean
}

/** Open ones: one's own; of these warned of or overdue; and of all that one sees, nobody's yet, and overdue. */
export interface DutyCounts {
  mine: number
  due: number
  unowned: number
  overdue: number
}

/** Promises first promised for a time in a period: kept by then, late, or open still. */
export interface PromiseSums {
  promised: number
  kept: number
  late: number
  open: number
}

export interface PromiseFigures {
  since: string
  until: string
  people: (PromiseSums & { owner: string })[]
  teams: (PromiseSums & { name: string; rate: number | null })[]
  total: PromiseSums & { rate: number | null }
}

/** What is asked for; what is not named is as its kind has it. */
export interface DutyWanted {
  kind: string
  title: string
  note: string
  number: string
  owner: string
  queue: string
  priority: number
  due?: string
}

export type CallbackState = 'waiting' | 'dialling' | 'done' | 'failed' | 'cancelled'

/** Why one is on a break. */
export interface BreakReason {
  name: string
  title: string
}

/** A caller who asked to be called back. */
export interface Callback {
  id: number
  call: string
  queue: string | null
  number: string
  at: string
  state: CallbackState
  done_by: string
  /** Tries of the system that came to nothing, and how the last one ended. */
  tries: number
  next_at: string | null
  result: string
}

/** What somebody still has to see to. */
export const UNDONE: readonly CallbackState[] = ['waiting', 'dialling', 'failed']

export const NUMBER_FORMS = ['dialled', 'e164', 'national'] as const
export const CALLER_HEADERS = ['from', 'pai', 'rpid'] as const
export const CODECS = ['PCMA', 'PCMU', 'G722', 'opus', 'G729'] as const
export const ENCRYPTIONS = ['off', 'allowed', 'required'] as const
export const TRANSPORTS = ['udp', 'tcp', 'tls', 'auto'] as const
export type TrunkState = 'up' | 'down' | 'unknown'

/** Passwords are never answered: `has_password` says whether there is one; sent only when it is to change. */
export interface Trunk {
  name: string
  host: string
  port: number
  username: string
  has_password: boolean
  register: boolean
  allow: string[]
  /** How a called number that comes in is written before its flow is looked up. */
  in_strip: number
  in_prepend: string
  /** How a number goes out: its form, then cut, then added to. */
  out_form: (typeof NUMBER_FORMS)[number]
  out_strip: number
  out_prepend: string
  /** The number shown there; '': the extension's own. Where it stands. */
  caller: string
  caller_id: (typeof CALLER_HEADERS)[number]
  /** Calls at once, in and out; 0: no limit. */
  channels: number
  codecs: string[]
  /** Of its sound (SRTP). */
  encryption: 'off' | 'required'
  /** Seconds between two questions whether it is there; 0: none. */
  options: number
  transport: (typeof TRANSPORTS)[number]
  state: TrunkState
  /** The last status or fault, for the person who asks why it is down. */
  why: string
}

export interface NumberRoute {
  match: string
  flow: string
}

export interface OutboundRoute {
  match: string
  trunks: string[]
  strip: number
  prepend: string
}

export interface User {
  login: string
  name: string
  role: Role
  /** A role of the office's own that stands on it; empty: the shipped one. */
  own_role: string
  extension: string | null
  language: string
  in_directory: boolean
  record: string
  skills: Record<string, number>
  has_password: boolean
  has_pin: boolean
}

export interface Extension {
  number: string
  contact: string
  /** Its phone is asked to pick up calls of queues by itself. */
  auto_answer: boolean
  codecs: string[]
  /** Of its sound (SRTP); allowed: as the phone wants. */
  encryption: (typeof ENCRYPTIONS)[number]
  has_password: boolean
  /** Can its phone be reached now; where, and what it says that it is. */
  registered: boolean
  address: string
  device: string
}

export type Strategy = 'longest_idle' | 'ring_all' | 'round_robin' | 'fewest_calls' | 'least_talk' | 'random' | 'skills'
export const STRATEGIES: readonly Strategy[] = [
  'longest_idle',
  'ring_all',
  'round_robin',
  'fewest_calls',
  'least_talk',
  'random',
  'skills',
]

export interface Queue {
  name: string
  title: string
  strategy: Strategy
  members: string[]
  wrap_up: number
  ring: number
  service_level: number
  max_wait: number
  record: boolean
  music: string
  calendar: string
  at_closing: AtClosing
  disposition_required: boolean
  announce_recording: string
  recording_beep: number
  skills: Record<string, number>
  ranks: Record<string, number>
  weights: Record<string, number>
  priority: number
  level_priority: Record<string, number>
  ageing: number
  sticky: string
  sticky_wait: number
  retry: number
  misses: number
  miss_return: number
  most_waiting: number
  callback_first: string
  callback_ring: number
  callback_hours: string
  callback_retries: number[]
  callback_machine: string
  announce_position: string
  announce_wait: string
  announce_first: number
  announce_every: number
  announce_most: number
  comfort: { every: number; say: string; play: string }[]
  exits: Record<string, string>
  place_back: number
}

export interface BreakTerms {
  name: string
  title: string
  limit: number
  per_day: number
}

export interface DispositionTerms {
  code: string
  title: string
  queues: string[]
  callback: string
}

export const AT_CLOSING = ['keep', 'leave'] as const
export type AtClosing = (typeof AT_CLOSING)[number]

export const WEEKDAYS = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
export type Weekday = (typeof WEEKDAYS)[number]

/** When an office is open. Dates are "2026-10-01", hours "09:00-12:00" in the calendar's zone ("": the office's). */
export interface Calendar {
  name: string
  title: string
  zone: string
  hours: Partial<Record<Weekday, string[]>>
  holidays: { first: string; last: string; name: string; hours: string[] }[]
  make_up: { date: string; like: Weekday; name: string }[]
}

/** What holds at a moment; time and until are in the calendar's zone. */
export interface CalendarAt {
  time: string
  zone: string
  open: boolean
  why: 'regular' | 'holiday' | 'make_up'
  name: string
  until: string | null
  queues: string[]
}

/** What may be dialled over trunks. who: an extension, `each` (all without limits of their own), `all` (the office). */
export interface Limits {
  who: string
  calls: number
  per_minute: number
  per_hour: number
  forbid: string[]
  permit: string[]
  international: boolean
  premium: boolean
  night: string
  longest: number
}

/** A box for messages. box: "queue:sales", "agent:1001" or "extension:8001". Times are seconds. */
export interface Mailbox {
  box: string
  greeting: string
  longest: number
  shortest: number
  silence: number
  most: number
  mail: string[]
}

/** Agents, and the supervisors who lead them: logins. */
export interface Team {
  name: string
  title: string
  department: string
  members: string[]
  leaders: string[]
}

/** An address that SIP does not hear until then. times: bans until now. */
export interface Ban {
  address: string
  since: string
  until: string
  times: number
  why: 'passwords' | 'scan'
}

/** How loud each side was in equal shares of the time, 0 to 255. left: who called. */
export interface Peaks {
  seconds: number
  left: number[]
  right: number[]
  /** The part that the lists tell of; silences and pauses are of the whole recording. In seconds. */
  begin?: number
  end?: number
  silences?: { begin: number; end: number }[]
  pauses?: { begin: number; end: number }[]
}

/** What is wrong with keeping recordings now. why: for who looks after the server. */
export interface RecordingAlarm {
  at: string
  kind: 'failed' | 'space' | 'key' | 'worker'
  why: string
}

/** An outside call that a limit refused. extension null: a flow dialled. who, rule: whose limit, and which. */
export interface Alarm {
  at: string
  call: string
  extension: string | null
  number: string
  who: string
  rule: string
}

/** The things an administrator puts in, by the name of their list in the API and the site file. */
export interface Things {
  trunks: Trunk
  numbers: NumberRoute
  outbound: OutboundRoute
  users: User
  extensions: Extension
  queues: Queue
  limits: Limits
  mailboxes: Mailbox
  teams: Team
  breaks: BreakTerms
  dispositions: DispositionTerms
}
export type Thing = keyof Things
/** What a thing is called by: the last part of its address. */
export const THING_KEYS = {
  trunks: 'name',
  numbers: 'match',
  outbound: 'match',
  users: 'login',
  extensions: 'number',
  queues: 'name',
  limits: 'who',
  mailboxes: 'box',
  teams: 'name',
  breaks: 'name',
  dispositions: 'code',
} as const satisfies Record<Thing, string>

/** A phone that is registered now. latency_ms: there and back; null: not known yet. silent: no answer the last time. */
export interface PhoneSeen {
  extension: string
  contact: string
  device: string
  source: string
  transport: string
  latency_ms: number | null
  silent: boolean
  since: string
  expires_at: string
}

export const VENDORS = ['yealink', 'grandstream', 'fanvil', 'snom'] as const

/** A desk phone that fetches its settings from us. fetched_*: when and by whom last; null until the first time. */
export interface Device {
  id: number
  mac: string
  vendor: (typeof VENDORS)[number]
  extension: string
  created_at: string
  created_by: string
  fetched_at: string | null
  fetched_from: string
  fetched_by: string
  fetches: number
}

/** address: told only now. file: what the phone asks for there. */
export interface DeviceMade {
  device: Device
  address: string
  file: string
}

/** A mistake in a file that a person wrote. */
/** column 0: only the line is known. */
export interface FileFault {
  file: string
  line: number
  column: number
  reason: string
}

export interface FlowFile {
  name: string
  title: string
  file: string
  nodes: number
  in_service: boolean
  /** Called numbers that lead to it. */
  numbers: string[]
  version: number | null
  draft: { by: string; at: string } | null
}

export type FlowNode = Record<string, unknown>
/** What a flow's file says. */
export type FlowData = Record<string, unknown>
export type Places = Record<string, [number, number]>

/** A fault in a flow's text; node null: in none. */
/** path: where in the node. warning: the flow can be published all the same. */
export interface FlowFault {
  line: number
  column: number
  node: string | null
  path: string[]
  warning: boolean
  reason: string
}

export interface FlowGraph {
  text: string
  /** null: the text is no YAML. */
  data: FlowData | null
  faults: FlowFault[]
}

export interface FlowDraft {
  text: string
  base: string
  by: string
  at: string
}

export interface FlowNow {
  text: string
  checksum: string
}

export interface FlowOpened {
  name: string
  file: string
  /** Of the file as it is now; "" if there is none yet. */
  checksum: string
  in_service: boolean
  says: FlowGraph
  draft: FlowDraft | null
  places: Places
}

export interface FlowVersion {
  number: number
  at: string
  by: string
  how: 'published' | 'rolled_back' | 'by_hand'
  note: string
  of: number | null
}

/** A ready flow that can be copied. about: what its author says of it. */
export interface FlowExample {
  name: string
  title: string
  about: string
  nodes: number
  tests: boolean
}

export interface FlowDifference {
  unified: string
  added: string[]
  changed: string[]
  removed: string[]
  head: string[]
}

export interface FlowWalk {
  text: string
  keys: string
  caller: string
  agents: 'free' | 'busy' | 'none'
  hours: 'open' | 'closed' | 'holiday'
  /** YAML, as `given` in tests of flows. */
  given: string
  at?: string
}

/** The part of JSON Schema that arguments of nodes are described with. */
export interface Schema {
  type?: string
  properties?: Record<string, Schema>
  required?: string[]
  anyOf?: Schema[]
  oneOf?: Schema[]
  enum?: unknown[]
  const?: unknown
  $ref?: string
  $defs?: Record<string, Schema>
  items?: Schema
  additionalProperties?: Schema | boolean
  default?: unknown
  minimum?: number
  maximum?: number
  maxLength?: number
}

/** exits: where other nodes are named: ["next"], ["keys", "*"]. */
export interface FlowKind {
  kind: string
  help: Record<string, string>
  told: string
  fields: Schema
  exits: string[][]
}

export interface FlowNodeCount {
  flow: string
  node: string
  now: number
  today: number
}

/** items: in service. faults: of refused files; their old versions go on. */
export interface FlowList extends Listing<FlowFile> {
  faults: FileFault[]
}

/** changes: one sentence each, as `callcenterd apply` prints them; none: it was so already. */
export interface Applied {
  changes: string[]
  kept: KeptByPage[]
}
/** What a site file says as it said before, and a page changed since. fields: none if it was taken away there. */
export interface KeptByPage {
  section: string
  key: string
  fields: string[]
  by: string
  at: string
}

export interface Listing<T> {
  items: T[]
  total: number
}

export function emptyCard(phone = ''): Card {
  return {
    name: '',
    phones: phone ? [phone] : [],
    card: '',
    sex: '',
    company: '',
    address: '',
    email: '',
    level: '',
    note: '',
    identity: '',
    background: '',
    channels: [],
    tags: [],
    gifts_by_mail: null,
    no_sms: null,
    no_email: null,
    owner: '',
    team: '',
    fields: {},
  }
}

export interface PromptSound {
  /** dBFS, of the parts where something is said; of the loudest sample; LUFS, of all of it. */
  seconds: number
  level: number
  peak: number
  loudness: number
}

export type PromptSource = 'upload' | 'phone' | 'speech' | 'file'

export interface PromptUse {
  where: 'flow' | 'queue' | 'mailbox' | 'house'
  name: string
  node: string
}

/** language '': of none. file '': there is none, and `instead` is read aloud. */
export interface Prompt {
  name: string
  language: string
  file: string
  octets: number
  changed: string | null
  sound: PromptSound | null
  fault: string
  source: PromptSource | null
  version: number | null
  by: string
  text: string
  versions: number
  instead: string
  uses: PromptUse[]
}

export interface PromptVersion {
  number: number
  source: PromptSource
  by: string
  at: string
  text: string
  octets: number
  sound: PromptSound
  in_service: boolean
}

export interface PromptOpened {
  prompt: Prompt
  kept: PromptVersion[]
}

/** why: of a phone's: no_answer, short, failed; or a sentence. */
export interface PromptDraft {
  id: string
  source: PromptSource
  by: string
  at: string
  state: 'ringing' | 'speaking' | 'making' | 'ready' | 'failed'
  why: string
  name: string
  text: string
  language: string
  sound: PromptSound | null
}

/** The form of a queue: what every office sets at once, the rest folded by subject. */
import { AT_CLOSING, STRATEGIES } from '../model'
import { choice, folded, number, rows, seconds, text, type Draft, type Field } from './fields'
import { comforting, keysOut, levelPoints, pauses, rankOf, skillLevels, weightOf } from './rows'

const TOLD = ['off', 'once', 'every'] as const
const none: Partial<Field> = { help: 'zeroNone' }

const everyday: readonly Field[] = [
  text('name', 'name', { required: true, help: 'queueName' }),
  text('title', 'displayName', { help: 'queueTitle' }),
  { name: 'strategy', label: 'strategy', kind: 'choice', from: 'strategies', required: true },
  { name: 'record', label: 'record', kind: 'switch', help: 'record' },
  { name: 'members', label: 'members', kind: 'choices', from: 'users', wide: true },
  seconds('wrap_up', 'wrapUp', 0, 3600),
  { name: 'disposition_required', label: 'dispositionRequired', kind: 'switch', help: 'dispositionRequired' },
  seconds('ring', 'ring', 1, 300),
  seconds('service_level', 'serviceLevel', 1, 3600),
  { ...seconds('max_wait', 'maxWait', 0, 86400), help: 'maxWait' },
  { ...number('most_waiting', 'mostWaiting', 0, 10000), help: 'noLimit' },
  { name: 'music', label: 'music', kind: 'choice', from: 'music', free: true, help: 'music' },
  { name: 'calendar', label: 'calendar', kind: 'choice', from: 'calendars', help: 'calendar' },
  {
    name: 'at_closing',
    label: 'atClosing',
    kind: 'choice',
    from: 'closings',
    required: true,
    when: (draft) => Boolean(draft.calendar),
  },
]

const bySubject: Record<string, readonly Field[]> = {
  groupAssign: [
    rows('skills', 'queueSkills', skillLevels, { help: 'queueSkills' }),
    rows('ranks', 'ranks', rankOf, { help: 'ranks' }),
    rows('weights', 'weights', weightOf, { help: 'weights', when: (draft) => draft.strategy === 'random' }),
    { ...number('priority', 'priority', -100, 100), help: 'priority' },
    { ...seconds('ageing', 'ageing', 0, 3600), help: 'ageing' },
    rows('level_priority', 'levelPriority', levelPoints, { help: 'levelPriority' }),
    choice('sticky', 'sticky', ['off', 'last'], 'sticky'),
    { ...seconds('sticky_wait', 'stickyWait', 0, 3600), help: 'stickyWait' },
  ],
  groupMissed: [
    seconds('retry', 'retry', 1, 3600),
    { ...number('misses', 'misses', 0, 20), ...none },
    { ...seconds('miss_return', 'missReturn', 0, 3600), help: 'missReturn' },
  ],
  groupWaiting: [
    choice('announce_position', 'announcePosition', TOLD, 'told'),
    choice('announce_wait', 'announceWait', TOLD, 'told'),
    seconds('announce_first', 'announceFirst', 0, 3600),
    { ...seconds('announce_every', 'announceEvery', 0, 3600), help: 'announceEvery' },
    { ...number('announce_most', 'announceMost', 1, 1000), help: 'announceMost' },
    { ...number('place_back', 'placeBack', 0, 60), help: 'placeBack', decimals: true, unit: 'minutesUnit' },
    rows('comfort', 'comfort', comforting, { help: 'comfort' }),
    rows('exits', 'queueExits', keysOut, { help: 'exits' }),
  ],
  groupRecording: [
    choice('announce_recording', 'announceRecording', ['none', 'caller', 'both'], 'notice'),
    { ...seconds('recording_beep', 'recordingBeep', 0, 600), ...none },
  ],
  groupCallbacks: [
    choice('callback_first', 'callbackFirst', ['customer', 'agent'], 'first'),
    seconds('callback_ring', 'callbackRing', 5, 120),
    text('callback_hours', 'callbackHours', { help: 'hours' }),
    choice('callback_machine', 'callbackMachine', ['hang_up', 'ignore'], 'machine'),
    rows('callback_retries', 'callbackRetries', pauses, { help: 'retries' }),
  ],
}

export const QUEUE_FIELDS: readonly Field[] = [
  ...everyday,
  ...Object.entries(bySubject).flatMap(([group, fields]) => folded(group, fields)),
]

export const QUEUE_FRESH: Draft = {
  name: '',
  title: '',
  strategy: STRATEGIES[0],
  members: [],
  wrap_up: 10,
  ring: 20,
  service_level: 20,
  max_wait: 0,
  record: true,
  music: '',
  calendar: '',
  at_closing: AT_CLOSING[0],
  disposition_required: false,
  most_waiting: 0,
  skills: [],
  ranks: [],
  weights: [],
  priority: 0,
  ageing: 0,
  level_priority: [],
  sticky: 'off',
  sticky_wait: 0,
  retry: 10,
  misses: 1,
  miss_return: 0,
  announce_position: 'off',
  announce_wait: 'off',
  announce_first: 15,
  announce_every: 60,
  announce_most: 10,
  place_back: 5,
  comfort: [],
  exits: [],
  announce_recording: 'none',
  recording_beep: 0,
  callback_first: 'customer',
  callback_ring: 30,
  callback_hours: '',
  callback_machine: 'hang_up',
  callback_retries: [{ value: 300 }, { value: 1800 }],
}

/**
 * What an administrator puts in, as tables and forms: which columns, which fields, what a field takes. One page
 * (ThingPart.vue) draws all of them; drafts.ts carries values in and out. A test compares this with the site file's
 * own list of settings (docs/site.md): none may be missing.
 */
import type { Role, Thing } from '../model'
import { choice, folded, number, rows, seconds, text, type Draft, type Field } from './fields'
import { QUEUE_FIELDS, QUEUE_FRESH } from './queueFields'
import { skillLevels } from './rows'

export const ROLES: readonly Role[] = ['agent', 'supervisor', 'manager', 'admin']
export const LANGUAGES = ['zh-CN', 'en'] as const

/** What a phone is offered when nobody has said otherwise: G.711 first, which trunks speak. */
const PHONE_CODECS = ['PCMA', 'PCMU', 'G722', 'opus'] as const

export interface Kind {
  columns: readonly string[]
  fields: readonly Field[]
  fresh: Draft
}

export const KINDS: Record<Thing, Kind> = {
  trunks: {
    columns: ['name', 'address', 'mode', 'username', 'channels', 'caller', 'status'],
    fields: [
      text('name', 'name', { required: true, help: 'trunkName' }),
      text('host', 'host', { required: true, help: 'host' }),
      { name: 'port', label: 'port', kind: 'number', required: true, least: 1, most: 65535 },
      { name: 'register', label: 'byRegistration', kind: 'switch', help: 'register' },
      text('username', 'username', { help: 'username' }),
      { name: 'password', label: 'password', kind: 'secret' },
      { name: 'allow', label: 'allow', kind: 'tags', help: 'allow', wide: true },
      { name: 'channels', label: 'channels', kind: 'number', required: true, least: 0, most: 10000, help: 'channels' },
      { name: 'transport', label: 'transport', kind: 'choice', from: 'transports', required: true },
      ...folded('groupDigits', [
        text('caller', 'callerShown', { help: 'callerShown' }),
        { name: 'caller_id', label: 'callerHeader', kind: 'choice', from: 'headers', required: true, help: 'callerHeader' },
        { ...number('in_strip', 'inStrip', 0, 20), help: 'inStrip' },
        text('in_prepend', 'inPrepend'),
        { name: 'out_form', label: 'outForm', kind: 'choice', from: 'forms', required: true, help: 'outForm', wide: true },
        number('out_strip', 'outStrip', 0, 20),
        text('out_prepend', 'outPrepend'),
      ]),
      ...folded('groupSound', [
        { name: 'codecs', label: 'codecs', kind: 'choices', from: 'codecs', required: true, help: 'codecs' },
        { name: 'encryption', label: 'encryption', kind: 'choice', from: 'trunkEncryptions', required: true, help: 'encryption' },
        { ...number('options', 'options', 0, 3600), unit: 'secondsUnit', help: 'options' },
      ]),
    ],
    fresh: {
      name: '',
      host: '',
      port: 5060,
      register: false,
      username: '',
      allow: [],
      channels: 0,
      transport: 'udp',
      caller: '',
      caller_id: 'from',
      in_strip: 0,
      in_prepend: '',
      out_form: 'dialled',
      out_strip: 0,
      out_prepend: '',
      codecs: ['PCMA', 'PCMU'],
      encryption: 'off',
      options: 30,
    },
  },
  numbers: {
    columns: ['match', 'flow'],
    fields: [
      text('match', 'match', { required: true, help: 'match' }),
      { name: 'flow', label: 'flow', kind: 'choice', from: 'flows', required: true, help: 'flow' },
    ],
    fresh: { match: '', flow: '' },
  },
  outbound: {
    columns: ['match', 'trunks', 'strip', 'prepend'],
    fields: [
      text('match', 'dialled', { required: true, help: 'match' }),
      {
        name: 'trunks',
        label: 'trunkOrder',
        kind: 'choices',
        from: 'trunks',
        required: true,
        help: 'trunkOrder',
        wide: true,
      },
      { name: 'strip', label: 'strip', kind: 'number', required: true, least: 0, most: 20, help: 'strip' },
      text('prepend', 'prepend', { help: 'prepend' }),
    ],
    fresh: { match: '', trunks: [], strip: 0, prepend: '' },
  },
  users: {
    columns: ['login', 'name', 'role', 'extension', 'canSignIn'],
    fields: [
      text('login', 'login', { required: true, help: 'login' }),
      text('name', 'personName', { required: true }),
      { name: 'role', label: 'role', kind: 'choice', from: 'roles', required: true },
      { name: 'own_role', label: 'ownRole', kind: 'choice', from: 'ownRoles', help: 'ownRole' },
      {
        name: 'extension',
        label: 'extension',
        kind: 'choice',
        from: 'extensions',
        clearable: true,
        help: 'userExtension',
      },
      { name: 'password', label: 'password', kind: 'secret', help: 'userPassword' },
      { name: 'language', label: 'language', kind: 'choice', from: 'languages', required: true },
      rows('skills', 'agentSkills', skillLevels, { help: 'agentSkills' }),
      ...folded('groupMore', [
        choice('record', 'recordWhen', ['queue', 'always', 'never'], 'record'),
        { name: 'in_directory', label: 'inDirectory', kind: 'switch', help: 'inDirectory' },
        { name: 'pin', label: 'pin', kind: 'secret', help: 'pin' },
      ]),
    ],
    fresh: {
      login: '',
      name: '',
      role: 'agent',
      own_role: '',
      extension: null,
      language: 'zh-CN',
      in_directory: true,
      record: 'queue',
      skills: [],
    },
  },
  teams: {
    columns: ['name', 'title', 'department', 'members', 'leaders'],
    fields: [
      text('name', 'name', { required: true, help: 'teamName' }),
      text('title', 'displayName'),
      text('department', 'department', { help: 'department' }),
      { name: 'members', label: 'members', kind: 'choices', from: 'users', wide: true },
      { name: 'leaders', label: 'leaders', kind: 'choices', from: 'leaders', wide: true, help: 'leaders' },
    ],
    fresh: { name: '', title: '', department: '', members: [], leaders: [] },
  },
  extensions: {
    columns: ['number', 'kind', 'whose', 'device', 'status'],
    fields: [
      text('number', 'number', { required: true, help: 'extensionNumber' }),
      { name: 'fixed', label: 'byContact', kind: 'switch', help: 'fixed' },
      { name: 'password', label: 'password', kind: 'secret', help: 'phonePassword', when: (draft) => !draft.fixed },
      text('contact', 'contact', {
        required: true,
        help: 'contact',
        wide: true,
        when: (draft) => Boolean(draft.fixed),
      }),
      { name: 'auto_answer', label: 'autoAnswer', kind: 'switch', help: 'autoAnswer' },
      ...folded('groupSound', [
        { name: 'codecs', label: 'codecs', kind: 'choices', from: 'codecs', required: true, help: 'codecs', wide: true },
        { name: 'encryption', label: 'encryption', kind: 'choice', from: 'encryptions', required: true, help: 'encryption' },
      ]),
    ],
    fresh: { number: '', fixed: false, contact: '', auto_answer: false, codecs: [...PHONE_CODECS], encryption: 'allowed' },
  },
  queues: {
    columns: ['name', 'title', 'strategy', 'members', 'wrap_up', 'ring', 'service_level', 'record'],
    fields: QUEUE_FIELDS,
    fresh: QUEUE_FRESH,
  },
  breaks: {
    columns: ['name', 'title', 'limit', 'per_day'],
    fields: [
      text('name', 'name', { required: true, help: 'breakName' }),
      text('title', 'displayName', { help: 'breakTitle' }),
      { ...seconds('limit', 'breakLimit', 0, 86400), help: 'breakLimit' },
      { ...seconds('per_day', 'breakPerDay', 0, 86400), help: 'breakPerDay' },
    ],
    fresh: { name: '', title: '', limit: 0, per_day: 0 },
  },
  dispositions: {
    columns: ['code', 'title', 'queues', 'callback'],
    fields: [
      text('code', 'code', { required: true, help: 'code' }),
      text('title', 'dispositionTitle', { required: true }),
      { name: 'queues', label: 'dispositionQueues', kind: 'choices', from: 'queueNames', wide: true, help: 'dispositionQueues' },
      { ...choice('callback', 'meansCallback', ['', 'wrong_number', 'machine', 'no_answer'], 'callback'), required: false },
    ],
    fresh: { code: '', title: '', queues: [], callback: '' },
  },
  limits: {
    columns: ['who', 'calls', 'per_minute', 'per_hour', 'international', 'forbid', 'night', 'longest'],
    fields: [
      { name: 'who', label: 'who', kind: 'choice', from: 'limited', required: true, help: 'who', wide: true },
      { name: 'calls', label: 'callsAtOnce', kind: 'number', required: true, least: 0, most: 10000, help: 'noLimit' },
      { ...seconds('longest', 'longest', 0, 86400), help: 'noLimit' },
      { name: 'per_minute', label: 'perMinute', kind: 'number', required: true, least: 0, most: 10000 },
      { name: 'per_hour', label: 'perHour', kind: 'number', required: true, least: 0, most: 100000 },
      { name: 'international', label: 'international', kind: 'switch', help: 'international' },
      { name: 'premium', label: 'premium', kind: 'switch', help: 'premium' },
      { name: 'forbid', label: 'forbid', kind: 'tags', help: 'forbid', wide: true },
      { name: 'permit', label: 'permit', kind: 'tags', help: 'permit', wide: true },
      text('night', 'night', { help: 'night' }),
    ],
    fresh: {
      who: '',
      calls: 0,
      longest: 0,
      per_minute: 0,
      per_hour: 0,
      international: false,
      premium: false,
      forbid: [],
      permit: [],
      night: '',
    },
  },
  mailboxes: {
    columns: ['box', 'greeting', 'most', 'mail'],
    fields: [
      { name: 'box', label: 'box', kind: 'choice', from: 'boxes', required: true, help: 'box', wide: true },
      { name: 'greeting', label: 'greeting', kind: 'choice', from: 'greetings', free: true, help: 'greeting' },
      { name: 'most', label: 'mostMessages', kind: 'number', required: true, least: 0, most: 10000, help: 'noLimit' },
      seconds('longest', 'longestMessage', 5, 3600),
      { ...seconds('shortest', 'shortestMessage', 0.5, 60), help: 'shortestMessage' },
      { ...seconds('silence', 'silence', 0, 60), help: 'silence' },
      { name: 'mail', label: 'mail', kind: 'tags', help: 'mail', wide: true },
    ],
    fresh: { box: '', greeting: '', most: 0, longest: 180, shortest: 2, silence: 0, mail: [] },
  },
}

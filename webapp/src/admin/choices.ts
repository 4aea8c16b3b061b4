/** What a choice of a form is made from: words of the house, and things of the office, asked for when the form opens. */
import { reactive } from 'vue'
import { useI18n } from 'vue-i18n'

import { api } from '../api'
import { useDictionaries } from '../dictionaries'
import { AT_CLOSING, CALLER_HEADERS, CODECS, ENCRYPTIONS, NUMBER_FORMS, STRATEGIES, TRANSPORTS, type Thing } from '../model'
import { may } from '../rights'
import { useSession } from '../session'
import type { Field, Source } from './fields'
import { KINDS, LANGUAGES, ROLES } from './kinds'
import { isHouseOnly } from './prompts'
import { trail } from './trail'

export interface Option {
  value: string
  label: string
}
export type Lists = Partial<Record<Source, Option[]>>

const PHONE_KEYS = [...'1234567890*#']

/** fill: asks the office for the lists that this kind of form needs; a list that is asked may be seconds old. */
export function useChoices(kind: Thing): { lists: Lists; of: (field: Field) => Option[]; fill: () => Promise<void> } {
  const { t, locale } = useI18n()
  const session = useSession()
  const dictionaries = useDictionaries()

  const named = (words: string, values: readonly string[]): Option[] =>
    values.map((value) => ({ value, label: t(`${words}.${value}`) }))
  const lists = reactive<Lists>({
    roles: named('role', ROLES),
    strategies: named('admin.strategies', STRATEGIES),
    forms: named('admin.forms', NUMBER_FORMS),
    headers: named('admin.headers', CALLER_HEADERS),
    codecs: named('admin.codecNames', CODECS),
    encryptions: named('admin.encryptions', ENCRYPTIONS),
    trunkEncryptions: named('admin.encryptions', ['off', 'required']),
    transports: named('admin.transports', TRANSPORTS),
    closings: named('admin.closings', AT_CLOSING),
    languages: LANGUAGES.map((code) => ({ value: code, label: t(code === 'en' ? 'language.en' : 'language.zh') })),
    phoneKeys: PHONE_KEYS.map((key) => ({ value: key, label: key })),
  })

  const titled = ({ name, title }: { name: string; title: string }): Option => ({
    value: name,
    label: title ? `${name}  ${title}` : name,
  })
  const person = ({ login, name }: { login: string; name: string }): Option => ({ value: login, label: `${login} ${name}` })
  const boxOf = (what: 'queue' | 'agent' | 'extension', name: string, title: string): Option => ({
    value: `${what}:${name}`,
    label: `${t(`admin.boxes.${what}`)} ${name} ${title}`.trim(),
  })
  const flows = async (): Promise<Option[]> => (await api.flows()).items.map(titled)
  const users = async (): Promise<Option[]> => (await api.things('users')).items.map(person)
  const phones = async (): Promise<Option[]> =>
    (await api.things('extensions')).items.map(({ number }) => ({ value: number, label: number }))
  /** Names of what the office itself plays; the house's own words are no music. */
  async function prompts(empty: string): Promise<Option[]> {
    const known = may(session.me, 'prompt') ? (await api.prompts()).items.filter((one) => !isHouseOnly(one)) : []
    const names = [...new Set(known.map(({ name }) => name))].sort()
    return [...(empty ? [{ value: '', label: t(`admin.${empty}`) }] : []), ...names.map((name) => ({ value: name, label: name }))]
  }

  const asked: Partial<Record<Source, () => Promise<Option[]>>> = {
    flows,
    users,
    extensions: phones,
    music: () => prompts('usualMusic'),
    greetings: () => prompts('usualGreeting'),
    recordings: () => prompts(''),
    trunks: async () => (await api.things('trunks')).items.map(({ name }) => ({ value: name, label: name })),
    calendars: async () => [{ value: '', label: t('admin.always') }, ...(await api.calendars()).items.map(titled)],
    queueNames: async () => (await api.things('queues')).items.map(titled),
    leaders: async () => (await api.things('users')).items.filter(({ role }) => role === 'supervisor').map(person),
    limited: async () => [...named('admin', ['each', 'all']), ...(await phones())],
    boxes: async () => {
      const [queues, people, numbers] = await Promise.all([api.things('queues'), api.things('users'), phones()])
      return [
        ...queues.items.map(({ name, title }) => boxOf('queue', name, title)),
        ...people.items.map(({ login, name }) => boxOf('agent', login, name)),
        ...numbers.map(({ value }) => boxOf('extension', value, '')),
      ]
    },
    ownRoles: async () => {
      const known = may(session.me, 'role') ? (await trail.roles()).items.filter(({ base }) => base) : []
      const name = (one: { english: string; chinese: string }): string => (locale.value === 'en' ? one.english : one.chinese)
      return [
        { value: '', label: t('admin.shippedRole') },
        ...known.map((one) => ({ value: one.role, label: `${name(one)} (${t(`role.${one.base}`)})` })),
      ]
    },
    skills: async () => {
      const [people, queues] = await Promise.all([api.things('users'), api.things('queues')])
      const names = [...people.items, ...queues.items].flatMap(({ skills }) => Object.keys(skills))
      return [...new Set(names)].sort().map((name) => ({ value: name, label: name }))
    },
    levels: async () => {
      await dictionaries.load()
      return dictionaries.options('level')
    },
    waysOut: async () => [...named('adminOption.wayOut', ['voicemail', 'callback']), ...(await flows())],
  }

  async function fill(): Promise<void> {
    const fields = KINDS[kind].fields
    const wanted = new Set(fields.flatMap((field) => [field.from, ...(field.rows?.columns.map(({ from }) => from) ?? [])]))
    await Promise.all(
      [...wanted].map(async (source) => {
        const ask = source && asked[source]
        if (source && ask) lists[source] = await ask()
      }),
    )
  }

  const of = (field: Field): Option[] =>
    field.options?.map((value) => ({ value, label: t(`adminOption.${field.words}.${value || 'none'}`) })) ??
    lists[field.from as Source] ??
    []
  return { lists, of, fill }
}

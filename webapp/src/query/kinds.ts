/** What can be asked for, as the server tells it; and how values are shown. */
import { defineStore } from 'pinia'
import { ref } from 'vue'

import { useDictionaries } from '../dictionaries'
import { useDuties } from '../duties/duties'
import { dateAndTime } from '../durations'
import { i18n } from '../i18n'
import { useLive } from '../live'
import type { DictionaryName } from '../model'
import { wordOf } from '../words'
import { queries } from './api'
import type { Cell, KindFields, QueryField, QueryKind } from './model'

const NOTHING: readonly QueryField[] = []

export const useQueryKinds = defineStore('queryKinds', () => {
  const words = useDictionaries()
  const live = useLive()
  const duties = useDuties()
  const kinds = ref<QueryKind[]>([])
  const known = ref<Record<string, KindFields>>({})

  const t = (key: string, named: Record<string, unknown> = {}): string => i18n.global.t(key, named)
  const te = (key: string): boolean => i18n.global.te(key)
  const named = (of: { chinese: string; english: string }): string =>
    i18n.global.locale.value === 'en' ? of.english : of.chinese

  async function load(): Promise<void> {
    await Promise.all([words.load(), duties.loadKinds().catch(() => undefined)])
    if (kinds.value.length === 0) kinds.value = (await queries.kinds()).items
  }

  /** Again each time that a kind is chosen: fields of the office's own come and go. */
  async function loadFields(kind: string): Promise<void> {
    known.value = { ...known.value, [kind]: await queries.fields(kind) }
  }

  const fields = (kind: string): readonly QueryField[] => known.value[kind]?.items ?? NOTHING
  const field = (kind: string, name: string): QueryField | undefined => fields(kind).find((one) => one.name === name)
  const columns = (kind: string): readonly string[] => known.value[kind]?.columns ?? []
  const related = (kind: string): readonly string[] => kinds.value.find((one) => one.name === kind)?.related ?? []

  function kindName(kind: string): string {
    const found = kinds.value.find((one) => one.name === kind)
    return found ? named(found) : kind
  }

  function title(kind: string, name: string): string {
    const found = field(kind, name)
    return found ? named(found) : name
  }

  /** What may be chosen in a condition on the field. */
  function choices(of: QueryField): { code: string; text: string }[] {
    if (of.type === 'user') {
      const people = live.agents.map(({ login }) => ({ code: login, text: live.agentName(login) }))
      return [{ code: 'me', text: t('query.me') }, ...people]
    }
    if (of.dictionary) return words.choices(of.dictionary as DictionaryName)
    if (of.choices.length) return of.choices.map((one) => ({ code: one.code, text: named(one) }))
    return of.codes.map((code) => ({ code, text: wordOf('query.codes', code, t, te) }))
  }

  function codeText(of: QueryField, code: string): string {
    if (of.type === 'user') return live.agentName(code) || code
    if (of.dictionary) return words.word(of.dictionary as DictionaryName, code)
    const own = of.choices.find((one) => one.code === code)
    if (own) return named(own)
    return of.codes.length ? wordOf('query.codes', code, t, te) : code
  }

  function shown(of: QueryField | undefined, value: Cell): string {
    if (value === null || value === '') return ''
    if (Array.isArray(value)) return value.map((one) => shown(of, one)).join(t('say.comma'))
    if (typeof value === 'boolean') return t(value ? 'say.yes' : 'say.no')
    if (of?.type === 'moment') return dateAndTime(String(value))
    if (of?.name === 'duty_kind') return duties.kindName(String(value))
    return of?.type === 'choice' || of?.type === 'user' ? codeText(of, String(value)) : String(value)
  }

  return { kinds, load, loadFields, fields, field, columns, related, kindName, title, choices, shown }
})
